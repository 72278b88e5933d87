import { ReveriedError } from "../../core/errors.ts";
import { checkTenant } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { createLru } from "../../lib/lru.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventBus, Topic } from "../../ports/event-bus.ts";
import type { Log } from "../../ports/log.ts";

export interface InprocEventBusDeps {
  readonly clock: Pick<Clock, "nextTurn">;
  readonly log: Log;
}

export interface InprocEventBusOptions {
  /** Of how many dreams the last number is remembered; the one used longest ago is forgotten first. */
  readonly dreamsRemembered?: number;
}

interface Listener {
  readonly onHint: () => void;
  /** A hint waits to be delivered; further ones until then are the same hint. */
  due: boolean;
  stopped: boolean;
}

/**
 * The bus of a single process. It keeps no events: the history is in the storage, and what is published here only
 * wakes those who listen in this process. Hints are delivered in a later turn of the event loop, and those of one
 * turn are one, so that neither a slow listener nor a storm of hints holds up whoever announces.
 */
export function createInprocEventBus(
  deps: InprocEventBusDeps,
  options: InprocEventBusOptions = {},
): EventBus {
  const { clock, log } = deps;
  const lastNumbers = createLru<number>(options.dreamsRemembered ?? limits.busDreamsRemembered);
  const listenersByTopic = new Map<string, Set<Listener>>();

  return {
    async publish({ tenant, dreamId, event }) {
      checkTenant("tenant", tenant);
      const key = `${tenant}.${dreamId}`;
      const last = lastNumbers.get(key);
      if (last !== undefined && event.number <= last) return;
      // A dream that is not remembered may go on at any number: it was published by an earlier process, or long ago.
      if (last !== undefined && event.number !== last + 1) {
        throw new ReveriedError(
          "failed_precondition",
          `event ${event.number} of dream ${dreamId} cannot follow event ${last}; publish ${last + 1} first`,
        );
      }
      lastNumbers.set(key, event.number);
      hint({ kind: "dream", tenant, dreamId });
    },

    announce: hint,

    async listen(topic, onHint) {
      const key = topicKey(topic);
      const listeners = listenersByTopic.get(key) ?? new Set();
      listenersByTopic.set(key, listeners);
      const listener: Listener = { onHint, due: false, stopped: false };
      listeners.add(listener);
      return () => {
        listener.stopped = true;
        listeners.delete(listener);
        if (listeners.size === 0 && listenersByTopic.get(key) === listeners) listenersByTopic.delete(key);
      };
    },

    async check() {},
  };

  function hint(topic: Topic): void {
    for (const listener of listenersByTopic.get(topicKey(topic)) ?? []) {
      if (listener.due) continue;
      listener.due = true;
      void clock.nextTurn().then(() => deliver(listener));
    }
  }

  function deliver(listener: Listener): void {
    listener.due = false;
    if (listener.stopped) return;
    try {
      listener.onHint();
    } catch (cause) {
      log.error("a listener of the event bus failed", { cause });
    }
  }
}

/** Tenants have no dots, so no two topics share a key. */
function topicKey(topic: Topic): string {
  return topic.kind === "work" ? "work" : `dream.${topic.tenant}.${topic.dreamId}`;
}
