import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { changeStore } from "./change-store.ts";
import { findStore, type StoreView } from "./get-memory-store.ts";

/** Makes a store read-only for good. Repeating it changes nothing. */
export type ArchiveMemoryStore = (
  principal: Principal,
  request: { readonly id: string },
) => Promise<StoreView>;

export function createArchiveMemoryStore(
  deps: Pick<ServiceDeps, "memories" | "heads" | "clock">,
): ArchiveMemoryStore {
  return async (principal, { id }) => {
    const { store } = await findStore(deps, principal, "id", id);
    const now = deps.clock.now();
    const archived = await changeStore(deps, store, (current) =>
      current.archivedAt === null ? { ...current, archivedAt: now, updatedAt: now } : current,
    );
    return { store: archived, head: await deps.heads.load(archived.tenant, archived.head) };
  };
}
