import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MemorySchema, MemoryStoreSchema } from "../../../gen/dream/v1/memory_store_pb.ts";
import type { GetMemoryRequest } from "../../../gen/dream/v1/memory_store_service_pb.ts";
import { invalidArgument } from "../../core/errors.ts";
import type { StoreView } from "../../service/memories/get-memory-store.ts";
import type { MemoryKey, MemoryView } from "../../service/memories/read-memories.ts";
import { toTimestamp } from "./fields.ts";

export function toMemoryStore({ store, head }: StoreView): MessageInitShape<typeof MemoryStoreSchema> {
  return {
    id: store.id,
    name: store.name,
    description: store.description,
    metadata: { ...store.metadata },
    memoryCount: BigInt(head.entryCount),
    totalBytes: BigInt(head.totalBytes),
    ...(store.collection === null ? {} : { collection: { ...store.collection } }),
    createdAt: toTimestamp(store.createdAt),
    updatedAt: toTimestamp(store.updatedAt),
    ...(store.archivedAt === null ? {} : { archivedAt: toTimestamp(store.archivedAt) }),
  };
}

export function toMemory(memory: MemoryView): MessageInitShape<typeof MemorySchema> {
  const { entry } = memory;
  return {
    id: memory.id,
    memoryStoreId: memory.memoryStoreId,
    path: entry.path,
    ...(memory.content === null ? {} : { content: memory.content }),
    contentSha256: entry.contentHash,
    contentSizeBytes: BigInt(entry.sizeBytes),
    memoryVersionId: memory.versionId,
    version: BigInt(entry.version),
    createdAt: toTimestamp(entry.createdAt),
    updatedAt: toTimestamp(entry.updatedAt),
  };
}

export function fromMemoryKey(key: GetMemoryRequest["key"]): MemoryKey {
  switch (key.case) {
    case "id":
      return { by: "id", id: key.value };
    case "path":
      return { by: "path", path: key.value };
    case undefined:
      throw invalidArgument("key", "must be given: an id or a path");
  }
}
