/**
 * One connection, and the queue of its writes: all writes of one turn of the event loop share a transaction, so that
 * many callers share one flush to the disk. Each write stands alone in a savepoint; answers come after the commit.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ReveriedError } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import { busyError, isFull, noRoomError, translateSqliteError } from "./errors.ts";

/** A transaction with more writes than this would keep the event loop from its other work for too long. */
const writesPerTransaction = 256;
const busyTimeoutMs = 2_000;
/** Indexes of hashes are written all over: with the default of 2 MB a put costs three times as much at a million texts. */
const cacheKib = 32_768;
/** What the write-ahead log is cut back to after a checkpoint. */
const walSizeLimitBytes = 67_108_864;

export interface Database {
  /** The file, or `:memory:`; for messages. */
  readonly file: string;
  /** The statement for this text, prepared once. */
  sql(text: string): StatementSync;
  /** Runs several statements at once; for pragmas and migrations only. */
  execute(text: string): void;
  /** Runs `work` at once, outside of any transaction of the queue. */
  read<T>(work: () => T): Promise<T>;
  /**
   * Runs `work` in the next transaction and resolves when it is on the disk. What `work` throws undoes its own writes
   * only; when the transaction fails, all of its writes reject with `unavailable` and none was made.
   */
  write<T>(work: () => T): Promise<T>;
  /**
   * Leaves in the files only what is stored. Costs as much as reading and writing all of it (about 8 s for a gigabyte),
   * which nothing else of this process can use.
   */
  purge(): Promise<void>;
  /** Finishes the queued writes; later calls reject with `unavailable`. May be called twice. */
  close(): void;
}

interface QueuedWrite {
  /** Does the work and answers with how to tell its caller, once committed. */
  readonly run: () => () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Makes a file that was found to be ours durable and quick, and what is deleted from it gone; its first change of
 * anything.
 */
export function configureDatabase(database: Database): void {
  database.execute(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;
     PRAGMA secure_delete = ON;
     PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${cacheKib}; PRAGMA journal_size_limit = ${walSizeLimitBytes};`,
  );
}

/** Opens the file, or creates it with the first write. Errors of SQLite are thrown as they are. */
export function openDatabase({ clock }: { readonly clock: Clock }, file: string): Database {
  const connection = new DatabaseSync(file, { timeout: busyTimeoutMs });
  const statements = new Map<string, StatementSync>();
  const queue: QueuedWrite[] = [];
  let flushIsDue = false;
  let closed = false;

  function sql(text: string): StatementSync {
    let statement = statements.get(text);
    if (statement === undefined) {
      statement = connection.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  }

  function flush(): void {
    flushIsDue = false;
    if (queue.length === 0) return;
    commit(connection, sql, file, queue.splice(0, writesPerTransaction));
    if (queue.length > 0) scheduleFlush();
  }

  function scheduleFlush(): void {
    if (flushIsDue) return;
    flushIsDue = true;
    void clock.nextTurn().then(flush);
  }

  return {
    file,
    sql,
    execute: (text) => connection.exec(text),

    async read(work) {
      if (closed) throw closedError(file);
      try {
        return work();
      } catch (error) {
        throw translateSqliteError(error, file);
      }
    },

    write(work) {
      if (closed) return Promise.reject(closedError(file));
      const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof work>>();
      queue.push({
        run: () => {
          const value = work();
          return () => resolve(value);
        },
        reject,
      });
      scheduleFlush();
      return promise;
    },

    async purge() {
      if (closed) throw closedError(file);
      try {
        rewrite(connection);
      } catch (error) {
        throw isFull(error) ? noRoomError(file, error) : translateSqliteError(error, file);
      }
      const outcome = sql("PRAGMA wal_checkpoint(TRUNCATE)").get();
      if (outcome?.busy !== 0) throw busyError(file);
    },

    close() {
      if (closed) return;
      closed = true;
      while (queue.length > 0) commit(connection, sql, file, queue.splice(0, writesPerTransaction));
      statements.clear();
      connection.close();
    },
  };
}

/**
 * Writes the whole database anew. What is deleted is overwritten at once (`secure_delete`), but when SQLite moves rows
 * from a page to its neighbour it leaves a copy behind in the unused middle of the page, and nothing else removes that
 * when the row goes later: of rows deleted from a busy database, about one in three thousand was still readable.
 */
function rewrite(connection: DatabaseSync): void {
  // The copy it makes on the way is as large as the database, so it must not be held in memory.
  connection.exec("PRAGMA temp_store = FILE");
  try {
    connection.exec("VACUUM");
  } finally {
    connection.exec("PRAGMA temp_store = MEMORY");
  }
}

/** Runs the writes in one transaction and tells each caller how it went. */
function commit(
  connection: DatabaseSync,
  sql: (text: string) => StatementSync,
  file: string,
  writes: readonly QueuedWrite[],
): void {
  const answers: (() => void)[] = [];
  try {
    sql("BEGIN IMMEDIATE").run();
    for (const write of writes) {
      sql("SAVEPOINT one").run();
      try {
        const answer = write.run();
        sql("RELEASE one").run();
        answers.push(answer);
      } catch (error) {
        // A full disk or a failing one makes SQLite roll back everything, the writes before this one too.
        if (!connection.isTransaction) throw error;
        sql("ROLLBACK TO one").run();
        sql("RELEASE one").run();
        answers.push(() => write.reject(translateSqliteError(error, file)));
      }
    }
    sql("COMMIT").run();
  } catch (error) {
    if (connection.isTransaction) connection.exec("ROLLBACK");
    const reason = translateSqliteError(error, file);
    for (const write of writes) write.reject(reason);
    return;
  }
  for (const answer of answers) answer();
}

function closedError(file: string): ReveriedError {
  return new ReveriedError("unavailable", `${file} is closed: reveried is stopping`);
}
