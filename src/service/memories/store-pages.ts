import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import { listPages } from "../list-pages.ts";

/** All stores of a tenant, archived ones too, newest first. */
export function storePages(
  deps: Pick<ServiceDeps, "memories">,
  tenant: string,
): AsyncGenerator<readonly MemoryStore[]> {
  return listPages(
    (after, limit) => deps.memories.list({ tenant, includeArchived: true, after, limit }),
    limits.pageSizeMax,
  );
}
