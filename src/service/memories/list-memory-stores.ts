import { pageSize } from "../../core/check.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";
import type { StoreView } from "./get-memory-store.ts";

export interface ListMemoryStoresRequest {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly includeArchived: boolean;
}

export interface MemoryStorePage {
  readonly stores: readonly StoreView[];
  readonly nextPageToken: string;
}

/** Stores of the tenant, newest first. */
export type ListMemoryStores = (
  principal: Principal,
  request: ListMemoryStoresRequest,
) => Promise<MemoryStorePage>;

export function createListMemoryStores(
  deps: Pick<ServiceDeps, "memories" | "heads" | "digest">,
): ListMemoryStores {
  return async ({ tenant }, { pageSize: requested, pageToken, includeArchived }) => {
    const size = pageSize(requested, { default: limits.pageSizeDefault, max: limits.pageSizeMax });
    const query = ["memory stores", tenant, includeArchived];
    const after = decodePageToken(deps.digest, query, pageToken, { createdAt: "number", id: "string" });
    const found = await deps.memories.list({ tenant, includeArchived, after, limit: size + 1 });
    const page = found.slice(0, size);
    const last = page.at(-1);
    return {
      stores: await Promise.all(
        page.map(async (store) => ({ store, head: await deps.heads.load(tenant, store.head) })),
      ),
      nextPageToken:
        found.length > size && last !== undefined
          ? encodePageToken(deps.digest, query, { createdAt: last.createdAt, id: last.id })
          : "",
    };
  };
}
