import { basename, resolve } from "node:path";
import { createSystemDeps } from "../app.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type Clients, calling } from "./clients.ts";
import { type CommandArgs, type CommandContext, type CommandRun, isGiven, optionText } from "./command.ts";
import { downloadEntries } from "./download.ts";
import { exitCodes } from "./exit-codes.ts";
import { fileError, shownPath } from "./files/file-error.ts";
import { type Note, readNotes } from "./files/notes.ts";
import { count, writeJson } from "./output.ts";
import { collectAll } from "./pages.ts";
import { createProgress, type Progress } from "./progress.ts";
import { createSkippedLines, type SkippedLines } from "./skipped-lines.ts";
import { theStore } from "./store-facts.ts";
import { type ImportPlan, planImport } from "./store-import-plan.ts";
import { uploadNotes } from "./upload.ts";

/** Notes between two looks at how far the reading is. */
const shownEvery = 100;

interface ImportRequest {
  readonly dir: string;
  /** The store to write into; null for a new one. */
  readonly into: string | null;
  readonly name: string;
  readonly deleteMissing: boolean;
}

interface ImportRun {
  readonly clients: Clients;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

interface Imported {
  readonly memoryStoreId: string;
  readonly plan: ImportPlan;
}

/** Writes a folder of notes into a store: all is read and checked before anything is created or written. */
export const importStore: CommandRun = async (context, args) => {
  const { err, signal } = context;
  const request = readRequest(args);
  const progress = createProgress(err, { quiet: isGiven(args, "json") });
  const skipped = createSkippedLines();
  try {
    const notes = await readFolder(request.dir, { progress, skipped, signal });
    const imported = await calling(args, (clients) =>
      writeFolder({ clients, progress, signal }, context, request, notes),
    );
    progress.end();
    tell(context, args, imported, skipped.lines());
  } finally {
    progress.end();
  }
  return exitCodes.ok.code;
};

function readRequest(args: CommandArgs): ImportRequest {
  const dir = args.words[0] ?? "";
  const into = optionText(args, "into");
  const name = optionText(args, "name");
  const deleteMissing = isGiven(args, "delete-missing");
  if (into !== null && name !== null) {
    throw new ReveriedError("invalid_argument", "stores import: --into and --name exclude each other");
  }
  if (into === null && deleteMissing) {
    throw new ReveriedError("invalid_argument", "stores import: --delete-missing needs --into");
  }
  return { dir, into, name: name ?? nameOf(dir), deleteMissing };
}

function nameOf(dir: string): string {
  const name = basename(resolve(dir));
  return name === "" ? "notes" : name;
}

/** All notes at once: no more than a store may hold, and so what was checked is what is written. */
async function readFolder(
  dir: string,
  deps: { readonly progress: Progress; readonly skipped: SkippedLines; readonly signal: AbortSignal },
): Promise<readonly Note[]> {
  const { progress, skipped, signal } = deps;
  const notes: Note[] = [];
  let bytes = 0;
  progress.show("reading notes", 0, 0);
  for await (const note of readNotes(dir, { onSkip: skipped.addFile })) {
    signal.throwIfAborted();
    bytes += Buffer.byteLength(note.content);
    if (bytes > limits.storeBytes) {
      const max = limits.storeBytes;
      const problem = `holds more than ${max} bytes of notes, the most a memory store may have`;
      throw fileError(shownPath(dir), `${problem}; name a smaller folder`);
    }
    notes.push(note);
    if (notes.length % shownEvery === 0) progress.show("reading notes", notes.length, 0);
  }
  if (notes.length > 0) return notes;
  throw fileError(shownPath(dir), "holds no notes (.md, .markdown or .txt files); nothing was done");
}

async function writeFolder(
  run: ImportRun,
  context: CommandContext,
  request: ImportRequest,
  notes: readonly Note[],
): Promise<Imported> {
  const { clients, progress, signal } = run;
  const { sha256 } = createSystemDeps("silent").digest;
  let id = request.into;
  let entries: Awaited<ReturnType<typeof entriesOf>> = [];
  if (id === null) {
    id = (await theStore(clients.stores.createMemoryStore({ name: request.name }, { signal }))).id;
  } else {
    progress.show("comparing", 0, 0);
    entries = await entriesOf(run, id);
  }
  const plan = planImport(notes, entries, { sha256, deleteMissing: request.deleteMissing });
  let done = 0;
  try {
    await deleteMissing(run, id, plan);
    const writes = [...plan.created, ...plan.changed];
    await uploadNotes({ clients, signal, sha256 }, id, writes, (written) => {
      done = written;
      progress.show("writing notes", written, writes.length);
    });
  } catch (error) {
    progress.end();
    const all = plan.created.length + plan.changed.length;
    const again = `${shellWord(request.dir)} --into ${id}${request.deleteMissing ? " --delete-missing" : ""}`;
    context.err.line(`stopped with ${done} of ${all} written; to go on: reveried stores import ${again}`);
    throw error;
  }
  return { memoryStoreId: id, plan };
}

/** A path as it may be copied into a shell. */
function shellWord(path: string): string {
  return /^[\w./@%+,:=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The memories of the store, which must be one that can be written. */
async function entriesOf({ clients, signal }: ImportRun, id: string) {
  const store = await theStore(clients.stores.getMemoryStore({ id }, { signal }));
  if (store.archivedAt !== undefined) {
    throw new ReveriedError("failed_precondition", `memory store ${id} is archived; nothing was written`);
  }
  return collectAll(downloadEntries(clients, { memoryStoreId: id, pathPrefix: "" }, signal));
}

/** First of all: what goes may stand where something new needs a folder. One that changed meanwhile stops it. */
async function deleteMissing({ clients, progress, signal }: ImportRun, id: string, plan: ImportPlan) {
  for (const [index, memory] of plan.missing.entries()) {
    await clients.stores.deleteMemory(
      { memoryStoreId: id, id: memory.id, expectedSha256: memory.contentSha256 },
      { signal },
    );
    progress.show("deleting what is missing", index + 1, plan.missing.length);
  }
}

function tell(
  { out, err }: CommandContext,
  args: CommandArgs,
  { memoryStoreId, plan }: Imported,
  skipped: readonly string[],
): void {
  const counts = {
    created: plan.created.length,
    changed: plan.changed.length,
    unchanged: plan.unchanged,
    deleted: plan.missing.length,
  };
  if (isGiven(args, "json")) {
    writeJson(out, { memoryStoreId, ...counts, skipped });
    return;
  }
  for (const line of skipped) err.line(`skipped ${line}`);
  const { created, changed, unchanged, deleted } = counts;
  const gone = isGiven(args, "delete-missing") ? `, ${deleted} deleted` : "";
  out.line(memoryStoreId);
  out.line(
    `${count(created, "memory", "memories")} created, ${changed} changed, ${unchanged} unchanged${gone}`,
  );
}
