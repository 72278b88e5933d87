import type { RecordedChange } from "../core/change-set.ts";
import type { CollectionKey } from "../core/dream.ts";
import type { Bucket, Head, MemoryStore } from "../core/memory.ts";
import type {
  Actor,
  MemoryOperation,
  MemoryVersion,
  NewVersion,
  StoreCommit,
  StoreRevision,
} from "../core/memory-version.ts";

export interface MemoryStorePosition {
  readonly createdAt: number;
  readonly id: string;
}

export interface StoreKey {
  readonly tenant: string;
  readonly storeId: string;
}

/** All that are given must match; null for any. Times are inclusive, Unix milliseconds. */
export interface VersionFilter {
  readonly memoryId: string | null;
  readonly operation: MemoryOperation | null;
  readonly actorId: string | null;
  readonly createdFrom: number | null;
  readonly createdTo: number | null;
}

/** Where a page of versions ended: what comes after it is of an older revision, or of the same with a smaller number. */
export interface VersionPosition {
  readonly revision: number;
  readonly number: number;
}

export type StoreSaveOutcome =
  | { readonly outcome: "saved"; readonly store: MemoryStore }
  /** The store has another edition, or is gone (null); nothing was written. */
  | { readonly outcome: "stale"; readonly store: MemoryStore | null };

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

  /** How many stores the tenant has, archived ones too; counts no further than `max`. */
  count(query: { readonly tenant: string; readonly max: number }): Promise<number>;

  /**
   * Must write `next` in place of `read` only while the stored one has the edition of `read`, all but head and revision,
   * which stay as they are stored. `next` must have the next edition. One that is stored already is `saved`.
   */
  save(write: { readonly read: MemoryStore; readonly next: MemoryStore }): Promise<StoreSaveOutcome>;

  /**
   * The store is absent from then on, for every call of this port, and its collection is free for another. Its rows are
   * removed by `Sweep.removeStore`. False when there was none.
   */
  delete(key: { readonly tenant: string; readonly id: string }): Promise<boolean>;

  /**
   * Compare-and-set of the one document: must point the store at `next` and raise its revision by one only while it
   * shows `base` and is not archived, or with `evenArchived` though it is. The revision, and the versions put under its commit, are part of the store's
   * history from that moment on and never before. A store whose history has this commit's id, or its origin, is `switched`
   * and stays as it is; that makes a switch happen once however often it is tried, by whomever.
   */
  switchHead(request: {
    readonly tenant: string;
    readonly storeId: string;
    readonly base: string;
    readonly next: string;
    readonly commit: StoreCommit;
    /** For an erasure alone: to everybody else an archived store is read-only. */
    readonly evenArchived: boolean;
  }): Promise<SwitchOutcome>;

  /**
   * Stages versions of a commit that is yet to be made, under (commit, index from `first`); no call shows them before.
   * The same again changes nothing.
   */
  putVersions(
    request: StoreKey & {
      readonly commit: StoreCommit;
      readonly first: number;
      readonly versions: readonly NewVersion[];
    },
  ): Promise<void>;

  /** The revision that a commit of this origin made, or null. */
  findRevision(key: StoreKey & { readonly origin: string }): Promise<StoreRevision | null>;

  /** Revisions with a number above `after`, ascending. */
  listRevisions(
    query: StoreKey & { readonly after: number; readonly limit: number },
  ): Promise<StoreRevision[]>;

  getVersion(key: StoreKey & { readonly id: string }): Promise<MemoryVersion | null>;

  /** Newest revision first, and within a revision the greatest number first. */
  listVersions(
    query: StoreKey & {
      readonly filter: VersionFilter;
      readonly after: VersionPosition | null;
      readonly limit: number;
    },
  ): Promise<MemoryVersion[]>;

  /** Takes path, hash and size from the version for good and says when and by whom; a redacted one stays as it is. null when there is none. */
  redactVersion(
    request: StoreKey & { readonly id: string; readonly by: Actor | null; readonly now: number },
  ): Promise<MemoryVersion | null>;

  /** Whether a version of any store of the tenant that is not redacted names the content. Versions of deleted stores do not count. */
  isContentNamed(key: { readonly tenant: string; readonly hash: string }): Promise<boolean>;

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
