/**
 * A data folder belongs to one process. The proof is an exclusive transaction on a SQLite file of its own: the kernel
 * ends it with the process, however that dies, so there is no stale lock to clean up. A file beside it tells who.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ReveriedError } from "../../core/errors.ts";
import { isBusy, sqliteCode } from "./errors.ts";

const lockFile = "lock.db";
const ownerFile = "lock.json";
/** Longer than a look by `findFolderOwner` takes, so that a look cannot keep a server from starting. */
const lookTimeoutMs = 200;

export interface FolderOwner {
  readonly pid: number;
  /** Where it serves, once it does. */
  readonly url: string | null;
}

export interface FolderLock {
  /** Tells other programs on this machine where this process can be reached. */
  announce(url: string): void;
  /** May be called twice. */
  release(): void;
}

/**
 * Makes the folder if it is not there, and takes it until `release` or the end of the process. Throws
 * `failed_precondition` when another has it, or when it cannot be made or written.
 */
export function lockFolder(dir: string): FolderLock {
  makeFolder(dir);
  const connection = takeLock(dir);
  let released = false;
  writeOwner(dir, { pid: process.pid, url: null });
  return {
    announce: (url) => writeOwner(dir, { pid: process.pid, url }),
    release() {
      if (released) return;
      released = true;
      rmSync(join(dir, ownerFile), { force: true });
      connection.close();
    },
  };
}

/** Who has the folder now, or null when nobody has. The pid is 0 when the owner could not tell yet. */
export function findFolderOwner(dir: string): FolderOwner | null {
  let connection: DatabaseSync;
  try {
    connection = new DatabaseSync(join(dir, lockFile), { readOnly: true, timeout: 0 });
  } catch {
    return null;
  }
  try {
    connection.prepare("SELECT 1 FROM sqlite_schema").get();
    return null;
  } catch (error) {
    return isBusy(error) ? (readOwner(dir) ?? { pid: 0, url: null }) : null;
  } finally {
    connection.close();
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw folderError(dir, error);
  }
}

function takeLock(dir: string): DatabaseSync {
  let connection: DatabaseSync | null = null;
  try {
    connection = new DatabaseSync(join(dir, lockFile), { timeout: lookTimeoutMs });
    connection.exec("BEGIN EXCLUSIVE");
    return connection;
  } catch (error) {
    connection?.close();
    throw isBusy(error) ? inUse(dir) : folderError(dir, error);
  }
}

function inUse(dir: string): ReveriedError {
  const owner = readOwner(dir);
  const who = owner === null ? "another process" : `process ${owner.pid}`;
  const where = owner?.url ? ` (it serves ${owner.url})` : "";
  return new ReveriedError(
    "failed_precondition",
    `data folder ${dir} is in use by ${who}${where}; stop it, or choose another folder with REVERIED_DATA_DIR`,
  );
}

/** One line for a folder that cannot be used; other errors come back as they are. */
export function folderError(dir: string, error: unknown): unknown {
  const reason = folderReason(error);
  if (reason === null) return error;
  const message = `data folder ${dir} ${reason}; choose another with REVERIED_DATA_DIR`;
  return new ReveriedError("failed_precondition", message, { cause: error });
}

function folderReason(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  switch (code) {
    case "EEXIST":
    case "ENOTDIR":
      return "is not a folder";
    case "EACCES":
    case "EPERM":
      return "cannot be written by this user";
    case "EROFS":
      return "is on a read-only disk";
    case "ENOSPC":
      return "is on a full disk";
    case "ENOENT":
      return "cannot be made";
    default:
      return sqliteCode(error) === null ? null : "cannot be written by this user";
  }
}

function writeOwner(dir: string, owner: FolderOwner): void {
  const file = join(dir, ownerFile);
  try {
    // Renamed into place: a reader must not see half of it.
    writeFileSync(`${file}.new`, `${JSON.stringify(owner)}\n`);
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw folderError(dir, error);
  }
}

function readOwner(dir: string): FolderOwner | null {
  try {
    const owner: unknown = JSON.parse(readFileSync(join(dir, ownerFile), "utf8"));
    if (typeof owner !== "object" || owner === null || !("pid" in owner) || !("url" in owner)) return null;
    if (typeof owner.pid !== "number") return null;
    return { pid: owner.pid, url: typeof owner.url === "string" ? owner.url : null };
  } catch {
    return null;
  }
}
