import type { DreamChange } from "../../gen/dream/v1/dream_pb.ts";
import type { Memory } from "../../gen/dream/v1/memory_store_pb.ts";
import { limits } from "../core/limits.ts";
import type { Clients } from "./clients.ts";
import type { NoteToWrite } from "./files/write-notes.ts";

/** Memories a page; each may have 100 kB. */
const memoriesPage = 50;

/** Every memory of a store with its text, in the order of the paths. */
export async function* downloadMemories(
  { stores }: Clients,
  memoryStoreId: string,
  signal: AbortSignal,
): AsyncGenerator<NoteToWrite, void, undefined> {
  let pageToken = "";
  do {
    const request = { memoryStoreId, pageSize: memoriesPage, pageToken, includeContent: true };
    const page = await stores.listMemories(request, { signal });
    for (const { path, content } of page.memories) yield { path, content: content ?? "" };
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** Every memory below the prefix (empty for all) without its text, in the order of the paths. */
export async function* downloadEntries(
  { stores }: Clients,
  request: { readonly memoryStoreId: string; readonly pathPrefix: string },
  signal: AbortSignal,
): AsyncGenerator<Memory, void, undefined> {
  let pageToken = "";
  do {
    const page = await stores.listMemories(
      { ...request, pageSize: limits.pageSizeMax, pageToken },
      { signal },
    );
    yield* page.memories;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** Every change of a completed dream, in the order of the paths. */
export async function* downloadChanges(
  { dreams }: Clients,
  id: string,
  signal: AbortSignal,
  options: { readonly words?: boolean } = {},
): AsyncGenerator<DreamChange, void, undefined> {
  const { words: includeWordDiff = false } = options;
  let pageToken = "";
  do {
    const request = { id, pageSize: limits.changesPageMax, pageToken, includeWordDiff };
    const page = await dreams.diffDream(request, { signal });
    yield* page.changes;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}
