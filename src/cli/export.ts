import { createSystemDeps } from "../app.ts";
import { ReveriedError } from "../core/errors.ts";
import { type CommandArgs, type CommandContext, type CommandRun, isGiven, optionText } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { type CheckedExport, checkExport } from "./files/check-export.ts";
import { fileError, shownPath } from "./files/file-error.ts";
import { openPartialFile, type PartialFile } from "./files/partial-file.ts";
import { writeJson } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { inTransfer, type TransferPlace } from "./transfer-clients.ts";
import { exportJson, exportText } from "./transfer-words.ts";

/** How much a crash may cost. */
const saveBytes = 8_388_608;

interface ExportRun {
  readonly file: string;
  readonly partial: PartialFile;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Whether there is something to go on with if it breaks off. */
  isUnderWay: boolean;
}

/** Writes everything of the tenant into one file, which has its name only once it is whole and was read back. */
export const exportTenant: CommandRun = async (context, args) => {
  const file = optionText(args, "out");
  if (file === null)
    throw new ReveriedError("invalid_argument", "export: --out is needed (the file to write)");
  const { err, signal } = context;
  const progress = createProgress(err, { quiet: isGiven(args, "json") });
  const partial = await openPartialFile(file, {
    resume: isGiven(args, "resume"),
    force: isGiven(args, "force"),
  });
  const run: ExportRun = { file, partial, progress, signal, isUnderWay: false };
  try {
    await inTransfer(args, { mayCreate: false }, (place) => download(run, place));
    const checked = await readBack(run);
    await partial.finish();
    progress.end();
    tell(context, args, file, checked);
  } catch (error) {
    progress.end();
    if (run.isUnderWay) {
      const force = isGiven(args, "force") ? " --force" : "";
      err.line(
        `reveried: it broke off; go on with: reveried export --out ${shownPath(file)} --resume${force}`,
      );
    }
    throw error;
  } finally {
    progress.end();
    await partial.close();
  }
  return exitCodes.ok.code;
};

async function download(run: ExportRun, place: TransferPlace): Promise<void> {
  const { partial, progress, signal } = run;
  const { mark } = partial;
  if (mark !== null && mark.source !== place.name) {
    const problem = `was begun from ${mark.source}, and this is ${place.name}`;
    throw fileError(shownPath(partial.path), `${problem}; go on from there, or delete it`);
  }
  let cursor = mark?.cursor ?? "";
  let savedAt = partial.size();
  let lines = 0;
  const save = async () => {
    if (partial.size() > savedAt) await partial.save({ source: place.name, cursor });
    savedAt = partial.size();
  };
  progress.show("exporting", 0, 0);
  try {
    for await (const answer of place.clients.transfer.export({ after: cursor }, { signal })) {
      await partial.write(answer.lines);
      cursor = answer.cursor;
      run.isUnderWay = true;
      lines += answer.lines.split("\n").length - 1;
      progress.show("exporting", lines, 0);
      if (partial.size() - savedAt >= saveBytes) await save();
    }
  } finally {
    await save();
  }
}

/** What is on the disk, looked through as an import does before it begins. */
async function readBack({ partial, progress, signal }: ExportRun): Promise<CheckedExport> {
  const { sha256 } = createSystemDeps("silent").digest;
  progress.show("reading it back", 0, 0);
  const onProgress = (bytes: number, total: number) => progress.show("reading it back", bytes, total);
  const checked = await checkExport(partial.path, { sha256, signal, onProgress });
  if (checked.isComplete) return checked;
  throw new ReveriedError("unavailable", "the server ended the export before its end");
}

function tell({ out }: CommandContext, args: CommandArgs, file: string, checked: CheckedExport): void {
  if (isGiven(args, "json")) {
    writeJson(out, exportJson(file, checked));
    return;
  }
  out.line(`Exported: ${exportText(checked)}, to ${shownPath(file)}`);
  out.line(`Hash: ${checked.hash}`);
}
