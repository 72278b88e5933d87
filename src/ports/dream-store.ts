import type { AttemptIds, Dream, DreamStatus, Progress, RunningDream, Usage } from "../core/dream.ts";
import type { Heartbeat } from "../core/lease.ts";

export interface DreamFilter {
  /** Any of these; empty for all. */
  readonly statuses: readonly DreamStatus[];
  readonly includeArchived: boolean;
  /** Exclusive bounds on `createdAt`, Unix milliseconds; null for none. */
  readonly createdAfter: number | null;
  readonly createdBefore: number | null;
  /** Dreams that read this store; null for all. */
  readonly memoryStoreId: string | null;
}

/** Where a page ended: what comes after it is older, or of the same time with a smaller id. */
export interface DreamPosition {
  readonly createdAt: number;
  readonly id: string;
}

export type CreateOutcome =
  | { readonly outcome: "created"; readonly dream: Dream }
  /** An active dream carries one of the holds; nothing was written. */
  | { readonly outcome: "held"; readonly key: string; readonly by: Dream }
  /** A dream with this origin exists, whatever its status; nothing was written. */
  | { readonly outcome: "origin_exists"; readonly dream: Dream };

export type SaveOutcome =
  | { readonly outcome: "saved"; readonly dream: Dream }
  /** The dream is no longer what was read (or is gone: null); nothing was written. */
  | { readonly outcome: "stale"; readonly dream: Dream | null }
  /** A hold that `next` adds is another's; nothing was written. */
  | { readonly outcome: "held"; readonly key: string };

export interface ClaimRequest {
  readonly now: number;
  readonly workerId: string;
  /** At most this many are claimed. */
  readonly limit: number;
  /** The ids that a dream claimed for the first time will use, made before the write; called once for each. */
  readonly makeIds: (dream: Dream) => AttemptIds;
  /** Whether this dream may be claimed by this worker now (a dream that must run alone, say). */
  readonly accepts: (dream: Dream) => boolean;
}

export interface RunningLease extends Heartbeat {
  readonly tenant: string;
  readonly id: string;
}

export interface RenewRequest {
  readonly tenant: string;
  readonly id: string;
  readonly fence: number;
  readonly attempt: number;
  /** null leaves the stored progress as it is. */
  readonly progress: Progress | null;
  /** The attempt's usage so far; each number is raised by maximum. */
  readonly usage: Usage;
}

/**
 * Dreams, each one document that holds its status, fence, beat, holds and events, written atomically.
 *
 * Everywhere: every call names the tenant, and another tenant's dream is as good as absent. An unreachable storage
 * must throw `unavailable`. A call that is repeated after its acknowledgement was lost must answer as the first
 * would have. Lists and times keep milliseconds, and ids and keys are compared letter for letter.
 */
export interface DreamStore {
  /** Must write the dream with its holds and its first event, or nothing. Also gives it its fair place among the pending. */
  create(dream: Dream): Promise<CreateOutcome>;

  get(key: { readonly tenant: string; readonly id: string }): Promise<Dream | null>;

  /** Newest first; equal times by id, descending. A page is stable while dreams are created. */
  list(query: {
    readonly tenant: string;
    readonly filter: DreamFilter;
    readonly after: DreamPosition | null;
    readonly limit: number;
  }): Promise<Dream[]>;

  /**
   * Must write `next` in place of `read` only while the stored dream still has the status, seq, revision and fence
   * of `read`; and with `guardBeat`, also its beat. Must write state, holds and events together, and must leave the
   * fields of `Dream.live` as they are stored. Keys new in `next.holds` are taken, keys no longer in it are freed.
   */
  save(write: {
    readonly read: Dream;
    readonly next: Dream;
    readonly guardBeat: boolean;
  }): Promise<SaveOutcome>;

  /**
   * Moves due pending dreams (`notBefore` ≤ now) to running by `applyMove(…, "claim")`, in an order that is fair
   * between tenants, each under the guard of `save`. No dream may be claimed twice, however many claim at once.
   * A dream whose wanted hold is taken is pushed to `now + limits.holdBusyRetryMs`, and the next is tried.
   */
  claim(request: ClaimRequest): Promise<RunningDream[]>;

  /**
   * Raises the beat by one, writes progress and usage, only while the dream is running under this fence.
   * Must leave seq and revision alone.
   */
  renew(request: RenewRequest): Promise<{ readonly outcome: "renewed" | "fenced" }>;

  /** Every running dream of every tenant, for reapers, by id; `after` is the last id of the page before. */
  listRunning(page: { readonly after: string | null; readonly limit: number }): Promise<RunningLease[]>;

  /** The earliest time after `now` at which a pending dream comes due by its `notBefore`, or null. */
  nextDue(now: number): Promise<number | null>;

  /** Resolves when a read reaches the storage; throws `unavailable` with the reason otherwise. */
  check(): Promise<void>;
}
