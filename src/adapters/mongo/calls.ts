/** How a call to the server ends: with its answer, or with one of the errors that the ports promise. */
import {
  type AnyBulkWriteOperation,
  type Collection,
  type Document,
  MongoClientClosedError,
  MongoError,
  MongoErrorLabel,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from "mongodb";
import { ReveriedError } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import { inBatches, writeBatch } from "./documents.ts";

/** Waits between the tries of one call: a fail-over of a second or two is ridden out, an outage is told soon. */
const pausesMs = [50, 250, 1_000] as const;
/** No try begins later than this after the first: a server that says nothing costs a socket timeout each time. */
const lastTryMs = 5_000;

const upsertTries = 3;

const code = {
  unauthorized: 13,
  authenticationFailed: 18,
  duplicateKey: 11_000,
  outOfDiskSpace: 14_031,
} as const;

export interface Calls {
  /**
   * Runs one operation, which must be safe to repeat: after a network error nobody knows whether it was done.
   * `again` is true when an earlier try may have been done. Tries at most four times within about 5 s, then throws `unavailable`;
   * any other error passes through.
   */
  run<T>(operation: (again: boolean) => Promise<T>): Promise<T>;
}

export function createCalls({ clock }: { readonly clock: Clock }, where: string): Calls {
  const never = new AbortController().signal;
  return {
    async run(operation) {
      const started = clock.monotonic();
      for (let tries = 0; ; tries += 1) {
        try {
          return await operation(tries > 0);
        } catch (error) {
          const pause = pausesMs[tries];
          const late = clock.monotonic() - started > lastTryMs;
          if (pause === undefined || late || !isTransient(error)) throw translate(error, where);
          await clock.sleep(pause, never);
        }
      }
    },
  };
}

/** True when a unique index refused the write. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === code.duplicateKey;
}

/** The operation's answer, or null when a unique index refused it. */
export async function unlessDuplicate<T>(operation: Promise<T>): Promise<T | null> {
  try {
    return await operation;
  } catch (error) {
    if (isDuplicateKey(error)) return null;
    throw error;
  }
}

/**
 * Runs an upsert by key. Two that write a new document at once may both take it for absent, and not every server
 * repeats the one that was refused; the second try finds the document.
 */
export async function upsert<T>(operation: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await operation();
    } catch (error) {
      if (!isDuplicateKey(error) || tries === upsertTries) throw error;
    }
  }
}

/** Runs writes that are each safe to repeat, in any order, a batch a message. */
export async function writeAll<T extends Document>(
  calls: Calls,
  collection: Collection<T>,
  writes: readonly AnyBulkWriteOperation<T>[],
): Promise<void> {
  for (const batch of inBatches(writes, writeBatch)) {
    await calls.run(() => upsert(() => collection.bulkWrite(batch, { ordered: false })));
  }
}

/** The error with the kind that the ports promise; what is no fault of the server or its reach stays as it is. */
export function translate(error: unknown, where: string): unknown {
  if (!(error instanceof MongoError) && !isSocketError(error)) return error;
  if (isAway(error)) {
    return new ReveriedError("unavailable", `MongoDB at ${where} does not answer: ${error.message}`, {
      cause: error,
    });
  }
  if (isRefusal(error)) {
    return new ReveriedError("unavailable", `MongoDB at ${where} refuses these credentials`, {
      cause: error,
    });
  }
  if (error instanceof MongoError && error.code === code.outOfDiskSpace) {
    return new ReveriedError("unavailable", `MongoDB at ${where} has no disk space left`, { cause: error });
  }
  return error;
}

/** True when the server refused who we are or what we may do. */
export function isRefusal(error: Error): boolean {
  if (!(error instanceof MongoError)) return false;
  return error.code === code.unauthorized || error.code === code.authenticationFailed;
}

/** Worth another try at once. Server selection has waited its five seconds already, and a closed client stays closed. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof Error) || isClosed(error)) return false;
  return isAway(error) && !(error instanceof MongoServerSelectionError);
}

function isAway(error: Error): boolean {
  if (!(error instanceof MongoError)) return isSocketError(error);
  return (
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    // The write stands on the primary only, so it may yet be rolled back: as good as not done.
    error instanceof MongoWriteConcernError ||
    isClosed(error) ||
    error.name === "MongoWaitQueueTimeoutError" ||
    // What the driver puts on a lost connection; the only mark of one that a bulk write's error keeps.
    error.hasErrorLabel(MongoErrorLabel.ResetPool) ||
    error.hasErrorLabel(MongoErrorLabel.RetryableWriteError) ||
    error.hasErrorLabel(MongoErrorLabel.RetryableError) ||
    (typeof error.code === "number" && awayCodes.has(error.code))
  );
}

/** A write into a socket that the other side has just closed comes out of the driver as Node made it, sometimes without a syscall. */
function isSocketError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return "syscall" in error || ("code" in error && socketCodes.has(error.code));
}

const socketCodes: ReadonlySet<unknown> = new Set([
  "EPIPE",
  "ECONNRESET",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
]);

function isClosed(error: Error): boolean {
  return (
    error instanceof MongoClientClosedError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoTopologyClosedError
  );
}

/**
 * What a server says while it stops, steps down or loses its peers. The driver labels these only for servers that
 * can retry writes, so they are listed: HostUnreachable, HostNotFound, WriteConcernTimeout, NetworkTimeout,
 * ShutdownInProgress, ExceededTimeLimit, PrimarySteppedDown, SocketException, NotWritablePrimary, InterruptedAtShutdown,
 * InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary.
 */
const awayCodes: ReadonlySet<number> = new Set([
  6, 7, 64, 89, 91, 262, 189, 9_001, 10_107, 11_600, 11_602, 13_435, 13_436,
]);
