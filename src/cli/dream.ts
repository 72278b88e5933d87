import { toJson } from "@bufbuild/protobuf";
import { type Dream, type DreamChange, DreamChangeSchema, DreamSchema } from "../../gen/dream/v1/dream_pb.ts";
import { type AppDeps, createApp, createSystemDeps } from "../app.ts";
import { type Config, readConfig, roles } from "../config.ts";
import { ReveriedError } from "../core/errors.ts";
import { raceAbort } from "../lib/abort.ts";
import { type Clients, clientsOver, translateCallErrors } from "./clients.ts";
import {
  type CommandArgs,
  type CommandContext,
  type CommandRun,
  isGiven,
  optionText,
  optionTexts,
} from "./command.ts";
import { downloadChanges, downloadMemories } from "./download.ts";
import { exitCodes } from "./exit-codes.ts";
import { type NoteToWrite, type WrittenNotes, writeNotes } from "./files/write-notes.ts";
import { checkCompleted, followDream, theDream } from "./follow-dream.ts";
import { type LoadedInputs, loadInputs } from "./load-inputs.ts";
import { count, type Output, wrap, writeJson } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { titlesOf, writeChange } from "./show-change.ts";
import { changesText } from "./words.ts";

/** How long the engine may take to stop after Ctrl-C; nothing it does is kept. */
const stopGraceMs = 2_000;

interface DreamRequest {
  readonly notesDir: string;
  readonly files: readonly string[];
  readonly out: string;
  readonly model: string;
  readonly instructions: string | null;
  readonly lenient: boolean;
  readonly force: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

interface Outcome {
  readonly dream: Dream;
  readonly changes: readonly DreamChange[];
  readonly inputs: LoadedInputs;
}

/** One dream over a folder of notes and transcript files, with nothing running and nothing kept but the new folder. */
export const dream: CommandRun = async (context, args) => {
  const request = readRequest(args);
  const config = oneShotConfig(args);
  const deps = createSystemDeps(config.logLevel === "debug" ? "debug" : "silent");
  const progress = createProgress(context.err, { quiet: request.quiet });
  let outcome: Outcome | null = null;
  const { signal } = context;

  /** Asked for only once the folder is known to be free, so that nobody waits for a dream that cannot be written. */
  async function* notes(): AsyncGenerator<NoteToWrite, void, undefined> {
    const app = await createApp(deps, config, { inMemory: true });
    try {
      await app.start();
      const clients = clientsOver(app.transport);
      // A file that never ends (a pipe, a stuck disk) must not hold up Ctrl-C.
      outcome = await raceAbort(runDream({ deps, clients, progress, signal }, request), signal);
      yield* downloadMemories(clients, outcome.dream.outputMemoryStoreId, signal);
      signal.throwIfAborted();
    } finally {
      await app.stop();
    }
  }

  let written: WrittenNotes;
  try {
    written = await translateCallErrors(() =>
      writeNotes(request.out, notes(), { notesDir: request.notesDir, force: request.force }),
    );
  } catch (error) {
    progress.end();
    if (signal.aborted) context.err.line("reveried: interrupted; nothing was written");
    throw error;
  } finally {
    progress.end();
  }
  if (outcome !== null) tellResult(context, request, outcome, written);
  return exitCodes.ok.code;
};

function readRequest(args: CommandArgs): DreamRequest {
  const out = optionText(args, "out");
  if (out === null) {
    throw new ReveriedError("invalid_argument", "dream: --out is needed (the folder to write the result to)");
  }
  return {
    notesDir: args.words[0] ?? "",
    files: optionTexts(args, "sessions"),
    out,
    model: optionText(args, "model") ?? "",
    instructions: optionText(args, "instructions"),
    lenient: isGiven(args, "lenient"),
    force: isGiven(args, "force"),
    json: isGiven(args, "json"),
    quiet: isGiven(args, "quiet"),
  };
}

/** The settings of a service, but for what would have it talk to others. */
function oneShotConfig(args: CommandArgs): Config {
  const maxTokens = optionText(args, "max-tokens");
  const config = readConfig({ insecure: "true", ...(maxTokens === null ? {} : { "max-tokens": maxTokens }) });
  return { ...config, mongodbUrl: null, natsUrl: null, roles, shutdownGraceMs: stopGraceMs };
}

interface RunDeps {
  readonly deps: AppDeps;
  readonly clients: Clients;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function runDream(
  { deps, clients, progress, signal }: RunDeps,
  request: DreamRequest,
): Promise<Outcome> {
  const inputs = await loadInputs({ clients, progress, sha256: deps.digest.sha256, signal }, request);
  const created = await theDream(
    clients.dreams.createDream({
      inputMemoryStoreId: inputs.memoryStoreId,
      sessionIds: inputs.sessions.map(({ id }) => id),
      model: request.model,
      ...(request.instructions === null ? {} : { instructions: request.instructions }),
    }),
  );
  try {
    const dream = await followDream(
      clients,
      { id: created.id, after: 0 },
      {
        signal,
        onUpdate: (update) => {
          if (update.case !== "progress") return;
          progress.show(update.value.stage, Number(update.value.done), Number(update.value.total));
        },
      },
    );
    checkCompleted(dream);
    const changes: DreamChange[] = [];
    for await (const change of downloadChanges(clients, dream.id, signal)) changes.push(change);
    return { dream, changes, inputs };
  } catch (error) {
    // What nobody waits for any more should not hold up the end.
    if (signal.aborted) await clients.dreams.cancelDream({ id: created.id }).catch(() => {});
    throw error;
  }
}

function tellResult(
  { out, err }: CommandContext,
  request: DreamRequest,
  { dream, changes, inputs }: Outcome,
  written: WrittenNotes,
): void {
  const summary = dream.summary;
  if (request.json) {
    writeJson(out, {
      dream: toJson(DreamSchema, dream, { alwaysEmitImplicit: true }),
      changes: changes.map((change) => toJson(DreamChangeSchema, change, { alwaysEmitImplicit: true })),
      output: { dir: request.out, ...written },
      skipped: inputs.skipped,
    });
    return;
  }
  if (!request.quiet) {
    for (const line of inputs.skipped) err.line(`skipped ${line}`);
    for (const { path, reason } of written.warnings) err.line(`warning: ${path} ${reason}`);
    const titles = titlesOf(inputs.sessions);
    for (const change of changes) writeChange(out, change, { titles });
  }
  if (summary !== undefined && !request.quiet)
    tellSummary(out, request, inputs, changesText(summary), summary.message);
  out.line(`Written: ${count(written.files, "note")} in ${request.out}`);
  if (written.backup !== null) out.line(`What was there before is in ${written.backup}`);
}

function tellSummary(
  out: Output,
  request: DreamRequest,
  inputs: LoadedInputs,
  changes: string,
  message: string,
): void {
  const sessions = `${count(inputs.sessions.length, "session")} with ${count(inputs.events, "event")}`;
  out.line(`Read: ${count(inputs.notes, "note")} in ${request.notesDir}, ${sessions}`);
  out.line(`Memories: ${changes}`);
  if (message !== "") for (const line of wrap(message, out.columns)) out.line(line);
}
