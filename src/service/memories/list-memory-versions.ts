import { pageSize } from "../../core/check.ts";
import { checkId } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import {
  comparePaths,
  type Head,
  type MemoryEntry,
  type MemoryStore,
  memoryIdIn,
} from "../../core/memory.ts";
import { afterPath } from "../../core/memory-path.ts";
import { type MemoryOperation, type MemoryVersion, originVersion } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import type { VersionFilter } from "../../ports/memory-store.ts";
import type { ServiceDeps } from "../deps.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";
import { findStore } from "./get-memory-store.ts";
import { beforeRevisions, type VersionView } from "./memory-version-view.ts";

export interface ListMemoryVersionsRequest {
  readonly memoryStoreId: string;
  /** All that are given must match; null for any. Times are inclusive. */
  readonly memoryId: string | null;
  readonly operation: MemoryOperation | null;
  readonly actorId: string | null;
  readonly createdFrom: number | null;
  readonly createdTo: number | null;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface VersionPage {
  readonly versions: readonly VersionView[];
  readonly nextPageToken: string;
}

/**
 * Versions of a store, newest first and without their texts; archived stores too. What a copied store began with comes
 * after all others, in the order of paths.
 */
export type ListMemoryVersions = (
  principal: Principal,
  request: ListMemoryVersionsRequest,
) => Promise<VersionPage>;

type Deps = Pick<ServiceDeps, "memories" | "heads" | "digest">;

/** Where a page ended: at a version that has a row, or (path) at one of those the store began with. */
const shape = { revision: "number", number: "number", path: "string" } as const;

export function createListMemoryVersions(deps: Deps): ListMemoryVersions {
  return async (principal, request) => {
    const { tenant } = principal;
    const size = pageSize(request.pageSize, { default: limits.pageSizeDefault, max: limits.pageSizeMax });
    const { memoryStoreId: storeId, memoryId, operation, actorId, createdFrom, createdTo } = request;
    if (memoryId !== null) checkId("memory_id", memoryId);
    if (actorId !== null) checkId("actor_id", actorId);
    const filter: VersionFilter = { memoryId, operation, actorId, createdFrom, createdTo };
    const query = ["memory versions", tenant, storeId, memoryId, operation, actorId, createdFrom, createdTo];
    const after = decodePageToken(deps.digest, query, request.pageToken, shape);
    const { store } = await findStore(deps, principal, "memory_store_id", storeId);
    const inOrigin = after !== null && after.path !== "";
    const found = inOrigin
      ? []
      : await deps.memories.listVersions({ tenant, storeId, filter, after, limit: size + 1 });
    const rows = found.slice(0, size);
    const room = size - rows.length;
    // When the rows fill the page, one look beyond them still tells whether it is the last.
    const origin =
      found.length > size ? [] : await originVersions(deps, store, filter, after?.path ?? "", room + 1);
    const versions = [...rows, ...origin.slice(0, room)];
    const last = versions.at(-1);
    const more = found.length > size || origin.length > room;
    const position = { revision: last?.revision ?? 0, number: last?.number ?? 0 };
    const path = versions.length > rows.length ? (last?.path ?? "") : "";
    return {
      versions: versions.map((version) => ({ ...version, content: null })),
      nextPageToken: more ? encodePageToken(deps.digest, query, { ...position, path }) : "",
    };
  };
}

/** The first `limit` versions, by path, that the store began with and that have no row of their own, behind `after`. */
async function originVersions(
  deps: Deps,
  store: MemoryStore,
  filter: VersionFilter,
  after: string,
  limit: number,
): Promise<MemoryVersion[]> {
  if (store.origin === null || !passesOrigin(store, filter)) return [];
  const head = await deps.heads.load(store.tenant, store.origin.head);
  const staged = await findStaged(deps, store);
  const found: MemoryVersion[] = [];
  let from = after === "" ? "" : afterPath(after);
  while (found.length < limit) {
    const asked = limit - found.length;
    const entries = await originEntries(deps, store, head, filter.memoryId, from, asked);
    const shown = await Promise.all(
      entries.map(async (entry) => {
        const version = originVersion(store, entry, deps.digest.sha256);
        return (await staged(version.id)) ? [] : [version];
      }),
    );
    found.push(...shown.flat());
    const last = entries.at(-1);
    if (entries.length < asked || last === undefined) break;
    from = afterPath(last.path);
  }
  return found;
}

/** All that a store began with are created with it and by nobody. */
function passesOrigin({ createdAt }: MemoryStore, filter: VersionFilter): boolean {
  const { operation, actorId, createdFrom, createdTo } = filter;
  return (
    (operation === null || operation === "created") &&
    actorId === null &&
    createdAt >= (createdFrom ?? createdAt) &&
    createdAt <= (createdTo ?? createdAt)
  );
}

async function originEntries(
  deps: Pick<Deps, "heads" | "digest">,
  store: MemoryStore,
  head: Head,
  memoryId: string | null,
  from: string,
  limit: number,
): Promise<MemoryEntry[]> {
  if (memoryId === null) return deps.heads.range(store.tenant, head, { prefix: "", from, limit });
  const all = await deps.heads.list(store.tenant, head);
  const isIt = (entry: MemoryEntry) => memoryIdIn(store.id, entry, deps.digest.sha256) === memoryId;
  return all.filter((entry) => comparePaths(entry.path, from) >= 0 && isIt(entry)).slice(0, limit);
}

/**
 * Tells of a version the store began with whether it has a row: one that is being redacted has, and stays in the origin
 * for a moment. Only a store where that ever happened is asked version by version.
 */
async function findStaged(
  { memories }: Pick<Deps, "memories">,
  { tenant, id: storeId }: MemoryStore,
): Promise<(id: string) => Promise<boolean>> {
  const any = await memories.listVersions({ tenant, storeId, ...beforeRevisions, limit: 1 });
  if (any.length === 0) return async () => false;
  return async (id) => (await memories.getVersion({ tenant, storeId, id })) !== null;
}
