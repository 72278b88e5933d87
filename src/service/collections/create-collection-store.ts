import type { CollectionKey } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import { idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { emptyHead, type MemoryStore } from "../../core/memory.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { requireStoreRoom } from "../memories/create-memory-store.ts";

/** The store of a collection, made if there is none; however many callers race, there is one. */
export async function createCollectionStore(
  deps: Pick<ServiceDeps, "memories" | "clock" | "random" | "digest">,
  { tenant }: Principal,
  collection: CollectionKey,
): Promise<MemoryStore> {
  const found = await deps.memories.findCollection({ tenant, collection });
  if (found !== null) return usable(found);
  await requireStoreRoom(deps, tenant);
  const now = deps.clock.now();
  const created = await deps.memories.create({
    id: newId(deps, idPrefixes.memoryStore, now),
    tenant,
    // A name is bounded, peers' names are not so short; the key itself is kept whole beside it.
    name:
      [...`${collection.observer} on ${collection.observed}`].slice(0, limits.nameLength).join("") ||
      "collection",
    description: "",
    metadata: {},
    collection,
    protectedPaths: [],
    head: emptyHead(deps.digest.sha256).hash,
    revision: 0,
    origin: null,
    edition: 1,
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  });
  return usable(created.store);
}

function usable(store: MemoryStore): MemoryStore {
  if (store.archivedAt === null) return store;
  throw new ReveriedError("failed_precondition", `the collection's memory store ${store.id} is archived`);
}
