import { CollectionService } from "../../../gen/dream/v1/collection_service_pb.ts";
import { DreamService } from "../../../gen/dream/v1/dream_service_pb.ts";
import { ErasureService } from "../../../gen/dream/v1/erasure_service_pb.ts";
import { KeyService } from "../../../gen/dream/v1/key_service_pb.ts";
import { MemoryStoreService } from "../../../gen/dream/v1/memory_store_service_pb.ts";
import { ScheduleService } from "../../../gen/dream/v1/schedule_service_pb.ts";
import { SessionService } from "../../../gen/dream/v1/session_service_pb.ts";
import { TransferService } from "../../../gen/dream/v1/transfer_service_pb.ts";
import type { Clock } from "../../ports/clock.ts";
import type { UseCases } from "../../service/use-cases.ts";
import type { Health } from "../health.ts";
import { toDreamChange } from "./convert-change.ts";
import {
  fromCollectionDream,
  fromCreateDream,
  fromListDreams,
  toDream,
  toWatchResponse,
} from "./convert-dream.ts";
import {
  fromListMemoryVersions,
  fromMemoryKey,
  fromMemoryWrite,
  fromPutMemories,
  fromUpdateMemory,
  fromUpdateMemoryStore,
  toMemory,
  toMemoryStore,
  toMemoryVersion,
} from "./convert-memory.ts";
import {
  fromCreateSession,
  fromListSessions,
  fromNewSessionEvent,
  fromUpdateSession,
  toSession,
  toSessionEvent,
} from "./convert-session.ts";
import { addErasureRoutes } from "./erasure-routes.ts";
import { fromInt64 } from "./fields.ts";
import { addHealthRoutes } from "./health.ts";
import { addReflectionRoutes } from "./reflection.ts";
import type { NativeRouter } from "./router.ts";
import { addTransferRoutes } from "./transfer-routes.ts";
import { unimplementedRpcs } from "./unimplemented.ts";

/** Every service of `dream.v1`. */
export const dreamServices = [
  DreamService,
  MemoryStoreService,
  SessionService,
  CollectionService,
  ScheduleService,
  KeyService,
  TransferService,
  ErasureService,
] as const;

export interface RouteDeps {
  readonly useCases: UseCases;
  readonly health: Health;
  readonly clock: Clock;
}

/** Every RPC and the use case that serves it. */
export function addRoutes(
  deps: RouteDeps,
  config: { readonly readyIntervalMs: number },
  router: NativeRouter,
): void {
  addDreamRoutes(deps.useCases, router);
  addMemoryRoutes(deps.useCases, router);
  addSessionRoutes(deps.useCases, router);
  addTransferRoutes(deps.useCases, router);
  addErasureRoutes(deps.useCases, router);
  for (const service of dreamServices) router.unimplemented(service, unimplementedRpcs);
  addHealthRoutes(deps, config, router, dreamServices);
  addReflectionRoutes(router, dreamServices);
}

function addDreamRoutes(use: UseCases, { unary, serverStream }: NativeRouter): void {
  const { method } = DreamService;
  unary(method.createDream, async (request, { principal }) => ({
    dream: toDream(await use.createDream(principal, fromCreateDream(request))),
  }));
  unary(method.getDream, async ({ id }, { principal }) => ({
    dream: toDream(await use.getDream(principal, { id })),
  }));
  unary(method.listDreams, async (request, { principal }) => {
    const { dreams, nextPageToken } = await use.listDreams(principal, fromListDreams(request));
    return { dreams: dreams.map(toDream), nextPageToken };
  });
  unary(method.cancelDream, async ({ id }, { principal }) => ({
    dream: toDream(await use.cancelDream(principal, { id })),
  }));
  unary(method.archiveDream, async ({ id }, { principal }) => ({
    dream: toDream(await use.archiveDream(principal, { id })),
  }));
  serverStream(method.watchDream, async function* ({ id, afterEventNumber }, { principal, signal }) {
    for await (const update of use.watchDream(principal, { id, afterEventNumber }, signal)) {
      yield toWatchResponse(update);
    }
  });
  unary(method.scheduleDream, async (request, { principal }) => {
    const { dream, alreadyActive } = await use.scheduleDream(principal, fromCollectionDream(request));
    return { dream: toDream(dream), alreadyActive };
  });
  unary(method.triggerDream, async (request, { principal }) => {
    const { dream, alreadyActive } = await use.triggerDream(principal, fromCollectionDream(request));
    return { dream: toDream(dream), alreadyActive };
  });
  unary(method.diffDream, async ({ id, pageSize, pageToken, includeWordDiff }, { principal }) => {
    const page = await use.diffDream(principal, { id, pageSize, pageToken, includeWordDiff });
    return { changes: page.changes.map(toDreamChange), nextPageToken: page.nextPageToken };
  });
  unary(method.revertDream, async ({ id }, { principal }) => {
    const { dream, conflictingPaths } = await use.revertDream(principal, { id });
    return { dream: toDream(dream), conflictingPaths: [...conflictingPaths] };
  });
}

function addMemoryRoutes(use: UseCases, router: NativeRouter): void {
  addStoreRoutes(use, router);
  addVersionRoutes(use, router);
  const { unary } = router;
  const { method } = MemoryStoreService;
  unary(method.putMemories, async (request, { principal }) => ({
    memories: (await use.putMemories(principal, fromPutMemories(request))).map(toMemory),
  }));
  unary(method.getMemory, async ({ memoryStoreId, key }, { principal }) => ({
    memory: toMemory(await use.getMemory(principal, { memoryStoreId, key: fromMemoryKey(key) })),
  }));
  unary(method.listMemories, async (request, { principal }) => {
    const { memories, folders, nextPageToken } = await use.listMemories(principal, request);
    return { memories: memories.map(toMemory), folders: [...folders], nextPageToken };
  });
  unary(method.updateMemory, async (request, { principal }) => ({
    memory: toMemory(await use.updateMemory(principal, fromUpdateMemory(request))),
  }));
  unary(method.deleteMemory, async (request, { principal }) => {
    await use.deleteMemory(principal, fromMemoryWrite(request));
    return {};
  });
}

function addStoreRoutes(use: UseCases, { unary }: NativeRouter): void {
  const { method } = MemoryStoreService;
  unary(method.createMemoryStore, async (request, { principal }) => {
    const { name, description, metadata, protectedPaths } = request;
    const created = await use.createMemoryStore(principal, { name, description, metadata, protectedPaths });
    return { memoryStore: toMemoryStore(created) };
  });
  unary(method.getMemoryStore, async ({ id }, { principal }) => ({
    memoryStore: toMemoryStore(await use.getMemoryStore(principal, { id })),
  }));
  unary(method.listMemoryStores, async ({ pageSize, pageToken, includeArchived }, { principal }) => {
    const page = await use.listMemoryStores(principal, { pageSize, pageToken, includeArchived });
    return { memoryStores: page.stores.map(toMemoryStore), nextPageToken: page.nextPageToken };
  });
  unary(method.updateMemoryStore, async (request, { principal }) => ({
    memoryStore: toMemoryStore(await use.updateMemoryStore(principal, fromUpdateMemoryStore(request))),
  }));
  unary(method.archiveMemoryStore, async ({ id }, { principal }) => ({
    memoryStore: toMemoryStore(await use.archiveMemoryStore(principal, { id })),
  }));
  unary(method.deleteMemoryStore, async ({ id }, { principal }) => {
    await use.deleteMemoryStore(principal, { id });
    return {};
  });
}

function addVersionRoutes(use: UseCases, { unary }: NativeRouter): void {
  const { method } = MemoryStoreService;
  unary(method.listMemoryVersions, async (request, { principal }) => {
    const page = await use.listMemoryVersions(principal, fromListMemoryVersions(request));
    return { memoryVersions: page.versions.map(toMemoryVersion), nextPageToken: page.nextPageToken };
  });
  unary(method.getMemoryVersion, async ({ memoryStoreId, id }, { principal }) => ({
    memoryVersion: toMemoryVersion(await use.getMemoryVersion(principal, { memoryStoreId, id })),
  }));
  unary(method.redactMemoryVersion, async ({ memoryStoreId, id }, { principal }) => {
    const { version, copiesRemain } = await use.redactMemoryVersion(principal, { memoryStoreId, id });
    return { memoryVersion: toMemoryVersion({ ...version, content: null }), copiesRemain };
  });
}

function addSessionRoutes(use: UseCases, { unary }: NativeRouter): void {
  const { method } = SessionService;
  unary(method.createSession, async (request, { principal }) => ({
    session: toSession(await use.createSession(principal, fromCreateSession(request))),
  }));
  unary(method.getSession, async ({ id }, { principal }) => ({
    session: toSession(await use.getSession(principal, { id })),
  }));
  unary(method.listSessions, async (request, { principal }) => {
    const { sessions, nextPageToken } = await use.listSessions(principal, fromListSessions(request));
    return { sessions: sessions.map(toSession), nextPageToken };
  });
  unary(method.appendSessionEvents, async ({ sessionId, events }, { principal }) => {
    const request = { sessionId, events: events.map(fromNewSessionEvent) };
    return { events: (await use.appendSessionEvents(principal, request)).map(toSessionEvent) };
  });
  unary(method.listSessionEvents, async ({ sessionId, afterNumber, pageSize }, { principal }) => {
    const request = { sessionId, afterNumber: fromInt64("after_number", afterNumber), pageSize };
    const { events, nextAfterNumber } = await use.listSessionEvents(principal, request);
    return { events: events.map(toSessionEvent), nextAfterNumber: BigInt(nextAfterNumber) };
  });
  unary(method.updateSession, async (request, { principal }) => ({
    session: toSession(await use.updateSession(principal, fromUpdateSession(request))),
  }));
  unary(method.archiveSession, async ({ id }, { principal }) => ({
    session: toSession(await use.archiveSession(principal, { id })),
  }));
  unary(method.deleteSession, async ({ id }, { principal }) => {
    await use.deleteSession(principal, { id });
    return {};
  });
}
