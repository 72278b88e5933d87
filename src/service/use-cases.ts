/** Every use case bound to its ports: what the wire, the command line and the simulation call. */

import type { ServiceConfig, ServiceDeps } from "./deps.ts";
import { type ArchiveDream, createArchiveDream } from "./dreams/archive-dream.ts";
import { type CancelDream, createCancelDream } from "./dreams/cancel-dream.ts";
import { type CreateDream, createCreateDream } from "./dreams/create-dream.ts";
import { createDiffDream, type DiffDream } from "./dreams/diff-dream.ts";
import { createGetDream, type GetDream } from "./dreams/get-dream.ts";
import { createListDreams, type ListDreams } from "./dreams/list-dreams.ts";
import {
  createScheduleDream,
  createTriggerDream,
  type ScheduleDream,
  type TriggerDream,
} from "./dreams/schedule-dream.ts";
import { createWatchDream, type WatchDream } from "./dreams/watch-dream.ts";
import { type CreateMemoryStore, createCreateMemoryStore } from "./memories/create-memory-store.ts";
import { createGetMemoryStore, type GetMemoryStore } from "./memories/get-memory-store.ts";
import { createListMemoryStores, type ListMemoryStores } from "./memories/list-memory-stores.ts";
import { createPutMemories, type PutMemories } from "./memories/put-memories.ts";
import {
  createGetMemory,
  createListMemories,
  type GetMemory,
  type ListMemories,
} from "./memories/read-memories.ts";
import { type ArchiveSession, createArchiveSession } from "./sessions/archive-session.ts";
import { type CreateSession, createCreateSession } from "./sessions/create-session.ts";
import { createGetSession, type GetSession } from "./sessions/get-session.ts";
import { createListSessions, type ListSessions } from "./sessions/list-sessions.ts";
import {
  type AppendSessionEvents,
  createAppendSessionEvents,
  createListSessionEvents,
  type ListSessionEvents,
} from "./sessions/session-events.ts";

export interface UseCases {
  readonly createDream: CreateDream;
  readonly getDream: GetDream;
  readonly listDreams: ListDreams;
  readonly cancelDream: CancelDream;
  readonly archiveDream: ArchiveDream;
  readonly watchDream: WatchDream;
  readonly scheduleDream: ScheduleDream;
  readonly triggerDream: TriggerDream;
  readonly diffDream: DiffDream;
  readonly createMemoryStore: CreateMemoryStore;
  readonly getMemoryStore: GetMemoryStore;
  readonly listMemoryStores: ListMemoryStores;
  readonly putMemories: PutMemories;
  readonly getMemory: GetMemory;
  readonly listMemories: ListMemories;
  readonly createSession: CreateSession;
  readonly getSession: GetSession;
  readonly listSessions: ListSessions;
  readonly appendSessionEvents: AppendSessionEvents;
  readonly listSessionEvents: ListSessionEvents;
  readonly archiveSession: ArchiveSession;
}

export function createUseCases(deps: ServiceDeps, config: ServiceConfig): UseCases {
  return {
    createDream: createCreateDream(deps, config),
    getDream: createGetDream(deps),
    listDreams: createListDreams(deps),
    cancelDream: createCancelDream(deps),
    archiveDream: createArchiveDream(deps),
    watchDream: createWatchDream(deps),
    scheduleDream: createScheduleDream(deps, config),
    triggerDream: createTriggerDream(deps, config),
    diffDream: createDiffDream(deps),
    createMemoryStore: createCreateMemoryStore(deps),
    getMemoryStore: createGetMemoryStore(deps),
    listMemoryStores: createListMemoryStores(deps),
    putMemories: createPutMemories(deps),
    getMemory: createGetMemory(deps),
    listMemories: createListMemories(deps),
    createSession: createCreateSession(deps),
    getSession: createGetSession(deps),
    listSessions: createListSessions(deps),
    appendSessionEvents: createAppendSessionEvents(deps),
    listSessionEvents: createListSessionEvents(deps),
    archiveSession: createArchiveSession(deps),
  };
}
