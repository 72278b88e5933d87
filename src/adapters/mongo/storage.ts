import {
  type Db,
  MongoClient,
  type MongoClientOptions,
  MongoError,
  MongoServerSelectionError,
} from "mongodb";
import { isReveriedError, ReveriedError } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DreamStore } from "../../ports/dream-store.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";
import type { Outbox } from "../../ports/outbox.ts";
import type { Restore } from "../../ports/restore.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import type { Sweep } from "../../ports/sweep.ts";
import { type Calls, createCalls, isRefusal, translate } from "./calls.ts";
import { collectionsOf } from "./collections.ts";
import { createMongoDreamStore } from "./dream-store.ts";
import { createMongoMemoryStores } from "./memory-store.ts";
import { migrate } from "./migrations.ts";
import { createMongoOutbox } from "./outbox.ts";
import { createMongoRestore } from "./restore.ts";
import { createMongoSessionStore } from "./session-store.ts";
import { createMongoSweep } from "./sweep.ts";
import { createTurns } from "./turns.ts";

export interface MongoStorageDeps {
  readonly clock: Clock;
}

export interface MongoStorageConfig {
  /** As in `REVERIED_MONGODB_URL`; may hold credentials, so it is never logged and never in an error. */
  readonly url: string;
  readonly database: string;
}

interface Closing extends AsyncDisposable {
  /** Closes all connections; what is under way fails with `unavailable`. May be called twice. */
  close(): Promise<void>;
}

export interface MongoStorage extends Closing {
  readonly dreams: DreamStore;
  readonly outbox: Outbox;
  readonly memories: MemoryStores;
  readonly sessions: SessionStore;
  readonly sweep: Sweep;
  readonly restore: Restore;
  /** The version of the data before it was opened (0: there was none), and now. */
  readonly migrated: { readonly from: number; readonly to: number };
}

/** Those that the URL names itself are as the URL says. */
const timeouts = {
  serverSelectionTimeoutMS: 5_000,
  connectTimeoutMS: 5_000,
  waitQueueTimeoutMS: 5_000,
  /** A server that accepts and then says nothing is given up well before a lease is lost. */
  socketTimeoutMS: 10_000,
} as const satisfies MongoClientOptions;

const always = {
  appName: "reveried",
  // Each write is made to be repeated, on servers too that cannot retry one themselves; see `calls.ts`.
  retryWrites: false,
  // A write is told as done when it survives the loss of the primary and of its power; reads see all that is written.
  writeConcern: { w: "majority", journal: true },
  readConcern: { level: "local" },
  readPreference: "primary",
} as const satisfies MongoClientOptions;

/**
 * Connects, makes the database ready and answers with the storage ports over it. Throws, within about 5 s and in one
 * line that names REVERIED_MONGODB_URL and the fix: `invalid_argument` for a URL that is none, `unavailable` when no
 * server answers, `failed_precondition` for refused credentials, a server that lacks a feature, or newer data.
 */
export async function openMongoStorage(
  { clock }: MongoStorageDeps,
  { url, database }: MongoStorageConfig,
): Promise<MongoStorage> {
  const migrated = await prepare(url, database);
  const client = createClient(url, {});
  const db = client.db(database);
  const calls = createCalls({ clock }, hostsOf(client));
  const close = () => client.close();
  return { ...createMongoPorts(db, calls), migrated, close, [Symbol.asyncDispose]: close };
}

/** The storage ports over a database that `migrate` has made ready. */
export function createMongoPorts(db: Db, calls: Calls): Omit<MongoStorage, keyof Closing | "migrated"> {
  const collections = collectionsOf(db);
  const { dreams } = collections;
  const turns = createTurns(collections.turns);
  const check = () =>
    calls.run(async () => {
      await db.command({ ping: 1 });
    });
  return {
    dreams: createMongoDreamStore({ dreams, turns, calls, check }),
    outbox: createMongoOutbox({ dreams, calls }),
    memories: createMongoMemoryStores(collections, calls),
    sessions: createMongoSessionStore(collections, calls),
    sweep: createMongoSweep(collections, calls),
    restore: createMongoRestore(collections, turns, calls),
  };
}

/** Checks and migrates over a connection of its own without a socket timeout: building an index may take minutes. */
async function prepare(url: string, database: string): Promise<MongoStorage["migrated"]> {
  const client = createClient(url, { maxPoolSize: 1, socketTimeoutMS: 0 });
  try {
    await client.connect();
    return await migrate(client.db(database));
  } catch (error) {
    throw startError(error, hostsOf(client));
  } finally {
    await client.close();
  }
}

function createClient(url: string, options: MongoClientOptions): MongoClient {
  try {
    return new MongoClient(url, { ...unlessInUrl(url), ...always, ...options });
  } catch (error) {
    // The error itself may hold the URL with its password, so it is not kept as the cause.
    const detail = error instanceof Error && !repeatsSecret(error.message, url) ? `: ${error.message}` : "";
    throw new ReveriedError(
      "invalid_argument",
      `REVERIED_MONGODB_URL is no URL for MongoDB${detail}; write mongodb://user:password@host:27017 with %-escapes in user and password`,
    );
  }
}

function repeatsSecret(message: string, url: string): boolean {
  const credentials = /:\/\/(.*)@/s.exec(url)?.[1] ?? url;
  return credentials.split(":").some((part) => part !== "" && message.includes(part));
}

function unlessInUrl(url: string): MongoClientOptions {
  const named = Object.entries(timeouts).filter(([name]) => !new RegExp(`[?&]${name}=`, "i").test(url));
  return Object.fromEntries(named);
}

function startError(error: unknown, where: string): unknown {
  if (!(error instanceof MongoError)) return translate(error, where);
  if (isRefusal(error)) {
    return new ReveriedError(
      "failed_precondition",
      `MongoDB at ${where} refuses the credentials in REVERIED_MONGODB_URL; correct the user, the password or authSource, and let the user read, write and create indexes`,
      { cause: error },
    );
  }
  if (error instanceof MongoServerSelectionError || error.name === "MongoNetworkError") {
    return new ReveriedError(
      "unavailable",
      `cannot reach MongoDB at ${where}: ${error.message}; start it, or correct REVERIED_MONGODB_URL`,
      { cause: error },
    );
  }
  if (error.name === "MongoCompatibilityError") {
    return new ReveriedError(
      "failed_precondition",
      `the server at ${where} (REVERIED_MONGODB_URL) is too old or too new: ${error.message}`,
      { cause: error },
    );
  }
  const translated = translate(error, where);
  if (isReveriedError(translated)) return translated;
  return new ReveriedError(
    "failed_precondition",
    `MongoDB at ${where} (REVERIED_MONGODB_URL) could not be made ready: ${error.message}; give reveried a database of its own on a server that is MongoDB 5 or compatible`,
    { cause: error },
  );
}

function hostsOf(client: MongoClient): string {
  const { srvHost, hosts } = client.options;
  return srvHost ?? hosts.map(String).join(",");
}
