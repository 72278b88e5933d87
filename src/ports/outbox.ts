import type { Dream } from "../core/dream.ts";

/**
 * The events that the bus has not acknowledged. They are the dream's own `events` above `live.publishedTo`, written
 * with the state change itself; there is no second table to fall out of step.
 */
export interface Outbox {
  /** Dreams with unsent events that are not parked beyond `now`, longest waiting first. Must not need the relay to remember anything. */
  takeUnsent(query: { readonly now: number; readonly limit: number }): Promise<Dream[]>;

  /** Raises `publishedTo` by maximum. Once it reaches the dream's seq the dream is no longer unsent; a move made meanwhile keeps it so. */
  markPublished(mark: { readonly tenant: string; readonly id: string; readonly upTo: number }): Promise<void>;

  /** Hides a dream from `takeUnsent` until then, because its event cannot be published for a reason of its own. */
  park(request: { readonly tenant: string; readonly id: string; readonly until: number }): Promise<void>;
}
