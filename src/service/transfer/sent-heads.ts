/**
 * Which parts an export need not send again. A head never changes, so one that was sent with all its parts tells of each of
 * them for ever. The last heads are remembered, and no set of hashes grows with the export: a copy of a store is sent as what
 * differs from the store, while a part that no remembered head has may be sent twice, which does no harm.
 */
import { limits } from "../../core/limits.ts";
import type { Bucket, Head } from "../../core/memory.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";

export interface SentHeads {
  /** Hashes, the one used longest ago first. */
  hashes(): readonly string[];
  /** Whether the head was sent; it counts as used then. */
  has(hash: string): boolean;
  /** Remembers a head that was sent with all its parts. */
  add(head: Head): void;
  /** What of `head` was sent with others. */
  knownOf(head: Head): KnownParts;
}

export interface KnownParts {
  hasBucket(hash: string): boolean;
  /** Hashes of texts that need not be sent for the bucket at this place. */
  contentsAt(index: number): Promise<ReadonlySet<string>>;
}

/** Takes up what an earlier part of the export sent; a head that is gone since is forgotten. */
export async function createSentHeads(
  deps: { readonly memories: Pick<MemoryStores, "getHead" | "getBuckets"> },
  tenant: string,
  hashes: readonly string[],
): Promise<SentHeads> {
  // A Map iterates in the order of insertion, so the first is the one used longest ago.
  const heads = new Map<string, Head>();
  for (const hash of hashes) {
    const head = await deps.memories.getHead({ tenant, hash });
    if (head !== null) heads.set(hash, head);
  }
  function use(head: Head): void {
    heads.delete(head.hash);
    heads.set(head.hash, head);
    if (heads.size <= limits.transferHeadsRemembered) return;
    const oldest = heads.keys().next();
    if (!oldest.done) heads.delete(oldest.value);
  }
  return {
    hashes: () => [...heads.keys()],
    has(hash) {
      const head = heads.get(hash);
      if (head !== undefined) use(head);
      return head !== undefined;
    },
    add: use,
    knownOf(head) {
      const buckets = new Set([...heads.values()].flatMap((sent) => sent.buckets));
      const closest = closestTo(head, [...heads.values()]);
      return {
        hasBucket: (hash) => buckets.has(hash),
        async contentsAt(index) {
          const hash = closest?.buckets[index] ?? "";
          if (hash === "") return new Set();
          const found: readonly Bucket[] = await deps.memories.getBuckets({ tenant, hashes: [hash] });
          return new Set(found.flatMap(({ entries }) => entries.map(({ contentHash }) => contentHash)));
        },
      };
    },
  };
}

/** The head that has the most buckets in the same place, the last used among equals; null when none has any. */
function closestTo(head: Head, sent: readonly Head[]): Head | null {
  let closest: Head | null = null;
  let most = 0;
  for (const one of sent) {
    const same = one.buckets.filter((hash, index) => hash !== "" && hash === head.buckets[index]).length;
    if (same === 0 || same < most) continue;
    most = same;
    closest = one;
  }
  return closest;
}
