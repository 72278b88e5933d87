import type { Dream } from "../core/dream.ts";
import { isReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { Log } from "../ports/log.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { Random } from "../ports/random.ts";
import { createLoop, type Loop } from "./loop.ts";

export interface OutboxRelayDeps {
  readonly outbox: Outbox;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface OutboxRelay extends Omit<Loop, "stop"> {
  /** Publishes what is unsent for at most `graceMs`, then stops. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Takes unsent events to the bus: in order within a dream, each after the acknowledgement of the one before, marked as
 * published only after its own. At most `limits.relayInFlight` are under way; nothing is published while the bus is away.
 */
export function createOutboxRelay(deps: OutboxRelayDeps): OutboxRelay {
  const { outbox, bus, clock } = deps;

  async function relayBatch(): Promise<"again" | "idle"> {
    const batch = await outbox.takeUnsent({ now: clock.now(), limit: limits.relayInFlight });
    if (batch.length === 0) return "idle";
    const results = await Promise.allSettled(batch.map((dream) => relayDream(deps, dream)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return batch.length === limits.relayInFlight ? "again" : "idle";
  }

  const loop = createLoop(deps, {
    name: "outbox relay",
    intervalMs: limits.pollIntervalMs,
    tick: relayBatch,
  });
  let unlisten = () => {};
  let listening: Promise<void> | null = null;
  return {
    start() {
      listening ??= bus.listen({ kind: "work" }, loop.wake).then(
        (off) => {
          unlisten = off;
        },
        (cause: unknown) => deps.log.warn("the relay gets no hints and polls", { cause }),
      );
      loop.start();
    },
    wake: loop.wake,
    async stop(graceMs) {
      await listening;
      unlisten();
      await loop.stop();
      const until = clock.monotonic() + graceMs;
      while (clock.monotonic() < until) {
        const outcome = await relayBatch().catch(() => "idle" as const);
        if (outcome === "idle") return;
      }
    },
  };
}

async function relayDream(deps: OutboxRelayDeps, dream: Dream): Promise<void> {
  const { outbox, bus, clock, log } = deps;
  const { tenant, id } = dream;
  let upTo = dream.live.publishedTo;
  let refused: { readonly cause: unknown } | null = null;
  try {
    for (const event of dream.events) {
      if (event.number <= upTo) continue;
      await bus.publish({ tenant, dreamId: id, dreamType: dream.type, model: dream.model, event });
      upTo = event.number;
    }
  } catch (cause) {
    refused = { cause };
  }
  if (upTo > dream.live.publishedTo) await outbox.markPublished({ tenant, id, upTo });
  if (refused === null) return;
  const { cause } = refused;
  if (isReveriedError(cause) && cause.kind === "unavailable") throw cause;
  // This event alone cannot be published; the others must not wait for it. After the mark, which ends a parking.
  log.error("an event cannot be published and is parked", { dream: id, number: upTo + 1, cause });
  await outbox.park({ tenant, id, until: clock.now() + limits.relayParkMs });
}
