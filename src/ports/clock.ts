/** Time comes in here and nowhere else, so that a test or the simulation can own it. */
export interface Clock {
  /** Wall time, Unix milliseconds. For people, schedules and stored times; may jump. */
  now(): number;
  /** Milliseconds that only grow, for measuring and for leases. Means nothing to another process. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when the signal is or becomes aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Resolves when the work of this turn of the event loop is done; what batches writes waits for it. */
  nextTurn(): Promise<void>;
}
