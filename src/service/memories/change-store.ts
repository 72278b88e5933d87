import { notFound, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";

/**
 * Writes what is neither head nor revision of a store: `next` answers with the store as it should be, computed again
 * when somebody else was faster, or with the very store it was given when there is nothing to write. The edition is
 * raised here.
 */
export async function changeStore(
  deps: Pick<ServiceDeps, "memories">,
  read: MemoryStore,
  next: (store: MemoryStore) => MemoryStore | Promise<MemoryStore>,
): Promise<MemoryStore> {
  let store = read;
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    const changed = await next(store);
    if (changed === store) return store;
    const write = { read: store, next: { ...changed, edition: store.edition + 1 } };
    const saved = await deps.memories.save(write);
    if (saved.outcome === "saved") return saved.store;
    if (saved.store === null) throw notFound("memory store", store.id);
    store = saved.store;
  }
  throw new ReveriedError(
    "unavailable",
    `memory store ${store.id} changes faster than it can be written; try again`,
  );
}
