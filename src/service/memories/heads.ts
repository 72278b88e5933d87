/**
 * Reading and deriving heads. A head and its buckets never change, so what was read once is kept in a bounded cache;
 * writing means putting new parts and, elsewhere, pointing a store at the new head.
 */
import type { EntryWrite } from "../../core/change-set.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import {
  type Bucket,
  bucketOf,
  comparePaths,
  emptyHead,
  type Head,
  type MemoryEntry,
  makeBucket,
  makeHead,
} from "../../core/memory.ts";
import { mergeEntries } from "../../core/merge-entries.ts";
import { createLru } from "../../lib/lru.ts";
import type { Digest } from "../../ports/digest.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";

/** About 16 stores of 10,000 memories; a bucket of such a store is some 40 kB in memory. */
const cachedBuckets = 1_024;

export interface Heads {
  /** Must name a head that was put; a missing one is a bug or damage, and answers `internal`. */
  load(tenant: string, hash: string): Promise<Head>;
  /** All entries, sorted by path. */
  list(tenant: string, head: Head): Promise<MemoryEntry[]>;
  /** Entries by path; absent paths are left out. Reads only the buckets of those paths. */
  find(tenant: string, head: Head, paths: readonly string[]): Promise<Map<string, MemoryEntry>>;
  /** The first `limit` entries, by path, of those at or after `from` that begin with `prefix`. Sorts no more than it answers with. */
  range(
    tenant: string,
    head: Head,
    query: { readonly prefix: string; readonly from: string; readonly limit: number },
  ): Promise<MemoryEntry[]>;
  /** All entries, sorted by path, of a head that no store shows any more; null when it or a part of it was swept. */
  listKept(tenant: string, hash: string): Promise<MemoryEntry[] | null>;
  /** The first `limit` entries below each of the folders, which end in "/"; reads the buckets once for all of them. */
  below(tenant: string, head: Head, folders: readonly string[], limit: number): Promise<MemoryEntry[]>;
  /** Puts the buckets and the head that follow from the writes, and answers with it; no store shows it yet. */
  derive(tenant: string, base: Head, writes: readonly EntryWrite[], now: number): Promise<Head>;
}

export function createHeads(deps: { readonly memories: MemoryStores; readonly digest: Digest }): Heads {
  const { memories, digest } = deps;
  const empty = emptyHead(digest.sha256);
  const cache = createLru<readonly MemoryEntry[]>(cachedBuckets);

  /** Those of the buckets that are there. */
  async function readBuckets(
    tenant: string,
    hashes: readonly string[],
  ): Promise<{ found: Map<string, readonly MemoryEntry[]>; missing: ReadonlySet<string> }> {
    const found = new Map<string, readonly MemoryEntry[]>();
    const missing = new Set<string>();
    for (const hash of hashes) {
      if (hash === "") continue;
      const cached = cache.get(`${tenant}/${hash}`);
      if (cached === undefined) missing.add(hash);
      else found.set(hash, cached);
    }
    if (missing.size > 0) {
      for (const bucket of await memories.getBuckets({ tenant, hashes: [...missing] })) {
        found.set(bucket.hash, bucket.entries);
        cache.set(`${tenant}/${bucket.hash}`, bucket.entries);
        missing.delete(bucket.hash);
      }
    }
    return { found, missing };
  }

  async function loadBuckets(
    tenant: string,
    hashes: readonly string[],
  ): Promise<Map<string, readonly MemoryEntry[]>> {
    const { found, missing } = await readBuckets(tenant, hashes);
    const lost = missing.values().next();
    if (!lost.done) throw new ReveriedError("internal", `bucket ${lost.value} is missing from the storage`);
    return found;
  }

  return {
    async load(tenant, hash) {
      if (hash === empty.hash) return empty;
      const head = await memories.getHead({ tenant, hash });
      if (head === null) throw new ReveriedError("internal", `head ${hash} is missing from the storage`);
      return head;
    },

    async list(tenant, head) {
      const buckets = await loadBuckets(tenant, head.buckets);
      return [...buckets.values()].flat().sort((a, b) => comparePaths(a.path, b.path));
    },

    async find(tenant, head, paths) {
      const hashes = [...new Set(paths.map((path) => head.buckets[bucketOf(path)] ?? ""))];
      const wanted = new Set(paths);
      const found = new Map<string, MemoryEntry>();
      for (const entries of (await loadBuckets(tenant, hashes)).values()) {
        for (const entry of entries) if (wanted.has(entry.path)) found.set(entry.path, entry);
      }
      return found;
    },

    async range(tenant, head, query) {
      const buckets = await loadBuckets(tenant, head.buckets);
      return mergeEntries([...buckets.values()], query);
    },

    async listKept(tenant, hash) {
      if (hash === empty.hash) return [];
      const head = await memories.getHead({ tenant, hash });
      if (head === null) return null;
      const { found, missing } = await readBuckets(tenant, head.buckets);
      if (missing.size > 0) return null;
      return [...found.values()].flat().sort((a, b) => comparePaths(a.path, b.path));
    },

    async below(tenant, head, folders, limit) {
      const runs = [...(await loadBuckets(tenant, head.buckets)).values()];
      return folders.flatMap((prefix) => mergeEntries(runs, { prefix, from: "", limit }));
    },

    async derive(tenant, base, writes, now) {
      if (writes.length === 0) return base;
      const byBucket = Map.groupBy(writes, (write) => bucketOf(write.path));
      const touched = [...byBucket.keys()];
      const stored = await loadBuckets(
        tenant,
        touched.map((index) => base.buckets[index] ?? ""),
      );
      const buckets = [...base.buckets];
      const made: Bucket[] = [];
      let { entryCount, totalBytes } = base;
      for (const [index, bucketWrites] of byBucket) {
        const before = stored.get(base.buckets[index] ?? "") ?? [];
        const after = new Map(before.map((entry) => [entry.path, entry]));
        for (const write of bucketWrites) {
          if (write.kind === "put") after.set(write.path, write.entry);
          else after.delete(write.path);
        }
        const bucket = makeBucket([...after.values()], digest.sha256);
        buckets[index] = bucket.hash;
        entryCount += bucket.entries.length - before.length;
        totalBytes += sumBytes(bucket.entries) - sumBytes(before);
        if (bucket.hash !== "") made.push(bucket);
      }
      checkSize(base, { entryCount, totalBytes });
      const head = makeHead(buckets, entryCount, totalBytes, digest.sha256);
      if (head.hash === base.hash) return base;
      // In any order: nothing shows the head until a store is switched to it, and that waits for both.
      await Promise.all([
        memories.putBuckets({ tenant, buckets: made, now }),
        memories.putHead({ tenant, head, now }),
      ]);
      for (const bucket of made) cache.set(`${tenant}/${bucket.hash}`, bucket.entries);
      return head;
    },
  };
}

/** A store over a bound may still shrink. */
function checkSize(base: Head, next: Pick<Head, "entryCount" | "totalBytes">): void {
  const { memoriesPerStore, storeBytes } = limits;
  if (next.entryCount > memoriesPerStore && next.entryCount > base.entryCount) {
    throw new ReveriedError(
      "resource_exhausted",
      `the store would have ${next.entryCount} memories, more than ${memoriesPerStore}; delete some, or use a second store`,
      { details: { field: "memories", limit: memoriesPerStore } },
    );
  }
  if (next.totalBytes > storeBytes && next.totalBytes > base.totalBytes) {
    throw new ReveriedError(
      "resource_exhausted",
      `the store would have ${next.totalBytes} bytes, more than ${storeBytes}; delete some memories, or use a second store`,
      { details: { field: "memories", limit: storeBytes } },
    );
  }
}

function sumBytes(entries: readonly MemoryEntry[]): number {
  return entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
}
