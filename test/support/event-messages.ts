import type { DreamEvent } from "../../src/core/dream-event.ts";
import { ReveriedError } from "../../src/core/errors.ts";
import type { EventMessage } from "../../src/ports/event-bus.ts";

export interface EventFacts {
  readonly tenant?: string;
  readonly model?: string;
  readonly event?: Partial<DreamEvent>;
}

/** An event of a dream: `created` for number 1, then `started` and `released` in turn. */
export function eventMessage(dreamId: string, number: number, facts: EventFacts = {}): EventMessage {
  const started = number % 2 === 0;
  const kind = number === 1 ? "created" : started ? "started" : "released";
  return {
    tenant: facts.tenant ?? "acme",
    dreamId,
    dreamType: "omni",
    model: facts.model ?? "auto",
    event: {
      number,
      kind,
      at: 1_767_225_600_123 + number,
      from: number === 1 ? null : started ? "pending" : "running",
      to: started ? "running" : "pending",
      attempt: Math.floor(number / 2),
      reason: kind === "released" ? "the worker shut down" : "",
      error: null,
      outputStoreId: null,
      ...facts.event,
    },
  };
}

/** The error that a call was refused with; fails when it was not, or with another error than a planned one. */
export async function errorOf(call: Promise<unknown>): Promise<ReveriedError> {
  const outcome = await call.then(
    () => "resolved",
    (error: unknown) => error,
  );
  if (outcome instanceof ReveriedError) return outcome;
  throw new Error(`expected a ReveriedError, got ${String(outcome)}`, { cause: outcome });
}
