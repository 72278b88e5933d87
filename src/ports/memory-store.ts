import type { RecordedChange } from "../core/change-set.ts";
import type { CollectionKey } from "../core/dream.ts";
import type { Bucket, Head, MemoryStore } from "../core/memory.ts";

export interface MemoryStorePosition {
  readonly createdAt: number;
  readonly id: string;
}

export type SwitchOutcome =
  | { readonly outcome: "switched"; readonly store: MemoryStore }
  /** The store shows another head, is archived, or is gone (null); nothing was written. */
  | { readonly outcome: "moved"; readonly store: MemoryStore | null };

/**
 * Memory stores, and the immutable parts they are made of. Parts are keyed by (tenant, hash): putting one twice
 * is putting it once, no tenant can learn what another has, and only the sweeper deletes any.
 *
 * Everywhere: every call names the tenant, and another tenant's things are as good as absent. An unreachable
 * storage must throw `unavailable`. Text must come back byte for byte. Calls may be repeated after a lost answer.
 */
export interface MemoryStores {
  /** With a collection key that is taken, answers `exists` with that store. The same id again is `created`. */
  create(
    store: MemoryStore,
  ): Promise<{ readonly outcome: "created" | "exists"; readonly store: MemoryStore }>;

  get(key: { readonly tenant: string; readonly id: string }): Promise<MemoryStore | null>;

  findCollection(key: {
    readonly tenant: string;
    readonly collection: CollectionKey;
  }): Promise<MemoryStore | null>;

  /** Newest first; equal times by id, descending. */
  list(query: {
    readonly tenant: string;
    readonly includeArchived: boolean;
    readonly after: MemoryStorePosition | null;
    readonly limit: number;
  }): Promise<MemoryStore[]>;

  /** Compare-and-set of the one document: must point the store at `next` only while it shows `base`. A store that shows `next` already is `switched`. */
  switchHead(request: {
    readonly tenant: string;
    readonly storeId: string;
    readonly base: string;
    readonly next: string;
  }): Promise<SwitchOutcome>;

  /** Must make the parts readable before it resolves. Raises `touchedAt` of those that exist. */
  putHead(request: { readonly tenant: string; readonly head: Head; readonly now: number }): Promise<void>;
  putBuckets(request: {
    readonly tenant: string;
    readonly buckets: readonly Bucket[];
    readonly now: number;
  }): Promise<void>;
  putContents(request: {
    readonly tenant: string;
    readonly contents: readonly { readonly hash: string; readonly text: string }[];
    readonly now: number;
  }): Promise<void>;

  getHead(key: { readonly tenant: string; readonly hash: string }): Promise<Head | null>;
  /** In the order of `hashes`; a hash that names nothing is left out. */
  getBuckets(key: { readonly tenant: string; readonly hashes: readonly string[] }): Promise<Bucket[]>;
  getContents(key: {
    readonly tenant: string;
    readonly hashes: readonly string[];
  }): Promise<ReadonlyMap<string, string>>;

  /** Keeps what one attempt of a dream changed, under (dream, attempt, index from `first`); what stands at an index is replaced. */
  putChanges(request: {
    readonly tenant: string;
    readonly dreamId: string;
    readonly attempt: number;
    readonly first: number;
    readonly changes: readonly RecordedChange[];
  }): Promise<void>;

  /** Changes with an index ≥ `first`, in order. */
  listChanges(query: {
    readonly tenant: string;
    readonly dreamId: string;
    readonly attempt: number;
    readonly first: number;
    readonly limit: number;
  }): Promise<RecordedChange[]>;
}
