/** The history of a store: each switch of its head is a revision, and each memory that it changed has a version in it. */
import type { EntryWrite } from "./change-set.ts";
import { type MemoryEntry, memoryIdIn, type Sha256, versionIdIn } from "./memory.ts";
import type { Principal } from "./principal.ts";

export const memoryOperations = ["created", "modified", "deleted"] as const;
export type MemoryOperation = (typeof memoryOperations)[number];

/** Who made a version. */
export interface Actor {
  readonly kind: "api_key" | "session" | "dream";
  readonly id: string;
}

/** What names one switch of a head, made before the switch. */
export interface StoreCommit {
  /** Unique within the store; another try with other versions needs another id. */
  readonly id: string;
  /** What may change this store only once, e.g. a dream, whatever its commit's id; null: no such thing. */
  readonly origin: string | null;
  readonly actor: Actor | null;
  readonly at: number;
}

/** A commit that was made. */
export interface StoreRevision extends StoreCommit {
  readonly storeId: string;
  /** From 1, without gap; the store's `revision` after it. 0 stands for what the store began with. */
  readonly number: number;
  /** Hashes of the head before and after. */
  readonly base: string;
  readonly next: string;
}

/** A version as it is staged with its commit. */
export interface NewVersion {
  /** Ids as the store shows them. */
  readonly id: string;
  readonly memoryId: string;
  readonly operation: MemoryOperation;
  /** The path from then on; of a deleted memory, the last one. */
  readonly path: string;
  /** null for a deleted memory. */
  readonly contentHash: string | null;
  readonly sizeBytes: number | null;
  /** The number of the version in its memory, from 1. */
  readonly version: number;
}

/** One immutable change of a memory; redaction alone takes something from it. */
export interface MemoryVersion extends Omit<NewVersion, "path"> {
  readonly storeId: string;
  /** The revision it came with, and its place in it, from 0. */
  readonly revision: number;
  readonly number: number;
  /** null when redacted, as `contentHash` and `sizeBytes` are then. */
  readonly path: string | null;
  readonly actor: Actor | null;
  readonly createdAt: number;
  readonly redactedAt: number | null;
  readonly redactedBy: Actor | null;
}

/** What becomes of one memory. Entries are as buckets list them. */
export type EntryChange =
  /** Created (`before` is null), written, moved, or both. */
  | { readonly kind: "put"; readonly before: MemoryEntry | null; readonly after: MemoryEntry }
  /** `versionId` is the id of the version that says so. */
  | { readonly kind: "remove"; readonly before: MemoryEntry; readonly versionId: string };

/** The writes into buckets that make the changes. All removals come first, so that two memories may swap their paths. */
export function entryWritesOf(changes: readonly EntryChange[]): EntryWrite[] {
  const removed = changes.flatMap(({ before }) => (before === null ? [] : [before.path]));
  return [
    ...removed.map((path): EntryWrite => ({ kind: "remove", path })),
    ...changes.flatMap((change): EntryWrite[] =>
      change.kind === "put" ? [{ kind: "put", path: change.after.path, entry: change.after }] : [],
    ),
  ];
}

/** The versions that the changes make in this store, in the same order. */
export function versionsOf(storeId: string, changes: readonly EntryChange[], sha256: Sha256): NewVersion[] {
  return changes.map((change) => {
    if (change.kind === "remove") {
      const { before, versionId } = change;
      return {
        id: versionId,
        memoryId: memoryIdIn(storeId, before, sha256),
        operation: "deleted",
        path: before.path,
        contentHash: null,
        sizeBytes: null,
        version: before.version + 1,
      };
    }
    const { before, after } = change;
    return {
      id: versionIdIn(storeId, after, sha256),
      memoryId: memoryIdIn(storeId, after, sha256),
      operation: before === null ? "created" : "modified",
      path: after.path,
      contentHash: after.contentHash,
      sizeBytes: after.sizeBytes,
      version: after.version,
    };
  });
}

/** The version that an entry of the store's first head stands for; it was never staged. */
export function originVersion(
  store: { readonly id: string; readonly createdAt: number },
  entry: MemoryEntry,
  sha256: Sha256,
): MemoryVersion {
  return {
    id: versionIdIn(store.id, entry, sha256),
    storeId: store.id,
    memoryId: memoryIdIn(store.id, entry, sha256),
    revision: 0,
    number: 0,
    operation: "created",
    path: entry.path,
    contentHash: entry.contentHash,
    sizeBytes: entry.sizeBytes,
    version: entry.version,
    actor: null,
    createdAt: store.createdAt,
    redactedAt: null,
    redactedBy: null,
  };
}

/** A session speaks for itself; else the caller's key does, where there is one. */
export function actorOf(principal: Principal, sessionId: string | null): Actor | null {
  if (sessionId !== null) return { kind: "session", id: sessionId };
  return principal.keyId === null ? null : { kind: "api_key", id: principal.keyId };
}

export function dreamActor(dreamId: string): Actor {
  return { kind: "dream", id: dreamId };
}

/** The origin of the commit by which a dream writes its output; a store takes it once. */
export function dreamOrigin(dreamId: string): string {
  return `dream:${dreamId}`;
}

/** The origin of the commit that undoes a dream. */
export function revertOrigin(dreamId: string): string {
  return `revert:${dreamId}`;
}
