/**
 * What a copy began with stands for versions, too, and they age like others: once the store is older than the retention
 * its first head is narrowed to the entries that its memories still are.
 */
import { limits } from "../../core/limits.ts";
import {
  type Bucket,
  emptyHead,
  type Head,
  type MemoryEntry,
  type MemoryStore,
  makeBucket,
  makeHead,
} from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import { storePages } from "../memories/store-pages.ts";

type Deps = Pick<ServiceDeps, "memories" | "digest" | "clock">;

/** Of two heads at once. */
const bucketsPerRead = 4;

/** Narrows the first heads of the tenant's stores made before then, in steps, each of which answers with how many it narrowed. */
export async function* narrowOrigins(
  deps: Deps,
  tenant: string,
  before: number,
): AsyncGenerator<number, void> {
  for await (const page of storePages(deps, tenant)) {
    yield 0;
    for (const store of page) {
      if (store.createdAt < before && store.origin !== null && store.origin.head !== store.head) {
        yield* narrow(deps, store, store.origin);
      }
    }
  }
}

async function* narrow(
  deps: Deps,
  store: MemoryStore,
  origin: NonNullable<MemoryStore["origin"]>,
): AsyncGenerator<number, void> {
  const narrowed = yield* narrowedHead(deps, store, origin.head);
  if (narrowed === null) return;
  const { tenant } = store;
  const { head, made } = narrowed;
  if (head.entryCount > 0 && head.hash === origin.head) return;
  const now = deps.clock.now();
  if (head.entryCount > 0) {
    await deps.memories.putBuckets({ tenant, buckets: made, now });
    await deps.memories.putHead({ tenant, head, now });
  }
  const next = {
    ...store,
    origin: head.entryCount > 0 ? { ...origin, head: head.hash } : null,
    edition: store.edition + 1,
  };
  // Somebody else changed the store meanwhile: the next round comes to it again.
  const saved = await deps.memories.save({ read: store, next });
  yield saved.outcome === "saved" ? 1 : 0;
}

/** The first head with only what the store still shows, and the buckets that it needs anew; null when parts are not there. */
async function* narrowedHead(
  deps: Deps,
  { tenant, head: shown }: MemoryStore,
  first: string,
): AsyncGenerator<number, { readonly head: Head; readonly made: readonly Bucket[] } | null> {
  const [from, now] = [await readHead(deps, tenant, first), await readHead(deps, tenant, shown)];
  if (from === null || now === null) return null;
  const buckets: string[] = [];
  const made: Bucket[] = [];
  let entryCount = 0;
  let totalBytes = 0;
  for (let at = 0; at < limits.headBuckets; at += bucketsPerRead) {
    const places = Array.from({ length: bucketsPerRead }, (_, index) => at + index);
    const hashes = places.flatMap((place) => [from.buckets[place] ?? "", now.buckets[place] ?? ""]);
    const read = await readBuckets(deps, tenant, hashes);
    if (read === null) return null;
    for (const place of places) {
      const before = from.buckets[place] ?? "";
      const kept = stillShown(read.get(before) ?? [], read.get(now.buckets[place] ?? "") ?? []);
      const bucket = makeBucket(kept, deps.digest.sha256);
      if (bucket.hash !== before && bucket.hash !== "") made.push(bucket);
      buckets.push(bucket.hash);
      entryCount += kept.length;
      totalBytes += kept.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    }
    yield 0;
  }
  return { head: makeHead(buckets, entryCount, totalBytes, deps.digest.sha256), made };
}

async function readHead(deps: Deps, tenant: string, hash: string): Promise<Head | null> {
  const empty = emptyHead(deps.digest.sha256);
  return hash === empty.hash ? empty : await deps.memories.getHead({ tenant, hash });
}

/** Entries by the hash of their bucket; null when one is not there. */
async function readBuckets(
  deps: Deps,
  tenant: string,
  hashes: readonly string[],
): Promise<Map<string, readonly MemoryEntry[]> | null> {
  const wanted = [...new Set(hashes.filter((hash) => hash !== ""))];
  const found = wanted.length === 0 ? [] : await deps.memories.getBuckets({ tenant, hashes: wanted });
  if (found.length < wanted.length) return null;
  return new Map(found.map(({ hash, entries }) => [hash, entries]));
}

/** A memory that keeps its version keeps its path, and so its bucket. */
function stillShown(before: readonly MemoryEntry[], now: readonly MemoryEntry[]): MemoryEntry[] {
  const versions = new Map(now.map((entry) => [entry.path, entry.versionId]));
  return before.filter((entry) => versions.get(entry.path) === entry.versionId);
}
