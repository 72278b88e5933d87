import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  MemorySchema,
  MemoryStoreSchema,
  MemoryVersionSchema,
} from "../../../gen/dream/v1/memory_store_pb.ts";
import type {
  DeleteMemoryRequest as DeleteMemoryMessage,
  GetMemoryRequest,
  ListMemoryVersionsRequest as ListMemoryVersionsMessage,
  PutMemoriesRequest as PutMemoriesMessage,
  UpdateMemoryRequest as UpdateMemoryMessage,
  UpdateMemoryStoreRequest as UpdateMemoryStoreMessage,
} from "../../../gen/dream/v1/memory_store_service_pb.ts";
import { invalidArgument } from "../../core/errors.ts";
import type { DeleteMemoryRequest } from "../../service/memories/delete-memory.ts";
import type { MemoryKey } from "../../service/memories/get-memory.ts";
import type { StoreView } from "../../service/memories/get-memory-store.ts";
import type { ListMemoryVersionsRequest } from "../../service/memories/list-memory-versions.ts";
import type { VersionView } from "../../service/memories/memory-version-view.ts";
import type { MemoryView } from "../../service/memories/memory-view.ts";
import type { PutMemoriesRequest } from "../../service/memories/put-memories.ts";
import type { UpdateMemoryRequest } from "../../service/memories/update-memory.ts";
import type { UpdateMemoryStoreRequest } from "../../service/memories/update-memory-store.ts";
import { memoryOperations, wordOf } from "./enums.ts";
import { fromInt64, fromTimestamp, orNull, toTimestamp } from "./fields.ts";

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
    protectedPaths: [...store.protectedPaths],
    revision: BigInt(store.revision),
    copiedFromMemoryStoreId: store.origin?.storeId ?? "",
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

export function toMemoryVersion(version: VersionView): MessageInitShape<typeof MemoryVersionSchema> {
  return {
    id: version.id,
    memoryStoreId: version.storeId,
    memoryId: version.memoryId,
    operation: memoryOperations[version.operation],
    path: version.path ?? "",
    ...(version.content === null ? {} : { content: version.content }),
    contentSha256: version.contentHash ?? "",
    contentSizeBytes: BigInt(version.sizeBytes ?? 0),
    createdAt: toTimestamp(version.createdAt),
    actorId: version.actor?.id ?? "",
    ...(version.redactedAt === null ? {} : { redactedAt: toTimestamp(version.redactedAt) }),
    version: BigInt(version.version),
    storeRevision: BigInt(version.revision),
    redactedBy: version.redactedBy?.id ?? "",
  };
}

export function fromUpdateMemoryStore(request: UpdateMemoryStoreMessage): UpdateMemoryStoreRequest {
  return {
    id: request.id,
    name: request.name ?? null,
    description: request.description ?? null,
    metadata: request.metadata,
    protectedPaths: request.protectedPaths?.paths ?? null,
  };
}

export function fromPutMemories(request: PutMemoriesMessage): PutMemoriesRequest {
  const { memoryStoreId, memories, sessionId } = request;
  return { memoryStoreId, memories, sessionId: orNull(sessionId) };
}

export function fromUpdateMemory(request: UpdateMemoryMessage): UpdateMemoryRequest {
  return {
    ...fromMemoryWrite(request),
    content: request.content ?? null,
    path: request.path ?? null,
  };
}

/** What changing and deleting a memory have in common, which is all that deleting has. */
export function fromMemoryWrite(request: UpdateMemoryMessage | DeleteMemoryMessage): DeleteMemoryRequest {
  const { memoryStoreId, id, expectedSha256, expectedVersion, sessionId } = request;
  return {
    memoryStoreId,
    id,
    expectedSha256: expectedSha256 ?? null,
    expectedVersion: expectedVersion === undefined ? null : fromInt64("expected_version", expectedVersion),
    sessionId: orNull(sessionId),
  };
}

export function fromListMemoryVersions(request: ListMemoryVersionsMessage): ListMemoryVersionsRequest {
  const { memoryStoreId, operation, pageSize, pageToken } = request;
  return {
    memoryStoreId,
    memoryId: orNull(request.memoryId),
    operation: operation === 0 ? null : wordOf("operation", memoryOperations, operation, null),
    actorId: orNull(request.actorId),
    createdFrom: fromTimestamp("created_after", request.createdAfter),
    createdTo: fromTimestamp("created_before", request.createdBefore),
    pageSize,
    pageToken,
  };
}
