import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import { storePages } from "./store-pages.ts";

/** How many buckets are held at once; a whole store's. */
const bucketsPerRead = limits.headBuckets;

type Deps = Pick<ServiceDeps, "memories" | "heads">;

/**
 * Whether anything of the tenant still shows the content: a version that is not redacted, or an entry of what a store
 * holds now or began with. A copied store names texts without a version of its own, and a version that named one may be
 * swept, so heads are looked at, too; and as a memory may have moved before it was copied, at all of their paths. Buckets
 * that stores have in common are read once. Beyond `limits.copyScanBuckets` of them the answer is yes, unseen: a text that
 * is kept a day too long is better than a memory without its text.
 */
export async function isContentShown(deps: Deps, tenant: string, hash: string): Promise<boolean> {
  if (await deps.memories.isContentNamed({ tenant, hash })) return true;
  const seen = new Set<string>([""]);
  const unread: string[] = [];
  for await (const stores of storePages(deps, tenant)) {
    const hashes = [...new Set(stores.flatMap(headsOf))];
    for (const head of await Promise.all(hashes.map((one) => deps.heads.load(tenant, one)))) {
      for (const bucket of head.buckets) {
        if (!seen.has(bucket)) unread.push(bucket);
        seen.add(bucket);
      }
      if (seen.size > limits.copyScanBuckets) return true;
      while (unread.length >= bucketsPerRead) {
        if (await bucketsName(deps, tenant, unread.splice(0, bucketsPerRead), hash)) return true;
      }
    }
  }
  return unread.length > 0 && bucketsName(deps, tenant, unread, hash);
}

function headsOf({ head, origin }: MemoryStore): string[] {
  return origin === null ? [head] : [head, origin.head];
}

/** Read past the cache, which a walk over all stores would empty of what is in use. */
async function bucketsName(
  { memories }: Pick<Deps, "memories">,
  tenant: string,
  hashes: readonly string[],
  hash: string,
): Promise<boolean> {
  const buckets = await memories.getBuckets({ tenant, hashes });
  return buckets.some(({ entries }) => entries.some((entry) => entry.contentHash === hash));
}
