import { notFound, ReveriedError } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import type { Head, MemoryStore } from "../../core/memory.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";

/** A store with the head it shows: how many memories, how many bytes. */
export interface StoreView {
  readonly store: MemoryStore;
  readonly head: Head;
}

/** One store of the caller's tenant, archived ones too; `not_found` otherwise. */
export type GetMemoryStore = (principal: Principal, request: { readonly id: string }) => Promise<StoreView>;

export function createGetMemoryStore(deps: Pick<ServiceDeps, "memories" | "heads">): GetMemoryStore {
  return (principal, { id }) => findStore(deps, principal, "id", id);
}

export async function findStore(
  deps: Pick<ServiceDeps, "memories" | "heads">,
  { tenant }: Principal,
  field: string,
  id: string,
): Promise<StoreView> {
  checkId(field, id);
  const store = await deps.memories.get({ tenant, id });
  if (store === null) throw notFound("memory store", id);
  return { store, head: await deps.heads.load(tenant, store.head) };
}

/** Refuses an archived store, which is read-only for good. */
export function checkWritable(store: MemoryStore, field = "memory_store_id"): void {
  if (store.archivedAt === null) return;
  throw new ReveriedError(
    "failed_precondition",
    `memory store ${store.id} is archived; an archived store is read-only`,
    { details: { field } },
  );
}
