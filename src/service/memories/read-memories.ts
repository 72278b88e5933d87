import { pageSize } from "../../core/check.ts";
import { invalidArgument, notFound } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { type MemoryEntry, memoryIdIn, versionIdIn } from "../../core/memory.ts";
import { checkPath } from "../../core/memory-path.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";
import { findStore } from "./get-memory-store.ts";
import { readTexts } from "./texts.ts";

/** A memory as its store shows it. */
export interface MemoryView {
  readonly memoryStoreId: string;
  readonly id: string;
  readonly versionId: string;
  readonly entry: MemoryEntry;
  /** null when it was not asked for. */
  readonly content: string | null;
}

export type MemoryKey =
  | { readonly by: "id"; readonly id: string }
  | { readonly by: "path"; readonly path: string };

/** One memory with its text; `not_found` when the store has none of that key. */
export type GetMemory = (
  principal: Principal,
  request: { readonly memoryStoreId: string; readonly key: MemoryKey },
) => Promise<MemoryView>;

export interface ListMemoriesRequest {
  readonly memoryStoreId: string;
  /** Empty for all; else starts and ends with "/". */
  readonly pathPrefix: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly includeContent: boolean;
}

export interface MemoryPage {
  readonly memories: readonly MemoryView[];
  readonly nextPageToken: string;
}

/** Memories in the order of their paths. A page goes on after the last path, so writes between pages shift nothing. */
export type ListMemories = (principal: Principal, request: ListMemoriesRequest) => Promise<MemoryPage>;

type Deps = Pick<ServiceDeps, "memories" | "heads" | "digest">;

export function viewMemory(
  deps: Pick<ServiceDeps, "digest">,
  memoryStoreId: string,
  entry: MemoryEntry,
  content: string | null,
): MemoryView {
  const { sha256 } = deps.digest;
  const id = memoryIdIn(memoryStoreId, entry, sha256);
  return { memoryStoreId, id, versionId: versionIdIn(memoryStoreId, entry, sha256), entry, content };
}

export function createGetMemory(deps: Deps): GetMemory {
  return async (principal, { memoryStoreId, key }) => {
    if (key.by === "id") checkId("id", key.id);
    else checkPath("path", key.path);
    const { store, head } = await findStore(deps, principal, "memory_store_id", memoryStoreId);
    const { tenant } = principal;
    const entry =
      key.by === "path"
        ? (await deps.heads.find(tenant, head, [key.path])).get(key.path)
        : (await deps.heads.list(tenant, head)).find(
            (one) => memoryIdIn(store.id, one, deps.digest.sha256) === key.id,
          );
    if (entry === undefined) throw notFound("memory", key.by === "id" ? key.id : key.path);
    const text = await readTexts(deps, tenant, [entry.contentHash]);
    return viewMemory(deps, store.id, entry, text(entry.contentHash));
  };
}

export function createListMemories(deps: Deps): ListMemories {
  return async (principal, request) => {
    const { tenant } = principal;
    const size = pageSize(request.pageSize, { default: limits.pageSizeDefault, max: limits.pageSizeMax });
    const { pathPrefix, includeContent } = request;
    if (pathPrefix !== "" && !(pathPrefix.startsWith("/") && pathPrefix.endsWith("/"))) {
      throw invalidArgument("path_prefix", `must start and end with "/", e.g. "/notes/"`);
    }
    if (pathPrefix.length > 1) checkPath("path_prefix", pathPrefix.slice(0, -1));
    const { store, head } = await findStore(deps, principal, "memory_store_id", request.memoryStoreId);
    const query = ["memories", tenant, store.id, pathPrefix];
    const after = decodePageToken(deps.digest, query, request.pageToken, { path: "string" })?.path ?? "";
    const found: MemoryEntry[] = [];
    for (const entry of await deps.heads.list(tenant, head)) {
      if (entry.path > after && entry.path.startsWith(pathPrefix)) found.push(entry);
      if (found.length > size) break;
    }
    const page = found.slice(0, size);
    const text = includeContent
      ? await readTexts(
          deps,
          tenant,
          page.map((entry) => entry.contentHash),
        )
      : null;
    const last = page.at(-1);
    return {
      memories: page.map((entry) => viewMemory(deps, store.id, entry, text?.(entry.contentHash) ?? null)),
      nextPageToken:
        found.length > size && last !== undefined
          ? encodePageToken(deps.digest, query, { path: last.path })
          : "",
    };
  };
}
