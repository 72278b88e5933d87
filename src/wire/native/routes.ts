import { CollectionService } from "../../../gen/dream/v1/collection_service_pb.ts";
import { DreamService } from "../../../gen/dream/v1/dream_service_pb.ts";
import { KeyService } from "../../../gen/dream/v1/key_service_pb.ts";
import { MemoryStoreService } from "../../../gen/dream/v1/memory_store_service_pb.ts";
import { ScheduleService } from "../../../gen/dream/v1/schedule_service_pb.ts";
import { SessionService } from "../../../gen/dream/v1/session_service_pb.ts";
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
import { fromMemoryKey, toMemory, toMemoryStore } from "./convert-memory.ts";
import {
  fromCreateSession,
  fromListSessions,
  fromNewSessionEvent,
  toSession,
  toSessionEvent,
} from "./convert-session.ts";
import { fromInt64 } from "./fields.ts";
import { addHealthRoutes } from "./health.ts";
import { addReflectionRoutes } from "./reflection.ts";
import type { NativeRouter } from "./router.ts";
import { unimplementedRpcs } from "./unimplemented.ts";

/** Every service of `dream.v1`. */
export const dreamServices = [
  DreamService,
  MemoryStoreService,
  SessionService,
  CollectionService,
  ScheduleService,
  KeyService,
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
  unary(method.diffDream, async ({ id, pageSize, pageToken }, { principal }) => {
    const page = await use.diffDream(principal, { id, pageSize, pageToken });
    return { changes: page.changes.map(toDreamChange), nextPageToken: page.nextPageToken };
  });
}

function addMemoryRoutes(use: UseCases, { unary }: NativeRouter): void {
  const { method } = MemoryStoreService;
  unary(method.createMemoryStore, async ({ name, description, metadata }, { principal }) => ({
    memoryStore: toMemoryStore(await use.createMemoryStore(principal, { name, description, metadata })),
  }));
  unary(method.getMemoryStore, async ({ id }, { principal }) => ({
    memoryStore: toMemoryStore(await use.getMemoryStore(principal, { id })),
  }));
  unary(method.listMemoryStores, async ({ pageSize, pageToken, includeArchived }, { principal }) => {
    const page = await use.listMemoryStores(principal, { pageSize, pageToken, includeArchived });
    return { memoryStores: page.stores.map(toMemoryStore), nextPageToken: page.nextPageToken };
  });
  unary(method.putMemories, async ({ memoryStoreId, memories }, { principal }) => ({
    memories: (await use.putMemories(principal, { memoryStoreId, memories })).map(toMemory),
  }));
  unary(method.getMemory, async ({ memoryStoreId, key }, { principal }) => ({
    memory: toMemory(await use.getMemory(principal, { memoryStoreId, key: fromMemoryKey(key) })),
  }));
  unary(method.listMemories, async (request, { principal }) => {
    const { memoryStoreId, pathPrefix, pageSize, pageToken, includeContent } = request;
    const query = { memoryStoreId, pathPrefix, pageSize, pageToken, includeContent };
    const page = await use.listMemories(principal, query);
    return { memories: page.memories.map(toMemory), nextPageToken: page.nextPageToken };
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
  unary(method.archiveSession, async ({ id }, { principal }) => ({
    session: toSession(await use.archiveSession(principal, { id })),
  }));
}
