/** Every use case bound to its ports: what the wire, the command line and the simulation call. */

import type { ServiceConfig, ServiceDeps } from "./deps.ts";
import { type ArchiveDream, createArchiveDream } from "./dreams/archive-dream.ts";
import { type CancelDream, createCancelDream } from "./dreams/cancel-dream.ts";
import { type CreateDream, createCreateDream } from "./dreams/create-dream.ts";
import { createDiffDream, type DiffDream } from "./dreams/diff-dream.ts";
import { createGetDream, type GetDream } from "./dreams/get-dream.ts";
import { createListDreams, type ListDreams } from "./dreams/list-dreams.ts";
import { createRevertDream, type RevertDream } from "./dreams/revert-dream.ts";
import {
  createScheduleDream,
  createTriggerDream,
  type ScheduleDream,
  type TriggerDream,
} from "./dreams/schedule-dream.ts";
import { createWatchDream, type WatchDream } from "./dreams/watch-dream.ts";
import { createErase, createPlanErasure, type Erase, type PlanErasure } from "./erasure/erase.ts";
import { type ArchiveMemoryStore, createArchiveMemoryStore } from "./memories/archive-memory-store.ts";
import { type CreateMemoryStore, createCreateMemoryStore } from "./memories/create-memory-store.ts";
import { createDeleteMemory, type DeleteMemory } from "./memories/delete-memory.ts";
import { createDeleteMemoryStore, type DeleteMemoryStore } from "./memories/delete-memory-store.ts";
import { createGetMemory, type GetMemory } from "./memories/get-memory.ts";
import { createGetMemoryStore, type GetMemoryStore } from "./memories/get-memory-store.ts";
import { createGetMemoryVersion, type GetMemoryVersion } from "./memories/get-memory-version.ts";
import { createListMemories, type ListMemories } from "./memories/list-memories.ts";
import { createListMemoryStores, type ListMemoryStores } from "./memories/list-memory-stores.ts";
import { createListMemoryVersions, type ListMemoryVersions } from "./memories/list-memory-versions.ts";
import { createPutMemories, type PutMemories } from "./memories/put-memories.ts";
import { createRedactMemoryVersion, type RedactMemoryVersion } from "./memories/redact-memory-version.ts";
import { createUpdateMemory, type UpdateMemory } from "./memories/update-memory.ts";
import { createUpdateMemoryStore, type UpdateMemoryStore } from "./memories/update-memory-store.ts";
import { type AppendSessionEvents, createAppendSessionEvents } from "./sessions/append-session-events.ts";
import { type ArchiveSession, createArchiveSession } from "./sessions/archive-session.ts";
import { type CreateSession, createCreateSession } from "./sessions/create-session.ts";
import { createDeleteSession, type DeleteSession } from "./sessions/delete-session.ts";
import { createGetSession, type GetSession } from "./sessions/get-session.ts";
import { createListSessionEvents, type ListSessionEvents } from "./sessions/list-session-events.ts";
import { createListSessions, type ListSessions } from "./sessions/list-sessions.ts";
import { createUpdateSession, type UpdateSession } from "./sessions/update-session.ts";
import { createExportTenant, type ExportTenant } from "./transfer/export-tenant.ts";
import { createImportRecords, type ImportRecords } from "./transfer/import-records.ts";

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
  readonly revertDream: RevertDream;
  readonly createMemoryStore: CreateMemoryStore;
  readonly getMemoryStore: GetMemoryStore;
  readonly listMemoryStores: ListMemoryStores;
  readonly updateMemoryStore: UpdateMemoryStore;
  readonly archiveMemoryStore: ArchiveMemoryStore;
  readonly deleteMemoryStore: DeleteMemoryStore;
  readonly putMemories: PutMemories;
  readonly getMemory: GetMemory;
  readonly listMemories: ListMemories;
  readonly updateMemory: UpdateMemory;
  readonly deleteMemory: DeleteMemory;
  readonly listMemoryVersions: ListMemoryVersions;
  readonly getMemoryVersion: GetMemoryVersion;
  readonly redactMemoryVersion: RedactMemoryVersion;
  readonly createSession: CreateSession;
  readonly getSession: GetSession;
  readonly listSessions: ListSessions;
  readonly appendSessionEvents: AppendSessionEvents;
  readonly listSessionEvents: ListSessionEvents;
  readonly updateSession: UpdateSession;
  readonly archiveSession: ArchiveSession;
  readonly deleteSession: DeleteSession;
  readonly planErasure: PlanErasure;
  readonly erase: Erase;
  readonly exportTenant: ExportTenant;
  readonly importRecords: ImportRecords;
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
    revertDream: createRevertDream(deps),
    createMemoryStore: createCreateMemoryStore(deps),
    getMemoryStore: createGetMemoryStore(deps),
    listMemoryStores: createListMemoryStores(deps),
    updateMemoryStore: createUpdateMemoryStore(deps),
    archiveMemoryStore: createArchiveMemoryStore(deps),
    deleteMemoryStore: createDeleteMemoryStore(deps),
    putMemories: createPutMemories(deps),
    getMemory: createGetMemory(deps),
    listMemories: createListMemories(deps),
    updateMemory: createUpdateMemory(deps),
    deleteMemory: createDeleteMemory(deps),
    listMemoryVersions: createListMemoryVersions(deps),
    getMemoryVersion: createGetMemoryVersion(deps),
    redactMemoryVersion: createRedactMemoryVersion(deps),
    createSession: createCreateSession(deps),
    getSession: createGetSession(deps),
    listSessions: createListSessions(deps),
    appendSessionEvents: createAppendSessionEvents(deps),
    listSessionEvents: createListSessionEvents(deps),
    updateSession: createUpdateSession(deps),
    archiveSession: createArchiveSession(deps),
    deleteSession: createDeleteSession(deps),
    planErasure: createPlanErasure(deps),
    erase: createErase(deps),
    exportTenant: createExportTenant(deps),
    importRecords: createImportRecords(deps),
  };
}
