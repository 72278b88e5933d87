/** What the service shows of a store, in the model's words. */
import type { ModelVersion } from "./store-model.ts";
import { type Process, principal } from "./world.ts";

export type Shown = ReadonlyMap<string, { readonly id: string; readonly content: string }>;

export async function shownMemories({ use }: Process, memoryStoreId: string): Promise<Shown> {
  const shown = new Map<string, { id: string; content: string }>();
  let pageToken = "";
  do {
    const page = await use.listMemories(principal, {
      memoryStoreId,
      pathPrefix: "",
      depth: 0,
      pageSize: 3,
      pageToken,
      includeContent: true,
    });
    for (const { id, entry, content } of page.memories) shown.set(entry.path, { id, content: content ?? "" });
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return shown;
}

/** By memory, oldest first. */
export async function shownHistory(
  { use }: Process,
  memoryStoreId: string,
): Promise<Map<string, ModelVersion[]>> {
  const newestFirst: { memoryId: string; version: ModelVersion }[] = [];
  let pageToken = "";
  do {
    const page = await use.listMemoryVersions(principal, {
      memoryStoreId,
      memoryId: null,
      pageSize: 5,
      pageToken,
      operation: null,
      actorId: null,
      createdFrom: null,
      createdTo: null,
    });
    for (const { id, memoryId, operation, path, redactedAt } of page.versions) {
      const { content } = await use.getMemoryVersion(principal, { memoryStoreId, id });
      newestFirst.push({
        memoryId,
        version: { operation, path: path ?? "", content, redacted: redactedAt !== null },
      });
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  const history = new Map<string, ModelVersion[]>();
  for (const { memoryId, version } of newestFirst.toReversed()) {
    history.set(memoryId, [...(history.get(memoryId) ?? []), version]);
  }
  return history;
}
