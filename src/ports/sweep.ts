import type { RecordedChange } from "../core/change-set.ts";

export const partKinds = ["head", "bucket", "content"] as const;
/** The immutable parts of stores, each keyed by (tenant, hash). */
export type PartKind = (typeof partKinds)[number];

export interface PartMark {
  readonly hash: string;
  /** When it was last put, Unix milliseconds. */
  readonly touchedAt: number;
}

/** A version row, whether its commit was made or not, and whether its store is there or not. */
export interface VersionRow {
  /** Opaque; rows of a tenant sort by it. */
  readonly key: string;
  readonly storeId: string;
  readonly id: string;
  /** null when redacted. */
  readonly path: string | null;
  readonly contentHash: string | null;
  readonly createdAt: number;
}

/** A recorded change with where it is kept. */
export interface ChangeRow {
  readonly dreamId: string;
  readonly attempt: number;
  readonly index: number;
  readonly change: RecordedChange;
}

/** Where a page of changes ended. */
export type ChangePosition = Pick<ChangeRow, "dreamId" | "attempt" | "index">;

interface Page {
  readonly tenant: string;
  readonly limit: number;
}

/**
 * What only the sweeper and an erasure call: everything here looks at all that is stored or deletes of it. Each call is
 * bounded by its `limit`; a caller comes back for the rest. Calls may be repeated after a lost answer.
 */
export interface Sweep {
  /** Tenants of whom anything is stored (a part that outlived its store is enough), ascending, after `after`. */
  listTenants(query: { readonly after: string | null; readonly limit: number }): Promise<string[]>;

  /** Parts not put since `untouchedSince`, ascending by hash, after `after`. */
  listParts(
    query: Page & {
      readonly kind: PartKind;
      readonly untouchedSince: number;
      readonly after: string | null;
    },
  ): Promise<PartMark[]>;

  /** Must delete a part only while its `touchedAt` is still the one given; answers how many went. */
  deleteParts(request: {
    readonly tenant: string;
    readonly kind: PartKind;
    readonly parts: readonly PartMark[];
  }): Promise<number>;

  /** Heads that revisions made at or after `since` came from and led to, in any order, each once or more often. */
  listRevisionHeads(query: Page & { readonly since: number; readonly after: string | null }): Promise<{
    readonly heads: readonly string[];
    /** null on the last page. */
    readonly next: string | null;
  }>;

  /** Heads that revisions of these origins came from and led to; an origin nobody has is left out. */
  originHeads(query: { readonly tenant: string; readonly origins: readonly string[] }): Promise<string[]>;

  /** Version rows ascending by key; only those made before `createdBefore` when it is given. */
  listVersionRows(
    query: Page & { readonly createdBefore: number | null; readonly after: string | null },
  ): Promise<VersionRow[]>;

  deleteVersionRows(request: { readonly tenant: string; readonly keys: readonly string[] }): Promise<void>;

  /** Deletes revisions made before `before` of which no version is left; answers how many went, at most `limit`. */
  deleteEmptyRevisions(request: Page & { readonly before: number }): Promise<number>;

  /** Recorded changes ascending by (dream, attempt, index). */
  listChangeRows(query: Page & { readonly after: ChangePosition | null }): Promise<ChangeRow[]>;

  /** Deletes all changes of one attempt. */
  deleteChanges(request: {
    readonly tenant: string;
    readonly dreamId: string;
    readonly attempt: number;
  }): Promise<void>;

  /** Stores deleted by `MemoryStores.delete` whose rows are not all removed. */
  listDeletedStores(query: Page): Promise<string[]>;
  /** Removes up to `limit` rows of a deleted store (versions, revisions, at last the store); true when nothing is left. */
  removeStore(request: Page & { readonly storeId: string }): Promise<boolean>;

  /** Sessions deleted by `SessionStore.delete` whose rows are not all removed. */
  listDeletedSessions(query: Page): Promise<string[]>;
  /** Removes up to about `limit` rows of a deleted session (events, at last the session); true when nothing is left. */
  removeSession(request: Page & { readonly sessionId: string }): Promise<boolean>;

  /** Overwrites what deleted rows left behind in the storage's own files, as far as the storage lets its callers do so. */
  purge(): Promise<void>;
}
