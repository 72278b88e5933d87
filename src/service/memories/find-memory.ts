import { notFound } from "../../core/errors.ts";
import { type MemoryEntry, memoryIdIn } from "../../core/memory.ts";
import type { VersionFilter } from "../../ports/memory-store.ts";
import type { ServiceDeps } from "../deps.ts";
import type { StoreView } from "./get-memory-store.ts";

/**
 * The entry of the memory with this id, as the store shows it; `not_found` when it shows none. Its newest version
 * names its path, so one bucket is read. A memory that came with a copied store has no version of its own, and one
 * that moved since the head was read stands elsewhere: those are looked for in the whole head.
 */
export async function findMemory(
  deps: Pick<ServiceDeps, "memories" | "heads" | "digest">,
  { store, head }: StoreView,
  id: string,
): Promise<MemoryEntry> {
  const { tenant, id: storeId } = store;
  const isIt = (entry: MemoryEntry) => memoryIdIn(storeId, entry, deps.digest.sha256) === id;
  const filter: VersionFilter = {
    memoryId: id,
    operation: null,
    actorId: null,
    createdFrom: null,
    createdTo: null,
  };
  const [newest] = await deps.memories.listVersions({ tenant, storeId, filter, after: null, limit: 1 });
  const path = newest?.path ?? null;
  if (path !== null) {
    const entry = (await deps.heads.find(tenant, head, [path])).get(path);
    if (entry !== undefined && isIt(entry)) return entry;
  }
  const found = (await deps.heads.list(tenant, head)).find(isIt);
  if (found === undefined) throw notFound("memory", id);
  return found;
}
