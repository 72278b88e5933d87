import type { DreamError, DreamStatus } from "./dream.ts";

/** What each move is called on the bus: `dreams.v1.<tenant>.<dream id>.<kind>`. */
export const dreamEventKinds = [
  "created",
  "started",
  "released",
  "deferred",
  "completed",
  "failed",
  "canceled",
  "archived",
] as const;

export type DreamEventKind = (typeof dreamEventKinds)[number];

/** One state change of a dream. It carries no memory text and no instructions: it leaves the process. */
export interface DreamEvent {
  /** 1 for `created`, then one more for each move; never reused, never skipped. */
  readonly number: number;
  readonly kind: DreamEventKind;
  /** Unix milliseconds, from the clock of the process that made the move. */
  readonly at: number;
  /** `null` for `created`. */
  readonly from: DreamStatus | null;
  readonly to: DreamStatus;
  /** How many attempts had begun when this happened; 0 before the first claim. */
  readonly attempt: number;
  /** Why it was released or deferred; empty for the other kinds. */
  readonly reason: string;
  /** Only with `failed`. */
  readonly error: DreamError | null;
  /** The output store, from the first `begin` on. */
  readonly outputStoreId: string | null;
}
