import { ReveriedError } from "../../core/errors.ts";
import { type MemoryEntry, memoryIdIn } from "../../core/memory.ts";
import { ancestorsOf } from "../../core/memory-path.ts";
import type { ServiceDeps } from "../deps.ts";
import type { StoreView } from "./get-memory-store.ts";

interface NewPaths {
  /** The request's field, for messages. */
  readonly field: string;
  /** Paths at which nothing is yet, each once. */
  readonly paths: readonly string[];
  /** The path of a memory that goes away in the same write; null for none. */
  readonly leaving: string | null;
}

/**
 * Refuses paths that would make a memory a folder of another, of the store or of the same call: `conflict` names the
 * memory in the way. Looks only at the folders above and the first memory below each path.
 */
export async function checkRoom(
  deps: Pick<ServiceDeps, "heads" | "digest">,
  { store, head }: StoreView,
  { field, paths, leaving }: NewPaths,
): Promise<void> {
  const made = new Set(paths);
  for (const path of paths) {
    const folder = ancestorsOf(path).find((ancestor) => made.has(ancestor));
    if (folder !== undefined) throw folderConflict(field, folder, path, null);
  }
  const { tenant } = store;
  const ancestors = [...new Set(paths.flatMap(ancestorsOf))].filter((path) => path !== leaving);
  const folders = paths.map((path) => `${path}/`);
  const [above, below] = await Promise.all([
    deps.heads.find(tenant, head, ancestors),
    deps.heads.below(tenant, head, folders, leaving === null ? 1 : 2),
  ]);
  const idOf = (entry: MemoryEntry) => memoryIdIn(store.id, entry, deps.digest.sha256);
  for (const path of paths) {
    const folder = ancestorsOf(path).flatMap((ancestor) => above.get(ancestor) ?? [])[0];
    if (folder !== undefined) throw folderConflict(field, folder.path, path, idOf(folder));
  }
  const inside = below.find((entry) => entry.path !== leaving);
  if (inside === undefined) return;
  const path = ancestorsOf(inside.path).find((ancestor) => made.has(ancestor)) ?? "";
  throw folderConflict(field, path, inside.path, idOf(inside));
}

/** `blockedBy` is the id of the one that is there already; null when both are new. */
function folderConflict(field: string, folder: string, path: string, blockedBy: string | null) {
  const both = `${JSON.stringify(folder)} would be both a memory and the folder of ${JSON.stringify(path)}`;
  const what = blockedBy === null ? "use another path" : `memory ${blockedBy} is in the way`;
  return new ReveriedError("conflict", `${field}: ${both}; ${what}`, {
    details: { field, ...(blockedBy === null ? {} : { blockedBy }) },
  });
}
