import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Dream, DreamChange } from "../../gen/dream/v1/dream_pb.ts";
import { type AppDeps, createApp, createSystemDeps } from "../app.ts";
import { type Config, readConfig, roles } from "../config.ts";
import { ReveriedError } from "../core/errors.ts";
import { type Clients, clientsOver, translateCallErrors } from "./clients.ts";
import { type CommandContext, type CommandRun, isGiven } from "./command.ts";
import { downloadChanges, downloadMemories } from "./download.ts";
import { exitCodes } from "./exit-codes.ts";
import { writeNotes } from "./files/write-notes.ts";
import { checkCompleted, followDream, theDream } from "./follow-dream.ts";
import { type LoadedInputs, loadInputs } from "./load-inputs.ts";
import { count, createTextOutput, type Output, oneLine, wrap } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { titlesOf, writeChange, writeEdit } from "./show-change.ts";
import { tellingEdits } from "./telling-edits.ts";
import { changesText } from "./words.ts";

interface Demo {
  readonly context: CommandContext;
  readonly deps: AppDeps;
  readonly clients: Clients;
  readonly progress: Progress;
  /** Where the result goes. */
  readonly folder: string;
}

interface Result {
  readonly dream: Dream;
  readonly changes: readonly DreamChange[];
  readonly inputs: LoadedInputs;
}

/** A whole dream over the example data: a server of its own, the public API, and what came out. Leaves only the result. */
export const demo: CommandRun = async (context, args) => {
  const { out, err } = context;
  const folder = await mkdtemp(join(tmpdir(), "reveried-demo-"));
  const dataDir = join(folder, "data");
  const progress = createProgress(err, { quiet: false });
  let done = false;
  try {
    const config = demoConfig(dataDir);
    const deps = createSystemDeps(config.logLevel === "debug" ? "debug" : "silent");
    const started = deps.clock.monotonic();
    await using app = await createApp(deps, config);
    const { url } = await app.listen();
    await app.start();
    out.line(out.paint("bold", "A dream over the example data, through the public gRPC API"));
    out.line();
    tell(out, "server", `${url}, with a fresh data folder`);
    const clients = clientsOver(createGrpcTransport({ baseUrl: url }));
    const result = await translateCallErrors(() => dreamOver({ context, deps, clients, progress, folder }));
    const seconds = ((deps.clock.monotonic() - started) / 1_000).toFixed(1);
    tell(out, "completed", `in ${seconds} s: memories ${changesText(result.dream.summary ?? noChanges)}`);
    out.line();
    if (isGiven(args, "all")) writeAll(out, result);
    else writeTelling(out, result);
    await translateCallErrors(() => keep({ context, deps, clients, progress, folder }, result));
    done = true;
  } finally {
    progress.end();
    await rm(done ? dataDir : folder, { recursive: true, force: true });
  }
  return exitCodes.ok.code;
};

const noChanges = { created: 0, updated: 0, deleted: 0, renamed: 0, conflicts: 0 };

/** Whatever is configured for a real service, the demo touches none of it. */
function demoConfig(dataDir: string): Config {
  const config = readConfig({ host: "127.0.0.1", port: "0", "data-dir": dataDir });
  return { ...config, mongodbUrl: null, natsUrl: null, roles };
}

async function dreamOver({ context, deps, clients, progress }: Demo): Promise<Result> {
  const { out, signal } = context;
  const examples = examplesFolder();
  const talks = join(examples, "conversations");
  const files = (await readdir(talks)).toSorted().map((name) => join(talks, name));
  const inputs = await loadInputs(
    { clients, progress, sha256: deps.digest.sha256, signal },
    { notesDir: join(examples, "notes"), files, lenient: false },
  );
  progress.end();
  const shown = relative(process.cwd(), examples);
  const place = shown.startsWith("..") ? examples : shown;
  tell(
    out,
    "memory",
    `${count(inputs.notes, "note")} of an agent of a made-up team (${join(place, "notes")})`,
  );
  const said = `${inputs.sessions.length}, with ${count(inputs.events, "event")}`;
  tell(out, "sessions", `${said}, of three months (${join(place, "conversations")})`);
  const created = await theDream(
    clients.dreams.createDream(
      { inputMemoryStoreId: inputs.memoryStoreId, sessionIds: inputs.sessions.map(({ id }) => id) },
      { signal },
    ),
  );
  tell(out, "dream", `${created.id}, by the engine that needs no model and no network`);
  const dream = await followDream(
    clients,
    { id: created.id, after: 0 },
    {
      signal,
      onUpdate: ({ case: kind, value }) => {
        if (kind === "progress") progress.show(value.stage, Number(value.done), Number(value.total));
      },
    },
  );
  progress.end();
  checkCompleted(dream);
  const changes: DreamChange[] = [];
  for await (const change of downloadChanges(clients, dream.id, signal)) changes.push(change);
  return { dream, changes, inputs };
}

/** In a clone, and in the published package, where the sources lie one folder deeper. */
function examplesFolder(): string {
  const places = ["../../examples/", "../../../examples/"].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new ReveriedError(
    "failed_precondition",
    "the example data is not there; run the demo in a clone of reveried",
  );
}

function tell(out: Output, name: string, text: string): void {
  const [first = "", ...rest] = wrap(text, out.columns - 13);
  out.line(`  ${out.paint("cyan", name.padEnd(11))}${first}`);
  for (const line of rest) out.line(`${" ".repeat(13)}${line}`);
}

function writeAll(out: Output, { changes, inputs }: Result): void {
  for (const change of changes) writeChange(out, change, { titles: titlesOf(inputs.sessions) });
}

function writeTelling(out: Output, { dream, changes, inputs }: Result): void {
  const titles = titlesOf(inputs.sessions);
  for (const { title, total, shown } of tellingEdits(changes)) {
    const some = shown.length < total ? `${shown.length} of ${total}` : String(total);
    out.line(`${out.paint("bold", title)} ${out.paint("dim", `(${some})`)}`);
    out.line();
    for (const { path, edit } of shown) {
      out.line(`  ${out.paint("cyan", oneLine(path))}`);
      writeEdit(out, edit, titles);
      out.line();
    }
  }
  for (const line of wrap(dream.summary?.message ?? "", out.columns)) out.line(line);
  out.line();
}

/** Writes the new memory and every change to files, and says where they are. */
async function keep({ context, clients, folder }: Demo, { dream, changes, inputs }: Result): Promise<void> {
  const { out, signal } = context;
  const notes = join(folder, "notes");
  const list = join(folder, "changes.txt");
  await writeNotes(notes, downloadMemories(clients, dream.outputMemoryStoreId, signal), { notesDir: null });
  const text = createTextOutput();
  for (const change of changes) writeChange(text, change, { titles: titlesOf(inputs.sessions) });
  await writeFile(list, text.text());
  const before = relative(process.cwd(), join(examplesFolder(), "notes"));
  tell(out, "result", notes);
  tell(out, "all edits", list);
  tell(out, "compare", `diff -ru ${before} ${notes}`);
  tell(out, "yours", "npm run reveried -- dream NOTES_DIR --sessions FILE ... --out DIR");
}
