import type { DreamEvent } from "./dream-event.ts";

export const dreamStatuses = ["pending", "running", "completed", "failed", "canceled"] as const;
export type DreamStatus = (typeof dreamStatuses)[number];
export const finalStatuses = ["completed", "failed", "canceled"] as const satisfies readonly DreamStatus[];

export const dreamTypes = ["omni", "consolidate", "agent", "card_refresh"] as const;
export type DreamType = (typeof dreamTypes)[number];

export type OutputBehavior = "create_new" | "update_existing";

export interface DreamError {
  /** A stable word for programs, e.g. `internal_error`, `input_session_unavailable`. */
  readonly type: string;
  /** For people; never a stack trace, never a secret. */
  readonly message: string;
}

/** Tokens as the provider counts them. The offline engine uses none. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
}

export const noUsage: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheCreationInputTokens: 0,
  cacheReadInputTokens: 0,
};

/** Honcho's name for a body of memory: what `observer` holds about `observed` in a workspace. */
export interface CollectionKey {
  readonly workspaceId: string;
  readonly observer: string;
  readonly observed: string;
}

/** Which sessions a dream reads. `workspace` is resolved once, when the inputs are frozen: the newest first, at most `max`. */
export type SessionSelection =
  | { readonly kind: "ids"; readonly ids: readonly string[] }
  | { readonly kind: "workspace"; readonly workspaceId: string; readonly max: number };

export interface DreamInputs {
  readonly memoryStoreId: string;
  readonly sessions: SessionSelection;
}

/** What every attempt of a dream reads, fixed by the first `begin`. */
export interface FrozenInputs {
  /** Hash of the input store's head. */
  readonly head: string;
  /** Each session with the number of its last event at that moment; later events are not read. */
  readonly sessions: readonly { readonly id: string; readonly lastEvent: number }[];
}

/** The point of no return: once this is on a dream, whoever meets it switches `storeId` from `base` to `next` and completes it. */
export interface Commit {
  /** Under which the versions are staged, for as long as the same changes apply. */
  readonly id: string;
  readonly storeId: string;
  readonly base: string;
  readonly next: string;
  /** What `complete` will say, so that a stranger can finish the dream. */
  readonly summary: DreamSummary;
}

/** What an attempt announced with `begin`, or will announce. */
export interface AttemptIds {
  readonly outputStoreId: string;
  readonly sessionId: string;
}

/** What a completed dream did, in numbers and a sentence; the changes themselves are the change set of the attempt. */
export interface DreamSummary {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly renamed: number;
  /** Changes not applied because somebody else changed the memory meanwhile. */
  readonly conflicts: number;
  readonly sessionsRead: number;
  readonly eventsRead: number;
  readonly memoriesRead: number;
  /** One or two sentences for people: what was done, and what was not attempted. */
  readonly message: string;
}

export interface Progress {
  /** The attempt that reported it. */
  readonly attempt: number;
  /** A word for the step, e.g. `reading`, `merging`, `writing`. */
  readonly stage: string;
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
  readonly at: number;
}

/** Fields written beside the moves (renewals, progress, usage, relay marks). No move writes them, so none can be lost to a race. */
export interface DreamLive {
  /** Raised by each renewal; a reaper compares it only with what it saw itself. */
  readonly beat: number;
  readonly progress: Progress | null;
  /** Index 0 is the first attempt. Each number only grows. */
  readonly usageByAttempt: readonly Usage[];
  /** The last event number the bus acknowledged. */
  readonly publishedTo: number;
}

interface DreamBase {
  readonly id: string;
  readonly tenant: string;
  readonly type: DreamType;
  /** The name the caller gave; which engine serves it is configuration. */
  readonly model: string;
  readonly instructions: string | null;
  readonly inputs: DreamInputs;
  readonly outputBehavior: OutputBehavior;
  readonly collection: CollectionKey | null;
  /** What made this dream when it was not a plain create; unique for ever among dreams that have one. */
  readonly origin: string | null;
  readonly createdAt: number;
  readonly archivedAt: number | null;

  /** Number of the last event. Raised by each move and by nothing else. */
  readonly seq: number;
  /** Raised by each write of the dream's own state, moves included; see `DreamStore.save`. */
  readonly revision: number;
  /** Raised when the right to work on the dream passes on; a write with an older one is refused. */
  readonly fence: number;
  readonly attempt: number;
  readonly leasesLost: number;
  readonly leasesLostAlone: number;

  /** Keys held now, each by one active dream at most; empty once final. */
  readonly holds: readonly string[];
  /** Keys the claim must take before the dream may run. */
  readonly wants: readonly string[];

  readonly frozen: FrozenInputs | null;
  /** Ids given once, at the first claim; shown to callers from `begin` on. */
  readonly ids: AttemptIds | null;
  readonly begun: boolean;
  readonly commit: Commit | null;
  readonly events: readonly DreamEvent[];
  readonly live: DreamLive;
}

export interface PendingDream extends DreamBase {
  readonly status: "pending";
  /** Unix milliseconds before which it is not claimed; 0 for at once. */
  readonly notBefore: number;
  /** Why it waits; empty when it does not. */
  readonly waitReason: string;
}

export interface RunningDream extends DreamBase {
  readonly status: "running";
  readonly startedAt: number;
  readonly workerId: string;
}

export interface CompletedDream extends DreamBase {
  readonly status: "completed";
  readonly endedAt: number;
  readonly summary: DreamSummary;
}

export interface FailedDream extends DreamBase {
  readonly status: "failed";
  readonly endedAt: number;
  readonly error: DreamError;
}

export interface CanceledDream extends DreamBase {
  readonly status: "canceled";
  readonly endedAt: number;
}

export type Dream = PendingDream | RunningDream | CompletedDream | FailedDream | CanceledDream;
export type FinalDream = CompletedDream | FailedDream | CanceledDream;

export function isFinal(dream: Dream): dream is FinalDream {
  return dream.status === "completed" || dream.status === "failed" || dream.status === "canceled";
}

/** The hold a dream that writes into a store takes. */
export function storeHold(tenant: string, memoryStoreId: string): string {
  return `store:${tenant}:${memoryStoreId}`;
}

/** The hold of a call that must not be doubled while its dream is active. */
export function onceHold(tenant: string, key: string): string {
  return `once:${tenant}:${key}`;
}

/** Where the result goes, or null before the first `begin`. */
export function outputStoreId(dream: Dream): string | null {
  return dream.begun && dream.ids !== null ? dream.ids.outputStoreId : null;
}

export function totalUsage(dream: Dream): Usage {
  return dream.live.usageByAttempt.reduce(addUsage, noUsage);
}

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + b.cacheCreationInputTokens,
    cacheReadInputTokens: a.cacheReadInputTokens + b.cacheReadInputTokens,
  };
}

/** Counters may arrive late and out of order; the greater of each is the later one. */
export function maxUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
    cacheCreationInputTokens: Math.max(a.cacheCreationInputTokens, b.cacheCreationInputTokens),
    cacheReadInputTokens: Math.max(a.cacheReadInputTokens, b.cacheReadInputTokens),
  };
}
