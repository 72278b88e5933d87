import { join } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { DreamStore } from "../../ports/dream-store.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";
import type { Outbox } from "../../ports/outbox.ts";
import type { Restore } from "../../ports/restore.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import type { Sweep } from "../../ports/sweep.ts";
import { type Database, openDatabase } from "./database.ts";
import { createSqliteDreamStore } from "./dream-store.ts";
import { translateSqliteError } from "./errors.ts";
import { type FolderLock, lockFolder } from "./lock.ts";
import { createSqliteMemoryStores } from "./memory-store.ts";
import { migrate } from "./migrations.ts";
import { createSqliteOutbox } from "./outbox.ts";
import { createSqliteRestore } from "./restore.ts";
import { createSqliteSessionStore } from "./session-store.ts";
import { createSqliteSweep } from "./sweep.ts";

const databaseFile = "reveried.db";

export type SqliteTarget =
  /** A data folder; made if it is not there, and locked against other processes. */
  | { readonly dir: string }
  /** Nothing on the disk, gone when closed. */
  | { readonly inMemory: true };

interface Migrated {
  readonly from: number;
  readonly to: number;
}

export interface SqliteStorage extends AsyncDisposable {
  readonly dreams: DreamStore;
  readonly outbox: Outbox;
  readonly memories: MemoryStores;
  readonly sessions: SessionStore;
  readonly sweep: Sweep;
  readonly restore: Restore;
  /** The version of the data before it was opened (0: there was none), and now. */
  readonly migrated: Migrated;
  /** Tells other programs on this machine where the owner of the data folder serves; nothing in memory. */
  announce(url: string): void;
  /** Finishes the queued writes and gives the folder free; later calls of the ports reject with `unavailable`. */
  close(): Promise<void>;
}

/**
 * Opens the storage, bringing an older database up to date. Throws `failed_precondition` when the folder is another
 * process's or cannot be used, or its database is foreign or of a newer reveried.
 */
export async function openSqliteStorage(
  deps: { readonly clock: Clock },
  target: SqliteTarget,
): Promise<SqliteStorage> {
  const lock = "dir" in target ? lockFolder(target.dir) : null;
  const file = "dir" in target ? join(target.dir, databaseFile) : ":memory:";
  try {
    const { database, migrated } = openMigrated(deps, file);
    return storageOver(database, migrated, lock);
  } catch (error) {
    lock?.release();
    throw translateSqliteError(error, file);
  }
}

function openMigrated(
  deps: { readonly clock: Clock },
  file: string,
): { readonly database: Database; readonly migrated: Migrated } {
  const database = openDatabase(deps, file);
  try {
    return { database, migrated: migrate(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function storageOver(database: Database, migrated: Migrated, lock: FolderLock | null): SqliteStorage {
  const close = async () => {
    try {
      database.close();
    } finally {
      lock?.release();
    }
  };
  return {
    dreams: createSqliteDreamStore(database),
    outbox: createSqliteOutbox(database),
    memories: createSqliteMemoryStores(database),
    sessions: createSqliteSessionStore(database),
    sweep: createSqliteSweep(database),
    restore: createSqliteRestore(database),
    migrated,
    announce: (url) => lock?.announce(url),
    close,
    [Symbol.asyncDispose]: close,
  };
}
