import { notFound } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import { checkPath } from "../../core/memory-path.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { findMemory } from "./find-memory.ts";
import { type MemoryView, viewMemory } from "./memory-view.ts";
import { readShown } from "./texts.ts";

export type MemoryKey =
  | { readonly by: "id"; readonly id: string }
  | { readonly by: "path"; readonly path: string };

/** One memory with its text; `not_found` when the store has none of that key. */
export type GetMemory = (
  principal: Principal,
  request: { readonly memoryStoreId: string; readonly key: MemoryKey },
) => Promise<MemoryView>;

export function createGetMemory(deps: Pick<ServiceDeps, "memories" | "heads" | "digest">): GetMemory {
  return async (principal, { memoryStoreId, key }) => {
    if (key.by === "id") checkId("id", key.id);
    else checkPath("path", key.path);
    const { view, read, text } = await readShown(deps, principal, memoryStoreId, async (shown) => {
      const entry =
        key.by === "id"
          ? await findMemory(deps, shown, key.id)
          : (await deps.heads.find(principal.tenant, shown.head, [key.path])).get(key.path);
      if (entry === undefined) throw notFound("memory", key.by === "id" ? key.id : key.path);
      return { entry, hashes: [entry.contentHash] };
    });
    return viewMemory(deps, view.store.id, read.entry, text(read.entry.contentHash));
  };
}
