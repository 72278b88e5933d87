import { ReveriedError } from "../../src/core/errors.ts";
import type { EventBus, EventMessage, Topic } from "../../src/ports/event-bus.ts";

export interface SimBus extends EventBus {
  /** All that was stored, repeats included, in order. */
  readonly stored: readonly EventMessage[];
}

/** A bus that keeps what is published, as a stream does, and gives hints to whoever listens in any simulated process. */
export function createSimBus(): SimBus {
  const stored: EventMessage[] = [];
  const last = new Map<string, number>();
  const listeners = new Map<string, Set<() => void>>();
  const keyOf = (topic: Topic) => (topic.kind === "work" ? "work" : `${topic.tenant}/${topic.dreamId}`);

  function announce(topic: Topic): void {
    for (const onHint of listeners.get(keyOf(topic)) ?? []) onHint();
  }

  return {
    stored,
    async publish(message) {
      const { dreamId, event } = message;
      const known = last.get(dreamId) ?? 0;
      if (event.number <= known) return;
      if (event.number !== known + 1)
        throw new ReveriedError("failed_precondition", `gap at ${event.number}`);
      last.set(dreamId, event.number);
      stored.push(message);
      announce({ kind: "dream", tenant: message.tenant, dreamId });
    },
    announce,
    async listen(topic, onHint) {
      const key = keyOf(topic);
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set.add(onHint));
      return () => set.delete(onHint);
    },
    async check() {},
  };
}
