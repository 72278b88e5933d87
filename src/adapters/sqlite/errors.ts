import { ReveriedError } from "../../core/errors.ts";

/** Primary result codes of SQLite that the world can cause (sqlite.org/rescode.html). */
const codes = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** The primary result code of an error that SQLite raised, or null when it is another's. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return null;
  return error.errcode & 0xff;
}

export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === codes.busy || code === codes.locked;
}

export function isForeignFile(error: unknown): boolean {
  return sqliteCode(error) === codes.notADatabase;
}

export function isFull(error: unknown): boolean {
  return sqliteCode(error) === codes.full;
}

/** The file cannot be written anew beside itself. */
export function noRoomError(file: string, cause: unknown): ReveriedError {
  return new ReveriedError(
    "unavailable",
    `${file} cannot be freed of what was deleted: that takes as much space again, on its disk and on the one for temporary files; free some and repeat`,
    { cause },
  );
}

/** What the caller is told when SQLite fails; a bug of ours, such as a broken constraint, comes back as it is. */
export function translateSqliteError(error: unknown, file: string): unknown {
  const code = sqliteCode(error);
  const message = code === null ? null : messageFor(code, file);
  return message === null ? error : new ReveriedError("unavailable", message, { cause: error });
}

/** Another program reads or writes the file. */
export function busyError(file: string): ReveriedError {
  return new ReveriedError("unavailable", busyMessage(file));
}

function busyMessage(file: string): string {
  return `${file} is locked by another program; close what has it open`;
}

function messageFor(code: number, file: string): string | null {
  switch (code) {
    case codes.full:
      return `the disk that holds ${file} is full; free some space, nothing was written`;
    case codes.readOnly:
      return `${file} cannot be written; give this user write permission on the file and its folder`;
    case codes.cannotOpen:
      return `${file} cannot be opened; it must be a file in a folder where this user may write`;
    case codes.corrupt:
    case codes.notADatabase:
      return `${file} is damaged; restore it from a backup`;
    case codes.busy:
    case codes.locked:
      return busyMessage(file);
    case codes.ioError:
      return `the disk that holds ${file} failed to read or write; check the disk`;
    case codes.noMemory:
      return `not enough memory to work on ${file}`;
    default:
      return null;
  }
}
