import { checkMetadata, checkName, checkText } from "../../core/check.ts";
import { idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { emptyHead } from "../../core/memory.ts";
import type { Principal } from "../../core/principal.ts";
import { checkProtectedPaths } from "../../core/protected-paths.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { requireRoom } from "../quota.ts";
import type { StoreView } from "./get-memory-store.ts";

export interface CreateMemoryStoreRequest {
  readonly name: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly protectedPaths: readonly string[];
}

/** Creates an empty store. Names need not be unique. */
export type CreateMemoryStore = (
  principal: Principal,
  request: CreateMemoryStoreRequest,
) => Promise<StoreView>;

export function createCreateMemoryStore(
  deps: Pick<ServiceDeps, "memories" | "clock" | "random" | "digest">,
): CreateMemoryStore {
  return async ({ tenant }, { name, description, metadata, protectedPaths }) => {
    checkName("name", name, limits.nameLength);
    checkText("description", description, limits.descriptionLength);
    checkMetadata("metadata", metadata);
    checkProtectedPaths("protected_paths", protectedPaths);
    await requireStoreRoom(deps, tenant);
    const now = deps.clock.now();
    const head = emptyHead(deps.digest.sha256);
    const { store } = await deps.memories.create({
      id: newId(deps, idPrefixes.memoryStore, now),
      tenant,
      name,
      description,
      metadata,
      collection: null,
      protectedPaths,
      head: head.hash,
      revision: 0,
      origin: null,
      edition: 1,
      createdAt: now,
      updatedAt: now,
      archivedAt: null,
    });
    return { store, head };
  };
}

/** Refuses one more store than a tenant may have, whoever makes it. */
export async function requireStoreRoom(
  { memories }: Pick<ServiceDeps, "memories">,
  tenant: string,
): Promise<void> {
  const config = { what: "memory stores", max: limits.storesPerTenant, instead: "delete some" };
  await requireRoom((query) => memories.count(query), config, tenant);
}
