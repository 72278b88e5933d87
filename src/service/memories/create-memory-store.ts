import { checkMetadata, checkName, checkText } from "../../core/check.ts";
import { idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { emptyHead } from "../../core/memory.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import type { StoreView } from "./get-memory-store.ts";

export interface CreateMemoryStoreRequest {
  readonly name: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Creates an empty store. Names need not be unique. */
export type CreateMemoryStore = (
  principal: Principal,
  request: CreateMemoryStoreRequest,
) => Promise<StoreView>;

export function createCreateMemoryStore(
  deps: Pick<ServiceDeps, "memories" | "clock" | "random" | "digest">,
): CreateMemoryStore {
  return async ({ tenant }, { name, description, metadata }) => {
    checkName("name", name, limits.nameLength);
    checkText("description", description, limits.descriptionLength);
    checkMetadata("metadata", metadata);
    const now = deps.clock.now();
    const head = emptyHead(deps.digest.sha256);
    const { store } = await deps.memories.create({
      id: newId(deps, idPrefixes.memoryStore, now),
      tenant,
      name,
      description,
      metadata,
      collection: null,
      head: head.hash,
      createdAt: now,
      updatedAt: now,
      archivedAt: null,
    });
    return { store, head };
  };
}
