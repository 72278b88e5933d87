import { pageSize } from "../../core/check.ts";
import type { Dream } from "../../core/dream.ts";
import { invalidArgument } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { DreamFilter } from "../../ports/dream-store.ts";
import type { ServiceDeps } from "../deps.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";

export interface ListDreamsRequest {
  /** 0 for the default. */
  readonly pageSize: number;
  readonly pageToken: string;
  readonly filter: DreamFilter;
}

export interface DreamPage {
  readonly dreams: readonly Dream[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** Dreams of the tenant, newest first. A page is stable while dreams are created. */
export type ListDreams = (principal: Principal, request: ListDreamsRequest) => Promise<DreamPage>;

export function createListDreams(deps: Pick<ServiceDeps, "dreams" | "digest">): ListDreams {
  return async ({ tenant }, { pageSize: requested, pageToken, filter }) => {
    const size = pageSize(requested, { default: limits.pageSizeDefault, max: limits.pageSizeMax });
    const { createdAfter, createdBefore } = filter;
    if (createdAfter !== null && createdBefore !== null && createdAfter >= createdBefore) {
      throw invalidArgument("created_after", "must be before created_before");
    }
    if (filter.memoryStoreId !== null) checkId("input_memory_store_id", filter.memoryStoreId);
    const query = [
      "dreams",
      tenant,
      filter.statuses.toSorted(),
      filter.includeArchived,
      createdAfter,
      createdBefore,
      filter.memoryStoreId,
    ];
    const after = decodePageToken(deps.digest, query, pageToken, { createdAt: "number", id: "string" });
    // One more than asked for tells whether there is a next page.
    const found = await deps.dreams.list({ tenant, filter, after, limit: size + 1 });
    const dreams = found.slice(0, size);
    const last = dreams.at(-1);
    const nextPageToken =
      found.length > size && last !== undefined
        ? encodePageToken(deps.digest, query, { createdAt: last.createdAt, id: last.id })
        : "";
    return { dreams, nextPageToken };
  };
}
