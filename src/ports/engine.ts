import type { Change } from "../core/change-set.ts";
import type { DreamType, Usage } from "../core/dream.ts";
import type { SessionEvent } from "../core/session.ts";

/** A memory of the frozen input, under the ids that the input store shows. */
export interface EngineMemory {
  readonly path: string;
  readonly memoryId: string;
  readonly versionId: string;
  readonly contentHash: string;
  readonly sizeBytes: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface EngineSession {
  readonly id: string;
  readonly title: string;
  readonly createdAt: number;
  /** Events above this number are not part of the dream. */
  readonly lastEvent: number;
}

/** The frozen inputs of one dream. Reading them twice gives the same. */
export interface EngineInput {
  readonly dreamId: string;
  readonly type: DreamType;
  readonly model: string;
  readonly instructions: string | null;
  /** When the dream was created; "today" for an engine, the same in each attempt. */
  readonly now: number;
  /** Paths that a dream does not write; one ending in "/" covers what lies below it. A change of one is not applied. */
  readonly protectedPaths: readonly string[];
  /** Sorted by path. */
  readonly memories: readonly EngineMemory[];
  /** In the order the dream names them. */
  readonly sessions: readonly EngineSession[];
  /** Texts in the order of `paths`, which must be of `memories`. */
  readMemories(paths: readonly string[]): Promise<readonly string[]>;
  /** The events after number `after`, at most one page, ascending; empty at the end of the frozen part. */
  readEvents(sessionId: string, after: number): Promise<readonly SessionEvent[]>;
}

export interface EngineProgress {
  /** A word: `reading`, `merging`, `writing`. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly usage: Usage;
}

export interface EngineContext {
  readonly signal: AbortSignal;
  /** May be called as often as is convenient; the caller thins it out. */
  readonly report: (progress: EngineProgress) => void;
}

export interface EngineResult {
  readonly changes: readonly Change[];
  readonly usage: Usage;
  readonly eventsRead: number;
  /** One or two sentences for people: what was done, and what was not attempted. */
  readonly message: string;
}

/**
 * What thinks. Must go through all its inputs or throw; must not write anywhere: what it wants changed is in its
 * answer. Must stop within a second of the signal, by throwing the signal's reason. An engine that finds nothing to
 * change answers with no changes. Throws `ReveriedError` for failures worth telling.
 */
export interface Engine {
  readonly name: string;
  consolidate(input: EngineInput, context: EngineContext): Promise<EngineResult>;
  /** Frees threads and connections; a running `consolidate` is aborted. */
  close(): Promise<void>;
}
