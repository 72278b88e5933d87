import { toJson } from "@bufbuild/protobuf";
import { type MemoryStore, MemoryStoreSchema } from "../../gen/dream/v1/memory_store_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { type CommandArgs, isGiven } from "./command.ts";
import { count, type Output, writeFacts, writeJson } from "./output.ts";
import { bytesText, timeText } from "./words.ts";

/** The store of an answer; that it is there is what the API promises. */
export async function theStore(
  answer: Promise<{ readonly memoryStore?: MemoryStore | undefined }>,
): Promise<MemoryStore> {
  const { memoryStore } = await answer;
  if (memoryStore === undefined)
    throw new ReveriedError("internal", "the server answered without a memory store");
  return memoryStore;
}

/** What a store is, as facts or as JSON. */
export function writeStore(out: Output, args: CommandArgs, store: MemoryStore): void {
  if (isGiven(args, "json")) writeJson(out, storeJson(store));
  else writeStoreFacts(out, store);
}

export function storeJson(store: MemoryStore) {
  return toJson(MemoryStoreSchema, store, { alwaysEmitImplicit: true });
}

export function writeStoreFacts(out: Output, store: MemoryStore): void {
  const { collection, protectedPaths, metadata } = store;
  writeFacts(out, [
    ["store", store.id],
    ["name", store.name],
    ["description", store.description],
    ["memories", `${store.memoryCount.toLocaleString("en")}, ${bytesText(store.totalBytes)}`],
    ["revision", String(store.revision)],
    ["copied from", store.copiedFromMemoryStoreId],
    [
      "collection",
      collection === undefined
        ? ""
        : `${collection.observer} about ${collection.observed}, in workspace ${collection.workspaceId}`,
    ],
    ["protected", protectedPaths.join(", ")],
    ["metadata", metadataText(metadata)],
    ["created", timeText(store.createdAt)],
    ["updated", timeText(store.updatedAt)],
    ["archived", store.archivedAt === undefined ? "" : timeText(store.archivedAt)],
  ]);
}

export function metadataText(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

/** `"notes" (12 memories)`, with its name on one line. */
export function storeLabel({ name, memoryCount }: MemoryStore): string {
  return `${JSON.stringify(name)} (${count(Number(memoryCount), "memory", "memories")})`;
}
