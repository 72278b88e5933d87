/** Retention of versions: what is older goes, except what a memory is now. */
import { limits } from "../../core/limits.ts";
import { type Bucket, bucketOf, emptyHead, type MemoryStore, versionIdIn } from "../../core/memory.ts";
import { createLru } from "../../lib/lru.ts";
import type { VersionRow } from "../../ports/sweep.ts";
import type { ServiceDeps } from "../deps.ts";

type Deps = Pick<ServiceDeps, "memories" | "sweep" | "digest">;

export interface RetireOptions {
  /** Versions and revisions made before it go; null: none by their age. */
  readonly before: number | null;
  /** Whether a store that is not there has been gone for long enough: one that is being imported may come after its versions. */
  readonly isGone: (storeId: string) => boolean;
}

/** Versions made by one call lie together, and are of few stores. */
const bucketsRemembered = 128;
const bucketsPerRead = 8;

/**
 * Deletes the versions of a tenant that are too old and those of stores that are gone, then the revisions that have none
 * left; in steps, each of which answers with how many rows went. A version that is no memory's now never is one again: what
 * is written, by whomever, is a new version.
 */
export async function* retireVersions(
  deps: Deps,
  tenant: string,
  { before, isGone }: RetireOptions,
): AsyncGenerator<number, void> {
  const current = createCurrentVersions(deps, tenant);
  let after: string | null = null;
  for (;;) {
    const rows: VersionRow[] = await deps.sweep.listVersionRows({
      tenant,
      createdBefore: null,
      after,
      limit: limits.sweepBatch,
    });
    yield 0;
    const keys: string[] = [];
    for (const [storeId, ofStore] of Map.groupBy(rows, (row) => row.storeId)) {
      const store = await deps.memories.get({ tenant, id: storeId });
      if (store === null) {
        if (isGone(storeId)) keys.push(...ofStore.map(({ key }) => key));
        continue;
      }
      const old = ofStore.filter(({ createdAt }) => before !== null && createdAt < before);
      const kept = yield* current.among(store, old);
      for (const row of old) if (!kept.has(row)) keys.push(row.key);
    }
    if (keys.length > 0) await deps.sweep.deleteVersionRows({ tenant, keys });
    yield keys.length;
    after = rows.at(-1)?.key ?? null;
    if (rows.length < limits.sweepBatch) break;
  }
  if (before === null) return;
  for (;;) {
    const count = await deps.sweep.deleteEmptyRevisions({ tenant, before, limit: limits.sweepBatch });
    yield count;
    if (count < limits.sweepBatch) return;
  }
}

function createCurrentVersions(deps: Deps, tenant: string) {
  const emptyHash = emptyHead(deps.digest.sha256).hash;
  // Not the cache of heads, which holds what callers read.
  const read = createLru<Bucket>(bucketsRemembered);

  /** The rows that are what their memories are now. Where a part cannot be read, all of them: nothing goes unseen. */
  async function* among(
    store: MemoryStore,
    rows: readonly VersionRow[],
  ): AsyncGenerator<number, Set<VersionRow>> {
    const candidates = rows.filter(({ path, contentHash }) => path !== null && contentHash !== null);
    if (candidates.length === 0 || store.head === emptyHash) return new Set();
    const head = await deps.memories.getHead({ tenant, hash: store.head });
    if (head === null) return new Set(rows);
    const kept = new Set<VersionRow>();
    const byBucket = Map.groupBy(candidates, ({ path }) => head.buckets[bucketOf(path ?? "")] ?? "");
    byBucket.delete("");
    const hashes = [...byBucket.keys()];
    for (let first = 0; first < hashes.length; first += bucketsPerRead) {
      const some = hashes.slice(first, first + bucketsPerRead);
      const buckets = await readBuckets(some);
      if (buckets.length < some.length) return new Set(rows);
      for (const { hash, entries } of buckets) {
        const atPath = new Map(entries.map((entry) => [entry.path, entry]));
        for (const row of byBucket.get(hash) ?? []) {
          const entry = atPath.get(row.path ?? "");
          if (entry !== undefined && versionIdIn(store.id, entry, deps.digest.sha256) === row.id)
            kept.add(row);
        }
      }
      yield 0;
    }
    return kept;
  }

  async function readBuckets(hashes: readonly string[]): Promise<Bucket[]> {
    const known = hashes.flatMap((hash) => read.get(hash) ?? []);
    const there = new Set(known.map(({ hash }) => hash));
    const missing = hashes.filter((hash) => !there.has(hash));
    if (missing.length === 0) return known;
    const found = await deps.memories.getBuckets({ tenant, hashes: missing });
    for (const bucket of found) read.set(bucket.hash, bucket);
    return [...known, ...found];
  }

  return { among };
}
