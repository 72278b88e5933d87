import type { MemoryStore } from "../../gen/dream/v1/memory_store_pb.ts";
import { type Clients, calling } from "./clients.ts";
import { type CommandContext, type CommandRun, isGiven } from "./command.ts";
import { downloadMemories } from "./download.ts";
import { exitCodes } from "./exit-codes.ts";
import { type NoteToWrite, type WrittenNotes, writeNotes } from "./files/write-notes.ts";
import { count, writeJson } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { createSkippedLines } from "./skipped-lines.ts";
import { theStore } from "./store-facts.ts";
import { bytesText } from "./words.ts";

interface Exported {
  readonly written: WrittenNotes;
  /** Whether somebody wrote into the store meanwhile, so that the folder may be partly before and partly after. */
  readonly moved: boolean;
}

/** Writes every memory of a store into a new folder, byte for byte. */
export const exportStore: CommandRun = async (context, args) => {
  const [id = "", dir = ""] = args.words;
  const progress = createProgress(context.err, { quiet: isGiven(args, "json") });
  let exported: Exported;
  try {
    exported = await calling(args, (clients) =>
      write({ clients, progress, signal: context.signal }, id, dir, isGiven(args, "force")),
    );
  } finally {
    progress.end();
  }
  if (isGiven(args, "json")) {
    const { files, bytes, warnings, backup } = exported.written;
    writeJson(context.out, {
      memoryStoreId: id,
      dir,
      files,
      bytes,
      warnings,
      backup,
      changedMeanwhile: exported.moved,
    });
  } else tell(context, dir, exported);
  return exitCodes.ok.code;
};

async function write(
  run: { readonly clients: Clients; readonly progress: Progress; readonly signal: AbortSignal },
  id: string,
  dir: string,
  force: boolean,
): Promise<Exported> {
  const read = () => theStore(run.clients.stores.getMemoryStore({ id }, { signal: run.signal }));
  const before = await read();
  const written = await writeNotes(dir, told(run, before), { notesDir: null, force });
  const after = await read().catch(() => before);
  return { written, moved: before.revision !== after.revision };
}

async function* told(
  run: { readonly clients: Clients; readonly progress: Progress; readonly signal: AbortSignal },
  { id, memoryCount }: MemoryStore,
): AsyncGenerator<NoteToWrite, void, undefined> {
  let done = 0;
  run.progress.show("writing notes", 0, Number(memoryCount));
  for await (const memory of downloadMemories(run.clients, id, run.signal)) {
    yield memory;
    done += 1;
    run.progress.show("writing notes", done, Number(memoryCount));
  }
  run.signal.throwIfAborted();
}

function tell({ out, err }: CommandContext, dir: string, { written, moved }: Exported): void {
  const warnings = createSkippedLines();
  for (const { path, reason } of written.warnings) warnings.add(`${path} ${reason}`);
  for (const line of warnings.lines()) err.line(`warning: ${line}`);
  if (moved)
    err.line("warning: the store was changed meanwhile; the folder may hold some memories from before");
  out.line(`Written: ${count(written.files, "note")}, ${bytesText(written.bytes)}, in ${dir}`);
  if (written.backup !== null) out.line(`What was there before is in ${written.backup}`);
}
