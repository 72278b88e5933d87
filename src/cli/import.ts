import { Code, ConnectError } from "@connectrpc/connect";
import { createSystemDeps } from "../app.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type CommandArgs, type CommandContext, type CommandRun, isGiven, optionText } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { type CheckedExport, checkExport, type ExportedStore } from "./files/check-export.ts";
import { readExportLines } from "./files/export-lines.ts";
import { fileError, shownPath } from "./files/file-error.ts";
import { count, writeJson } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { theStore } from "./store-facts.ts";
import { inTransfer, type TransferPlace } from "./transfer-clients.ts";
import { exportJson, exportText } from "./transfer-words.ts";
import { wholeNumber } from "./words.ts";

/** Lines in one call: few enough that a slow storage is done well before the call's deadline. */
const batchLines = 1_000;
const batchBytes = 1_048_576;

interface ImportRun {
  readonly file: string;
  readonly fromLine: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** The first line that is not known to be in; moves on. */
  nextLine: number;
}

interface Imported {
  readonly written: number;
  readonly present: number;
  /** Stores that were looked at afterwards. */
  readonly storesChecked: number;
}

/** Brings everything that an export has into the tenant. The whole file is looked through before the first line is sent. */
export const importTenant: CommandRun = async (context, args) => {
  const [file = ""] = args.words;
  const { err, signal } = context;
  const progress = createProgress(err, { quiet: isGiven(args, "json") });
  const fromLine = wholeNumber("from-line", optionText(args, "from-line") ?? "1", 1, Number.MAX_SAFE_INTEGER);
  const run: ImportRun = { file, fromLine, progress, signal, nextLine: fromLine };
  try {
    const checked = await check(run, isGiven(args, "allow-partial"));
    const imported = await inTransfer(args, { mayCreate: true }, async (place) => {
      const done = await send(run, place, checked);
      return { ...done, storesChecked: await checkStores(run, place, checked.stores) };
    });
    progress.end();
    tell(context, args, file, checked, imported);
  } catch (error) {
    progress.end();
    if (run.nextLine > run.fromLine) {
      const again = `reveried import ${shownPath(file)} --from-line ${run.nextLine}`;
      err.line(`reveried: the lines before ${run.nextLine} are imported; go on with: ${again}`);
    }
    throw error;
  } finally {
    progress.end();
  }
  return exitCodes.ok.code;
};

async function check(
  { file, fromLine, progress, signal }: ImportRun,
  allowPartial: boolean,
): Promise<CheckedExport> {
  const { sha256 } = createSystemDeps("silent").digest;
  progress.show("checking the file", 0, 0);
  const onProgress = (bytes: number, total: number) => progress.show("checking the file", bytes, total);
  const checked = await checkExport(file, { sha256, signal, onProgress });
  if (!checked.isComplete && !allowPartial) {
    throw fileError(
      shownPath(file),
      `breaks off after line ${checked.lines}, so something is missing; import what there is with --allow-partial`,
    );
  }
  if (fromLine > checked.lines) {
    throw new ReveriedError("invalid_argument", `--from-line: the file has ${checked.lines} lines`);
  }
  return checked;
}

async function send(
  run: ImportRun,
  { clients }: TransferPlace,
  checked: CheckedExport,
): Promise<{ readonly written: number; readonly present: number }> {
  const { file, fromLine, progress, signal } = run;
  let written = 0;
  let present = 0;
  let batch: string[] = [];
  let bytes = 0;
  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    const request = { lines: `${batch.join("\n")}\n`, firstLine: BigInt(run.nextLine) };
    const answer = await clients.transfer.import(request, { signal, timeoutMs: limits.requestTimeoutMaxMs });
    written += Number(answer.written);
    present += Number(answer.present);
    run.nextLine += batch.length;
    progress.show("importing", run.nextLine - 1, checked.lines);
    batch = [];
    bytes = 0;
  }
  progress.show("importing", fromLine - 1, checked.lines);
  for await (const { number, text } of readExportLines(file)) {
    if (number > checked.lines) break;
    if (number < fromLine) continue;
    const size = Buffer.byteLength(text) + 1;
    if (batch.length === batchLines || bytes + size > batchBytes) await flush();
    batch.push(text);
    bytes += size;
  }
  await flush();
  return { written, present };
}

/** Each store that came must show what the file says, unless somebody wrote into it since. */
async function checkStores(
  { fromLine, progress, signal }: ImportRun,
  { clients }: TransferPlace,
  stores: readonly ExportedStore[],
): Promise<number> {
  const sent = stores.filter(({ line }) => line >= fromLine);
  for (const [index, { id, revision, memories, bytes }] of sent.entries()) {
    progress.show("checking the stores", index, sent.length);
    const store = await theStore(clients.stores.getMemoryStore({ id }, { signal })).catch(
      (error: unknown) => {
        // Deleted by somebody since it was imported.
        if (error instanceof ConnectError && error.code === Code.NotFound) return null;
        throw error;
      },
    );
    if (store === null || memories === null || Number(store.revision) !== revision) continue;
    if (Number(store.memoryCount) === memories && Number(store.totalBytes) === bytes) continue;
    throw new ReveriedError(
      "internal",
      `memory store ${id} has ${store.memoryCount} memories with ${store.totalBytes} bytes, and the file ${memories} with ${bytes}`,
    );
  }
  return sent.length;
}

function tell(
  { out }: CommandContext,
  args: CommandArgs,
  file: string,
  checked: CheckedExport,
  { written, present, storesChecked }: Imported,
): void {
  if (isGiven(args, "json")) {
    writeJson(out, { ...exportJson(file, checked), written, present, storesChecked });
    return;
  }
  if (!checked.isComplete) out.line("The file breaks off: what came after its last line is missing.");
  out.line(`Imported: ${exportText(checked)}, from ${shownPath(file)}`);
  const was = present === 0 ? "" : `, ${present.toLocaleString("en")} there already`;
  out.line(`${count(written, "record")} written${was}; ${count(storesChecked, "store")} checked`);
  out.line(`Hash: ${checked.hash}`);
}
