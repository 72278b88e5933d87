/** Stores with memories, made through the use cases of a bundle. */
import assert from "node:assert";
import type { MemoryStore } from "../../src/core/memory.ts";
import type { MemoryView } from "../../src/service/memories/memory-view.ts";
import type { Bundle } from "./bundle.ts";
import { aStore } from "./factories.ts";

/** The id of a new store that has these memories. */
export async function storeWith(world: Bundle, memories: Record<string, string> = {}): Promise<string> {
  return (await world.inputs(memories)).storeId;
}

/** Puts texts by path, of which no path is expected to be anything. */
export function put(
  world: Bundle,
  memoryStoreId: string,
  memories: Record<string, string>,
): Promise<readonly MemoryView[]> {
  const texts = Object.entries(memories).map(([path, content]) => ({ path, content }));
  return world.useCases.putMemories(world.principal, { memoryStoreId, memories: texts });
}

export function memoryAt(world: Bundle, memoryStoreId: string, path: string): Promise<MemoryView> {
  return world.useCases.getMemory(world.principal, { memoryStoreId, key: { by: "path", path } });
}

/** A store that begins as a copy of what another shows now. */
export async function copyOf(world: Bundle, storeId: string): Promise<MemoryStore> {
  const { tenant } = world.principal;
  const from = await world.deps.memories.get({ tenant, id: storeId });
  assert(from !== null);
  const now = world.clock.now();
  const copy = aStore({ tenant, head: from.head, origin: { storeId, head: from.head }, createdAt: now });
  return (await world.deps.memories.create(copy)).store;
}
