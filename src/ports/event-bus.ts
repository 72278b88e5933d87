import type { DreamType } from "../core/dream.ts";
import type { DreamEvent } from "../core/dream-event.ts";

/** One durable event with what a reader needs to understand it alone. */
export interface EventMessage {
  readonly tenant: string;
  readonly dreamId: string;
  readonly dreamType: DreamType;
  readonly model: string;
  readonly event: DreamEvent;
}

/** Hints that something may be worth a look. They may be lost, doubled, late and out of order; storage has the truth. */
export type Topic =
  /** A dream may be claimable, or an event unsent. */
  | { readonly kind: "work" }
  /** Something of this dream changed: a move, its progress, or a cancel for its worker to notice. */
  | { readonly kind: "dream"; readonly tenant: string; readonly dreamId: string };

export interface EventBus {
  /**
   * Resolves once the event is durable on the bus, under the id `<dream id>:<number>`; publishing it again must do no
   * harm. Must throw `unavailable` at once while the bus is away, holding nothing in memory, and any other
   * `ReveriedError` when this very event can never be published. Must refuse a number that is not the next one of
   * its dream on the bus with `failed_precondition`, unless the bus has it already. A dream of which the bus holds
   * nothing (its events expired, the bus is new) may go on at any number. The caller publishes n + 1 only after n.
   */
  publish(message: EventMessage): Promise<void>;

  /** Sends a hint; never throws, never waits. */
  announce(topic: Topic): void;

  /** Calls back for each hint, and for each published event of that dream; resolves when listening. The answer stops it. */
  listen(topic: Topic, onHint: () => void): Promise<() => void>;

  /** Resolves when the bus answers; throws `unavailable` with the reason otherwise. */
  check(): Promise<void>;
}
