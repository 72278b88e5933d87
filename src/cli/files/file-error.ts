import { ReveriedError } from "../../core/errors.ts";

/** A path as an error message shows it: as it is, or quoted when it holds characters that would break the line. */
export function shownPath(path: string): string {
  return /[\p{Cc}\u2028\u2029]/u.test(path) ? JSON.stringify(path) : path;
}

/** An error of one line about a place in a file or folder: `notes/x.jsonl:17: what is wrong; what to do`. */
export function fileError(place: string, message: string, cause?: unknown): ReveriedError {
  return new ReveriedError("invalid_argument", `${place}: ${message}`, cause === undefined ? {} : { cause });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder; check the path",
  ENOTDIR: "a part of the path is a file, not a folder; check the path",
  EISDIR: "is a folder; name a file in it",
  EACCES: "may not be opened by this user; change its permissions",
  EPERM: "may not be opened by this user; change its permissions",
  ELOOP: "is a symbolic link that is not followed; name the file itself",
  ENAMETOOLONG: "the name is longer than the file system allows; shorten it",
  EMFILE: "too many files are open; close some or raise the limit (ulimit -n)",
  ENOSPC: "no space is left on the disk; free some",
  EEXIST: "a file of this name is there already (letter case may not count here); rename one",
  ENOTEMPTY: "is no longer empty; name a new folder",
  EROFS: "the file system is read-only; choose another folder",
  EBUSY: "is in use by the system; choose another folder",
};

/** What the file system answered, as an error that says what to do. Anything but a file system's error is returned as it is. */
export function translateFileError(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === null) return error;
  return fileError(shownPath(path), reasons[code] ?? `the file system answered ${code}`, error);
}

/** The code of a file system's error, such as `ENOENT`, or null for any other error. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
