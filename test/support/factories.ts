/** Things to test with, each sound by construction: dreams are made by the core's own functions. */
import { createSystemDigest } from "../../src/adapters/system/digest.ts";
import { createSystemRandom } from "../../src/adapters/system/random.ts";
import type { RecordedChange } from "../../src/core/change-set.ts";
import type { Dream, DreamStatus, PendingDream, RunningDream } from "../../src/core/dream.ts";
import { applyMove, type Move, type NewDreamFacts, newDream } from "../../src/core/dream-transitions.ts";
import { formatId, type IdPrefix, idPrefixes, idRandomBytes } from "../../src/core/ids.ts";
import {
  type Bucket,
  emptyHead,
  type Head,
  type MemoryEntry,
  type MemoryStore,
  makeBucket,
  makeHead,
} from "../../src/core/memory.ts";
import type { NewVersion, StoreCommit } from "../../src/core/memory-version.ts";
import type { NewSessionEvent, Session } from "../../src/core/session.ts";

/** The wall time of things that say no other; odd to the millisecond, so that a lost one shows. */
export const someTime = 1_763_900_000_123;

const sha256 = createSystemDigest().sha256;

export function anId(prefix: IdPrefix, now: number = someTime): string {
  return formatId(prefix, now, createSystemRandom().bytes(idRandomBytes));
}

export interface DreamOptions extends Partial<NewDreamFacts> {
  /** How far the dream has come; `pending` when left out. */
  readonly status?: DreamStatus;
  /** Short for `inputs` with this store and one session. */
  readonly memoryStoreId?: string;
}

/** A dream in the given status, by the moves that lead there. */
export function aDream(options?: DreamOptions & { readonly status?: "pending" }): PendingDream;
export function aDream(options: DreamOptions & { readonly status: "running" }): RunningDream;
export function aDream(options?: DreamOptions): Dream;
export function aDream(options: DreamOptions = {}): Dream {
  const { status = "pending", memoryStoreId = "memstore_input", ...facts } = options;
  const now = facts.now ?? someTime;
  let dream: Dream = newDream({
    id: anId(idPrefixes.dream, now),
    tenant: "acme",
    now,
    type: "omni",
    model: "auto",
    instructions: null,
    inputs: { memoryStoreId, sessions: { kind: "ids", ids: ["sesn_one"] } },
    outputBehavior: "create_new",
    collection: null,
    origin: null,
    holds: [],
    wants: [],
    ...facts,
  });
  for (const move of movesTo(status, now)) dream = applyMove(dream, move);
  return dream;
}

function movesTo(status: DreamStatus, now: number): Move[] {
  switch (status) {
    case "pending":
      return [];
    case "running":
      return [claimMove({ now })];
    case "completed":
      return [claimMove({ now }), completeMove({ now })];
    case "failed":
      return [claimMove({ now }), failMove({ now })];
    case "canceled":
      return [cancelMove({ now })];
  }
}

interface At {
  readonly now?: number;
}

export function claimMove({ now = someTime, workerId = "worker-1" }: At & { workerId?: string } = {}): Move {
  return { name: "claim", now, workerId, ids: someAttemptIds() };
}

export function releaseMove({ now = someTime }: At = {}): Move {
  return { name: "release", now, reason: "shutdown", lost: "no", notBefore: 0 };
}

export function deferMove({ now = someTime, notBefore }: At & { notBefore: number }): Move {
  return { name: "defer", now, reason: "provider is away", notBefore };
}

export function completeMove({ now = someTime }: At = {}): Move {
  const summary = {
    created: 1,
    updated: 2,
    deleted: 0,
    renamed: 0,
    conflicts: 0,
    sessionsRead: 1,
    eventsRead: 12,
    memoriesRead: 3,
    message: "Merged three notes.",
  };
  return { name: "complete", now, summary };
}

export function failMove({ now = someTime }: At = {}): Move {
  return { name: "fail", now, error: { type: "no_output", message: "the engine gave no usable answer" } };
}

export function cancelMove({ now = someTime }: At = {}): Move {
  return { name: "cancel", now };
}

export function archiveMove({ now = someTime }: At = {}): Move {
  return { name: "archive", now };
}

export function someAttemptIds(): { outputStoreId: string; sessionId: string } {
  return { outputStoreId: anId(idPrefixes.memoryStore), sessionId: anId(idPrefixes.session) };
}

/** The write that shows an attempt's ids and freezes its inputs; no move. */
export function begun<D extends Dream>(dream: D): D {
  const frozen = { head: sha256("head"), sessions: [{ id: "sesn_one", lastEvent: 12 }] };
  return { ...dream, frozen, begun: true, revision: dream.revision + 1 };
}

export function aStore(options: Partial<MemoryStore> = {}): MemoryStore {
  const createdAt = options.createdAt ?? someTime;
  return {
    id: anId(idPrefixes.memoryStore, createdAt),
    tenant: "acme",
    name: "team notes",
    description: "",
    metadata: {},
    collection: null,
    protectedPaths: [],
    head: emptyHead(sha256).hash,
    revision: 0,
    origin: null,
    edition: 1,
    createdAt,
    updatedAt: createdAt,
    archivedAt: null,
    ...options,
  };
}

/** The name of a switch that was not made yet. */
export function aCommit(options: Partial<StoreCommit> = {}): StoreCommit {
  const at = options.at ?? someTime;
  return { id: anId(idPrefixes.storeCommit, at), origin: null, actor: null, at, ...options };
}

/** A version as it is staged, of a created memory. */
export function aNewVersion(options: Partial<NewVersion> = {}): NewVersion {
  return {
    id: anId(idPrefixes.memoryVersion),
    memoryId: anId(idPrefixes.memory),
    operation: "created",
    path: "/notes/team.md",
    contentHash: sha256("content"),
    sizeBytes: 7,
    version: 1,
    ...options,
  };
}

export function aSession(options: Partial<Session> = {}): Session {
  const createdAt = options.createdAt ?? someTime;
  return {
    id: anId(idPrefixes.session, createdAt),
    tenant: "acme",
    kind: "conversation",
    dreamId: null,
    title: "",
    agentId: null,
    workspaceId: null,
    memoryStoreIds: [],
    tags: [],
    metadata: {},
    lastEvent: 0,
    edition: 1,
    createdAt,
    updatedAt: createdAt,
    archivedAt: null,
    ...options,
  };
}

export function aSessionEvent(options: Partial<NewSessionEvent> = {}): NewSessionEvent {
  return {
    id: anId(idPrefixes.sessionEvent),
    speaker: "Maya",
    trust: "user",
    blocks: [{ type: "text", text: "We moved the stand-up to ten." }],
    at: null,
    ...options,
  };
}

export function anEntry(options: Partial<MemoryEntry> = {}): MemoryEntry {
  return {
    path: "/notes/team.md",
    memoryId: anId(idPrefixes.memory),
    versionId: anId(idPrefixes.memoryVersion),
    originStoreId: "memstore_input",
    contentHash: sha256("content"),
    sizeBytes: 7,
    version: 1,
    createdAt: someTime,
    updatedAt: someTime,
    ...options,
  };
}

export function aBucket(...entries: readonly MemoryEntry[]): Bucket {
  return makeBucket(entries.length === 0 ? [anEntry()] : entries, sha256);
}

/** A head whose first bucket is named; the others are empty. */
export function aHead(firstBucket: string, entryCount = 1, totalBytes = 7): Head {
  const buckets = emptyHead(sha256).buckets.map((hash, index) => (index === 0 ? firstBucket : hash));
  return makeHead(buckets, entryCount, totalBytes, sha256);
}

export function aContent(text: string): { hash: string; text: string } {
  return { hash: sha256(text), text };
}

export function aRecordedChange(options: Partial<RecordedChange> = {}): RecordedChange {
  return {
    kind: "update",
    path: "/notes/team.md",
    toPath: null,
    baseVersionId: "memver_base",
    beforeHash: sha256("before"),
    afterHash: sha256("after"),
    conflict: false,
    reason: "said later",
    edits: [],
    trust: "user",
    flags: [],
    ...options,
  };
}
