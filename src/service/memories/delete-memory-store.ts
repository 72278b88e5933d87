import { notFound } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { removeRows } from "../remove-rows.ts";

/**
 * Deletes a store with all its memories and versions, archived ones too; from then on it is `not_found`. A dream that
 * reads or holds it does not stand in the way: it fails by itself.
 */
export type DeleteMemoryStore = (principal: Principal, request: { readonly id: string }) => Promise<void>;

export function createDeleteMemoryStore(deps: Pick<ServiceDeps, "memories" | "sweep">): DeleteMemoryStore {
  return async ({ tenant }, { id }) => {
    checkId("id", id);
    if (!(await deps.memories.delete({ tenant, id }))) throw notFound("memory store", id);
    await removeRows((limit) => deps.sweep.removeStore({ tenant, storeId: id, limit }));
  };
}
