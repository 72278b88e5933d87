/**
 * Reading and deriving heads. A head and its buckets never change, so what was read once is kept in a bounded cache;
 * writing means putting new parts and, elsewhere, pointing a store at the new head.
 */
import type { EntryWrite } from "../../core/change-set.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import {
  bucketOf,
  comparePaths,
  emptyHead,
  type Head,
  type MemoryEntry,
  makeBucket,
  makeHead,
} from "../../core/memory.ts";
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
  /** Puts the buckets and the head that follow from the writes, and answers with it; no store shows it yet. */
  derive(tenant: string, base: Head, writes: readonly EntryWrite[], now: number): Promise<Head>;
}

export function createHeads(deps: { readonly memories: MemoryStores; readonly digest: Digest }): Heads {
  const { memories, digest } = deps;
  const empty = emptyHead(digest.sha256);
  const cache = createLru<readonly MemoryEntry[]>(cachedBuckets);

  async function loadBuckets(
    tenant: string,
    hashes: readonly string[],
  ): Promise<Map<string, readonly MemoryEntry[]>> {
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

    async derive(tenant, base, writes, now) {
      if (writes.length === 0) return base;
      const byBucket = Map.groupBy(writes, (write) => bucketOf(write.path));
      const touched = [...byBucket.keys()];
      const stored = await loadBuckets(
        tenant,
        touched.map((index) => base.buckets[index] ?? ""),
      );
      const buckets = [...base.buckets];
      const made = [];
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
      if (entryCount > limits.memoriesPerStore) {
        throw new ReveriedError(
          "resource_exhausted",
          `the store would have ${entryCount} memories, more than ${limits.memoriesPerStore}`,
          { details: { field: "memories", limit: limits.memoriesPerStore } },
        );
      }
      const head = makeHead(buckets, entryCount, totalBytes, digest.sha256);
      if (head.hash === base.hash) return base;
      // Parts before the whole: a head must never name a bucket that is not there.
      await memories.putBuckets({ tenant, buckets: made, now });
      await memories.putHead({ tenant, head, now });
      return head;
    },
  };
}

function sumBytes(entries: readonly MemoryEntry[]): number {
  return entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
}
