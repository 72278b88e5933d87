import { isUtf8 } from "node:buffer";
import { constants, type Dirent } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { comparePaths } from "../../core/memory.ts";
import { checkPath } from "../../core/memory-path.ts";
import { fileError, shownPath, translateFileError } from "./file-error.ts";
import { firstBadByte, notText } from "./text-lines.ts";

/** One note of a folder, as the memory it becomes. */
export interface Note {
  /** `/` and the path within the folder, in Unicode form NFC: canonical for a memory store. */
  readonly path: string;
  /** The text as it is in the file, but for a UTF-8 byte order mark. */
  readonly content: string;
}

/** Something in the folder that is no note. */
export interface SkippedFile {
  /** As it can be opened: the folder's path with the name within. */
  readonly file: string;
  readonly reason: "symbolic link" | "hidden" | "not a note" | "not a regular file";
}

export interface ReadNotesOptions {
  readonly onSkip?: (skipped: SkippedFile) => void;
}

interface Found {
  readonly path: string;
  readonly file: string;
}

/** The endings that make a file a note, letter case aside. */
const noteEndings = [".md", ".markdown", ".txt"];
const hiddenNames = new Set(["node_modules"]);

/**
 * The notes of a folder and the folders in it, in the order of their paths; none for an empty folder. Symbolic links
 * inside are never followed; hidden files and folders (`.git`, `.obsidian`, `node_modules`) and files that do not
 * end in .md, .markdown or .txt are skipped; `onSkip` is told of each.
 *
 * Throws `invalid_argument`, in one line naming the file, when the folder cannot be read, holds more than
 * `limits.notesPerFolder` notes, or a note is no UTF-8 text, is over `limits.memoryContentBytes`, or has a name that
 * no memory can have.
 */
export async function* readNotes(
  dir: string,
  options: ReadNotesOptions = {},
): AsyncGenerator<Note, void, undefined> {
  await checkFolder(dir);
  const found: Found[] = [];
  await walk({ dir, prefix: "", found, onSkip: options.onSkip ?? (() => {}), root: dir });
  found.sort((a, b) => comparePaths(a.path, b.path));
  found.forEach((note, index) => {
    const before = found[index - 1];
    if (before?.path !== note.path) return;
    const other = shownPath(before.file);
    throw fileError(shownPath(note.file), `its name differs from ${other} only in Unicode form; rename one`);
  });
  for (const { path, file } of found) yield { path, content: await readNote(file) };
}

async function checkFolder(dir: string): Promise<void> {
  try {
    if ((await stat(dir)).isDirectory()) return;
  } catch (error) {
    throw translateFileError(dir, error);
  }
  throw fileError(shownPath(dir), "is a file; name the folder that holds the notes");
}

interface Walk {
  readonly root: string;
  readonly dir: string;
  /** The path of `dir` as a memory path, without a `/` at its end. */
  readonly prefix: string;
  readonly found: Found[];
  readonly onSkip: (skipped: SkippedFile) => void;
}

async function walk(at: Walk): Promise<void> {
  for (const entry of await list(at.dir)) {
    const file = join(at.dir, entry.name);
    const path = `${at.prefix}/${entry.name.normalize("NFC")}`;
    if (entry.name.startsWith(".") || hiddenNames.has(entry.name)) at.onSkip({ file, reason: "hidden" });
    else if (entry.isSymbolicLink()) at.onSkip({ file, reason: "symbolic link" });
    else if (entry.isDirectory()) await walk({ ...at, dir: file, prefix: path });
    else if (!isNoteName(entry.name)) at.onSkip({ file, reason: "not a note" });
    else if (!entry.isFile()) at.onSkip({ file, reason: "not a regular file" });
    else add(at, { path, file });
  }
}

async function list(dir: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries.toSorted((a, b) => comparePaths(a.name, b.name));
  } catch (error) {
    throw translateFileError(dir, error);
  }
}

/** Whether a file of this name would be read as a note. */
export function isNoteName(name: string): boolean {
  const lower = name.toLowerCase();
  return noteEndings.some((ending) => lower.endsWith(ending));
}

function add(at: Walk, note: Found): void {
  // The file system's bytes were no UTF-8, so the name that came back cannot be opened.
  if (note.path.includes("\ufffd")) throw fileError(shownPath(note.file), "its name is not UTF-8; rename it");
  try {
    checkPath("as the path of a memory, it", note.path);
  } catch (error) {
    throw isReveriedError(error) ? fileError(shownPath(note.file), `${error.message}; rename it`) : error;
  }
  at.found.push(note);
  if (at.found.length > limits.notesPerFolder) {
    throw fileError(
      shownPath(at.root),
      `holds more than ${limits.notesPerFolder} notes, the most a memory store may have; name a smaller folder`,
    );
  }
}

async function readNote(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    // The name was no symbolic link when the folder was listed; it must not have become one.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size } = await handle.stat();
    if (size > limits.memoryContentBytes) throw tooLarge(file, size);
    return decode(file, await readBounded(handle, file));
  } catch (error) {
    throw translateFileError(file, error);
  } finally {
    await handle?.close();
  }
}

/** The file may grow while it is read, so its size alone is no bound. */
async function readBounded(handle: FileHandle, file: string): Promise<Buffer> {
  const buffer = Buffer.alloc(limits.memoryContentBytes + 1);
  let size = 0;
  while (size < buffer.length) {
    const { bytesRead } = await handle.read(buffer, size, buffer.length - size, null);
    if (bytesRead === 0) return buffer.subarray(0, size);
    size += bytesRead;
  }
  throw tooLarge(file, size);
}

function tooLarge(file: string, size: number): Error {
  const max = limits.memoryContentBytes;
  return fileError(shownPath(file), `is ${size} bytes, more than the ${max} a memory may have; split it`);
}

function decode(file: string, bytes: Buffer): string {
  const problem = notText(bytes);
  if (problem !== null) throw fileError(shownPath(file), problem);
  if (!isUtf8(bytes)) {
    const line = bytes
      .subarray(0, firstBadByte(bytes))
      .reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), 1);
    throw fileError(
      `${shownPath(file)}:${line}`,
      "is not UTF-8 text; convert it to UTF-8 (iconv), or move it away",
    );
  }
  const text = bytes.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
