import { type MemoryEntry, versionIdIn } from "../../core/memory.ts";
import { type MemoryVersion, originVersion } from "../../core/memory-version.ts";
import type { ServiceDeps } from "../deps.ts";
import type { StoreView } from "./get-memory-store.ts";

/** A version as it is shown. */
export interface VersionView extends MemoryVersion {
  /** null when deleted, redacted, removed from the storage, or not asked for. */
  readonly content: string | null;
}

export interface FoundVersion {
  readonly version: MemoryVersion;
  /** Whether only the store's origin knows it: it has no row of its own. */
  readonly inOrigin: boolean;
}

/** The query of `listVersions` for the versions that a store began with and that were given a row: those of revision 0. */
export const beforeRevisions = {
  filter: { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null },
  after: { revision: 1, number: 0 },
} as const;

type Deps = Pick<ServiceDeps, "memories" | "heads" | "digest">;

/**
 * The version with this id, or null. Most have a row. What a copied store began with has none, and is an entry of its
 * origin; and what a memory has now is an entry of the current head even when its row is not kept any more.
 */
export async function findVersion(deps: Deps, view: StoreView, id: string): Promise<FoundVersion | null> {
  const { store, head } = view;
  const { tenant, id: storeId, origin } = store;
  const { sha256 } = deps.digest;
  const row = await deps.memories.getVersion({ tenant, storeId, id });
  if (row !== null) return { version: row, inOrigin: false };
  const isIt = (entry: MemoryEntry) => versionIdIn(storeId, entry, sha256) === id;
  if (origin !== null) {
    const first = await deps.heads.load(tenant, origin.head);
    const entry = (await deps.heads.list(tenant, first)).find(isIt);
    if (entry !== undefined) return { version: originVersion(store, entry, sha256), inOrigin: true };
  }
  const entry = (await deps.heads.list(tenant, head)).find(isIt);
  if (entry === undefined) return null;
  const version = originVersion(store, entry, sha256);
  const operation = entry.version === 1 ? "created" : "modified";
  return { version: { ...version, operation, createdAt: entry.updatedAt }, inOrigin: false };
}
