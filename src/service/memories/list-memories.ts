import { pageSize } from "../../core/check.ts";
import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryEntry } from "../../core/memory.ts";
import { afterFolder, afterPath, checkPath } from "../../core/memory-path.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";
import type { StoreView } from "./get-memory-store.ts";
import { type MemoryView, viewMemory } from "./memory-view.ts";
import { readShown } from "./texts.ts";

export interface ListMemoriesRequest {
  readonly memoryStoreId: string;
  /** Empty for all; else starts and ends with "/". */
  readonly pathPrefix: string;
  /** 0: all below the prefix. 1: what lies directly in it, with the folders there. */
  readonly depth: number;
  readonly pageSize: number;
  readonly pageToken: string;
  /** A page of texts ends early, after `limits.memoriesPageBytes` of them. */
  readonly includeContent: boolean;
}

export interface MemoryPage {
  readonly memories: readonly MemoryView[];
  /** With depth 1: each ends in "/" and counts for the size of the page. */
  readonly folders: readonly string[];
  readonly nextPageToken: string;
}

/**
 * Memories, and with depth 1 folders, in the order of their paths. A page goes on behind the last path, or behind all of
 * the last folder, so writes between pages shift nothing. What a page costs does not grow with the store.
 */
export type ListMemories = (principal: Principal, request: ListMemoriesRequest) => Promise<MemoryPage>;

type Deps = Pick<ServiceDeps, "memories" | "heads" | "digest">;

export function createListMemories(deps: Deps): ListMemories {
  return async (principal, request) => {
    const size = pageSize(request.pageSize, { default: limits.pageSizeDefault, max: limits.pageSizeMax });
    const { memoryStoreId, pathPrefix, depth, includeContent } = request;
    checkPrefix(pathPrefix);
    if (depth !== 0 && depth !== 1) {
      throw invalidArgument(
        "depth",
        `must be 0, all that is below, or 1, what is directly there; is ${depth}`,
      );
    }
    const query = ["memories", principal.tenant, memoryStoreId, pathPrefix, depth];
    const from = decodePageToken(deps.digest, query, request.pageToken, { from: "string" })?.from ?? "";
    const bytes = includeContent ? limits.memoriesPageBytes : Number.POSITIVE_INFINITY;
    const { view, read, text } = await readShown(deps, principal, memoryStoreId, async (shown) => {
      const page = await walk(deps, shown, { prefix: pathPrefix, depth, from, size, bytes });
      return { ...page, hashes: includeContent ? page.entries.map((entry) => entry.contentHash) : [] };
    });
    return {
      memories: read.entries.map((entry) =>
        viewMemory(deps, view.store.id, entry, includeContent ? text(entry.contentHash) : null),
      ),
      folders: read.folders,
      nextPageToken: read.next === null ? "" : encodePageToken(deps.digest, query, { from: read.next }),
    };
  };
}

function checkPrefix(prefix: string): void {
  if (prefix === "") return;
  if (!(prefix.startsWith("/") && prefix.endsWith("/"))) {
    throw invalidArgument("path_prefix", `must start and end with "/", e.g. "/notes/"`);
  }
  if (prefix.length > 1) checkPath("path_prefix", prefix.slice(0, -1));
}

interface Walk {
  readonly prefix: string;
  readonly depth: number;
  readonly from: string;
  readonly size: number;
  readonly bytes: number;
}

interface Walked {
  readonly entries: readonly MemoryEntry[];
  readonly folders: readonly string[];
  /** Where the next page begins; null when there is nothing more. */
  readonly next: string | null;
}

/** One page from `from` on: at most `size` memories and folders, and of more than one memory at most `bytes` of text. */
async function walk(deps: Pick<Deps, "heads">, { store, head }: StoreView, asked: Walk): Promise<Walked> {
  const { depth, size, bytes } = asked;
  // Depth is counted from a folder, and the outermost is "/".
  const prefix = depth === 1 && asked.prefix === "" ? "/" : asked.prefix;
  const entries: MemoryEntry[] = [];
  const folders: string[] = [];
  let from = asked.from;
  let room = bytes;
  for (;;) {
    const limit = size - entries.length - folders.length + 1;
    const found = await deps.heads.range(store.tenant, head, { prefix, from, limit });
    for (const entry of found) {
      // Below a folder that is listed already.
      if (entry.path < from) continue;
      const folder = depth === 1 ? folderOf(prefix, entry.path) : null;
      const full = entries.length + folders.length >= size || (entries.length > 0 && entry.sizeBytes > room);
      if (full) return { entries, folders, next: from };
      if (folder === null) {
        entries.push(entry);
        room -= entry.sizeBytes;
        from = afterPath(entry.path);
      } else {
        folders.push(folder);
        from = afterFolder(folder);
      }
    }
    if (found.length < limit) return { entries, folders, next: null };
  }
}

/** The folder directly in `prefix` that the path lies in, or null for a memory directly there. */
function folderOf(prefix: string, path: string): string | null {
  const slash = path.indexOf("/", prefix.length);
  return slash === -1 ? null : path.slice(0, slash + 1);
}
