import { checkMetadata, checkName, checkText } from "../../core/check.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import { patchMetadata, sameMetadata } from "../../core/patch-metadata.ts";
import type { Principal } from "../../core/principal.ts";
import { checkProtectedPaths } from "../../core/protected-paths.ts";
import type { ServiceDeps } from "../deps.ts";
import { changeStore } from "./change-store.ts";
import { checkWritable, findStore, type StoreView } from "./get-memory-store.ts";

/** null leaves a field as it is. */
export interface UpdateMemoryStoreRequest {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  /** Pairs to set; an empty value removes the key. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly protectedPaths: readonly string[] | null;
}

/** Changes what a store is called and what it protects. An archived one is refused; a change of nothing writes nothing. */
export type UpdateMemoryStore = (
  principal: Principal,
  request: UpdateMemoryStoreRequest,
) => Promise<StoreView>;

export function createUpdateMemoryStore(
  deps: Pick<ServiceDeps, "memories" | "heads" | "clock">,
): UpdateMemoryStore {
  return async (principal, request) => {
    const { id, name, description, protectedPaths } = request;
    if (name !== null) checkName("name", name, limits.nameLength);
    if (description !== null) checkText("description", description, limits.descriptionLength);
    if (protectedPaths !== null) checkProtectedPaths("protected_paths.paths", protectedPaths);
    const { store } = await findStore(deps, principal, "id", id);
    const now = deps.clock.now();
    const changed = await changeStore(deps, store, (current) => {
      checkWritable(current, "id");
      return patched(current, request, now);
    });
    return { store: changed, head: await deps.heads.load(changed.tenant, changed.head) };
  };
}

/** The store after the request, or the very store when it is so already. */
function patched(store: MemoryStore, request: UpdateMemoryStoreRequest, now: number): MemoryStore {
  const name = request.name ?? store.name;
  const description = request.description ?? store.description;
  const metadata = patchMetadata(store.metadata, request.metadata);
  const protectedPaths = request.protectedPaths ?? store.protectedPaths;
  const described =
    name !== store.name || description !== store.description || !sameMetadata(metadata, store.metadata);
  if (!described && sameList(protectedPaths, store.protectedPaths)) return store;
  checkMetadata("metadata", metadata);
  const updatedAt = described ? now : store.updatedAt;
  return { ...store, name, description, metadata, protectedPaths, updatedAt };
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
