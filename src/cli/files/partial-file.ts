/**
 * A file that is written in several runs: `FILE.partial` grows, and `FILE.partial.cursor` says how far it can be trusted and how to
 * go on. What a crash tore behind that is cut off.
 */
import { type FileHandle, lstat, open, readFile, rename, rm } from "node:fs/promises";
import { errorCode, fileError, shownPath, translateFileError } from "./file-error.ts";

/** How far a file is, as its writer wants to be told again. */
export interface PartialMark {
  /** Where the content comes from. */
  readonly source: string;
  readonly cursor: string;
}

export interface PartialFile {
  /** The file while it is not finished. */
  readonly path: string;
  /** Bytes that were written, in this run and before it. */
  size(): number;
  /** What was marked before this run; null for a file that was just begun. */
  readonly mark: PartialMark | null;
  write(text: string): Promise<void>;
  /** Forces what was written to the disk and marks that the file can be gone on with from here. */
  save(mark: PartialMark): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
  /** Closes it as it is, and removes it when nothing is in it; may be called twice, and after `finish`. */
  close(): Promise<void>;
}

interface SavedMark extends PartialMark {
  readonly bytes: number;
}

/**
 * Begins a file, or goes on with one that broke off. Throws `invalid_argument` when a file is in the way; `force` is for one
 * of the file's own name, which stays until the new one is finished.
 */
export async function openPartialFile(
  file: string,
  options: { readonly resume: boolean; readonly force: boolean },
): Promise<PartialFile> {
  const path = `${file}.partial`;
  await checkPlace(file, options.force);
  const saved = (await isThere(path)) ? await readSaved(path, options.resume) : null;
  return translated(path, async () => {
    const handle = await open(path, saved === null ? "w" : "r+");
    await handle.truncate(saved?.bytes ?? 0);
    return partialFile({ file, path, force: options.force }, handle, saved);
  });
}

/** How far the file can be trusted. */
async function readSaved(path: string, resume: boolean): Promise<SavedMark | null> {
  if (!resume) {
    throw fileError(
      shownPath(path),
      "is there from an export that broke off; go on with --resume, or delete it",
    );
  }
  try {
    const read: unknown = JSON.parse(await readFile(cursorPath(path), "utf8"));
    // A parse edge: written by `save` alone, and looked at before it is believed.
    const { source, cursor, bytes } = read as SavedMark;
    const { size } = await lstat(path);
    if (typeof source === "string" && typeof cursor === "string" && bytes <= size)
      return { source, cursor, bytes };
  } catch (error) {
    // It broke off before anything was marked.
    if (errorCode(error) === "ENOENT") return null;
    if (errorCode(error) !== null) throw translateFileError(cursorPath(path), error);
  }
  throw fileError(shownPath(path), "cannot be gone on with; delete it, and export again without --resume");
}

interface Place {
  readonly file: string;
  readonly path: string;
  readonly force: boolean;
}

function partialFile({ file, path, force }: Place, handle: FileHandle, saved: SavedMark | null): PartialFile {
  let bytes = saved?.bytes ?? 0;
  let isOpen = true;
  async function close(): Promise<void> {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
    if (bytes === 0) await rm(path, { force: true });
  }
  return {
    path,
    mark: saved,
    size: () => bytes,
    close,
    write: (text) =>
      translated(path, async () => {
        const data = Buffer.from(text, "utf8");
        for (let from = 0; from < data.length; ) {
          from += (await handle.write(data, from, data.length - from, bytes + from)).bytesWritten;
        }
        // Only now: half of a text is cut off again.
        bytes += data.length;
      }),
    save: (mark) =>
      translated(path, async () => {
        await handle.datasync();
        const next = `${cursorPath(path)}.new`;
        await using marks = await open(next, "w");
        await marks.writeFile(JSON.stringify({ ...mark, bytes }));
        await marks.datasync();
        await rename(next, cursorPath(path));
      }),
    finish: () =>
      translated(file, async () => {
        await handle.datasync();
        await close();
        // Somebody else may have taken the name meanwhile.
        await checkPlace(file, force);
        await rename(path, file);
        await rm(cursorPath(path), { force: true });
      }),
  };
}

function cursorPath(path: string): string {
  return `${path}.cursor`;
}

async function checkPlace(file: string, force: boolean): Promise<void> {
  if (!(await isThere(file))) return;
  if (!force) {
    throw fileError(shownPath(file), "is there already; name a new file, or use --force to replace it");
  }
  if ((await lstat(file)).isFile()) return;
  throw fileError(shownPath(file), "is there already and is no regular file; name a new file");
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw translateFileError(path, error);
  }
}

async function translated<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateFileError(path, error);
  }
}
