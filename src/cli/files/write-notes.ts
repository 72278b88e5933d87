import { lstat, mkdir, mkdtemp, open, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { platform } from "node:process";
import { checkPath } from "../../core/memory-path.ts";
import { errorCode, fileError, shownPath, translateFileError } from "./file-error.ts";
import { createNameClashes, type IsThere } from "./name-clash.ts";
import { isNoteName } from "./notes.ts";

export interface NoteToWrite {
  /** A canonical memory path. */
  readonly path: string;
  readonly content: string;
}

export interface WriteNotesOptions {
  /** The folder the notes were read from, or null; nothing may be written into it or around it. */
  readonly notesDir: string | null;
  /** Replaces a folder that is not empty; what was in it is kept beside it. False when absent. */
  readonly force?: boolean;
  /** Asks the disk itself when absent. */
  readonly isThere?: IsThere;
}

/** A name that was written, and that may give trouble elsewhere. */
export interface NameWarning {
  readonly path: string;
  readonly reason: string;
}

export interface WrittenNotes {
  readonly files: number;
  /** Bytes of text. */
  readonly bytes: number;
  readonly warnings: readonly NameWarning[];
  /** Where the folder that was replaced is now, or null. */
  readonly backup: string | null;
}

const backupsMax = 1_000;
const reservedOnWindows = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
const notOnWindows = /[<>:"|?*\\]|[. ]$/;

/**
 * Writes a new folder of notes. All files are made in a folder beside it first, which then takes its place, so that
 * a crash leaves the old state or the new one and at most a folder named `<out>.tmp-…`. The data is not forced to
 * the disk: the dream it came from is the way to have it again. Symbolic links are never followed and no file is
 * written outside.
 *
 * A folder that exists must be empty, or `force` be given: then it is renamed to `<out>.bak-N` and replaced. Names
 * that clash where letter case does not count, that Windows does not allow, or that `readNotes` would skip are
 * answered as warnings; names that are one on this very disk, and on Windows itself names it does not allow, are refused.
 *
 * Throws `invalid_argument`, in one line naming the folder or file and what to do; then nothing is left behind but empty folders above
 * the one named.
 */
export async function writeNotes(
  outDir: string,
  notes: Iterable<NoteToWrite> | AsyncIterable<NoteToWrite>,
  options: WriteNotesOptions,
): Promise<WrittenNotes> {
  const out = resolve(outDir);
  const state = await stateOf(out, outDir);
  if (state === "full" && options.force !== true) {
    throw fileError(shownPath(outDir), "is not empty; name a new folder, or use --force to replace it");
  }
  if (options.notesDir !== null) await refuseOverlap(out, outDir, options.notesDir);
  return await translated(outDir, async () => {
    await mkdir(dirname(out), { recursive: true });
    const temporary = await mkdtemp(`${out}.tmp-`);
    try {
      // A folder within, because `mkdtemp` makes one that only its owner may read.
      const staged = join(temporary, "notes");
      await mkdir(staged);
      const written = await writeAll(staged, notes, options.isThere);
      return { ...written, backup: await takePlace(staged, out, state) };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

type OutState = "absent" | "empty" | "full";

async function stateOf(out: string, shown: string): Promise<OutState> {
  try {
    const found = await lstat(out);
    if (found.isSymbolicLink())
      throw fileError(shownPath(shown), "is a symbolic link; name the folder itself");
    if (!found.isDirectory()) throw fileError(shownPath(shown), "is a file; name a new folder");
    return (await readdir(out)).length === 0 ? "empty" : "full";
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "absent";
    throw translateFileError(shown, error);
  }
}

/** The notes that were read must stay as they are, and what is written must not be read as notes the next time. */
async function refuseOverlap(out: string, shown: string, notesDir: string): Promise<void> {
  const notes = await realPathOf(resolve(notesDir));
  const target = await realPathOf(out);
  const within = (inner: string, outer: string): boolean =>
    inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
  if (within(target, notes) || within(notes, target)) {
    throw fileError(
      shownPath(shown),
      `is the notes folder ${shownPath(notesDir)}, or one of them lies in the other; name a folder apart from it`,
    );
  }
}

/** The path without symbolic links; the part of it that does not exist yet is taken as it is. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== "ENOENT" || parent === path) throw translateFileError(path, error);
    return join(await realPathOf(parent), basename(path));
  }
}

async function writeAll(
  root: string,
  notes: Iterable<NoteToWrite> | AsyncIterable<NoteToWrite>,
  isThere: IsThere | undefined,
): Promise<Omit<WrittenNotes, "backup">> {
  const warnings: NameWarning[] = [];
  const clashes = createNameClashes(root, isThere);
  let files = 0;
  let bytes = 0;
  for await (const { path, content } of notes) {
    checkPath("path", path);
    const file = fileFor(root, path);
    const clashing = await translated(path, () => clashes.add(path));
    warnings.push(...warningsOf(path, clashing));
    await translated(path, () => writeFile(file, content));
    files += 1;
    bytes += Buffer.byteLength(content);
  }
  return { files, bytes, warnings };
}

function fileFor(root: string, path: string): string {
  const segments = path.slice(1).split("/");
  const trouble = segments.find((name) => notOnWindows.test(name) || reservedOnWindows.test(name));
  if (platform === "win32" && trouble !== undefined) {
    throw fileError(
      shownPath(path),
      `Windows does not allow the name ${JSON.stringify(trouble)}; rename the memory`,
    );
  }
  const file = resolve(root, ...segments);
  if (!file.startsWith(root + sep))
    throw fileError(shownPath(path), "leads out of the folder; rename the memory");
  return file;
}

async function writeFile(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(file, "wx");
  try {
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
}

function warningsOf(path: string, clashing: readonly string[]): NameWarning[] {
  const reasons = clashing.map((other) => `clashes with ${other} where letter case does not count`);
  const segments = path.slice(1).split("/");
  const last = segments.at(-1) ?? "";
  for (const name of segments) {
    if (notOnWindows.test(name) || reservedOnWindows.test(name)) {
      reasons.push(`Windows does not allow the name ${JSON.stringify(name)}`);
    }
    if (name.startsWith(".") || name === "node_modules")
      reasons.push("is hidden and would not be read as a note");
  }
  if (!isNoteName(last))
    reasons.push("does not end in .md, .markdown or .txt and would not be read as a note");
  return reasons.map((reason) => ({ path, reason }));
}

/** Puts the finished folder where it belongs. Answers with where the one before it went, or null. */
async function takePlace(staged: string, out: string, state: OutState): Promise<string | null> {
  if (state === "absent") {
    await rename(staged, out);
    return null;
  }
  if (state === "empty") {
    // Fails when something was put there since it was looked at.
    await rmdir(out);
    await rename(staged, out);
    return null;
  }
  const backup = await freeBackupName(out);
  await rename(out, backup);
  try {
    await rename(staged, out);
  } catch (error) {
    await rename(backup, out);
    throw error;
  }
  return backup;
}

async function freeBackupName(out: string): Promise<string> {
  for (let number = 1; number <= backupsMax; number += 1) {
    const name = `${out}.bak-${number}`;
    if ((await stateOfName(name)) === "free") return name;
  }
  throw fileError(shownPath(out), `has ${backupsMax} backups (${out}.bak-N); delete some`);
}

async function stateOfName(path: string): Promise<"free" | "taken"> {
  try {
    await lstat(path);
    return "taken";
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "free";
    throw error;
  }
}

async function translated<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateFileError(path, error);
  }
}
