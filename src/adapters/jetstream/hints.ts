import { Empty } from "nats";
import type { EventBus, Topic } from "../../ports/event-bus.ts";
import type { Log } from "../../ports/log.ts";
import type { Connection } from "./connection.ts";
import { translate } from "./nats-errors.ts";
import { listenSubjects, liveSubject, type SubjectPrefixes } from "./subjects.ts";

export interface HintsDeps {
  readonly connection: Connection;
  readonly log: Log;
}

/**
 * Hints by core NATS, which stores nothing. Whoever listens also gets a hint each time the server is back, for what
 * was missed meanwhile; so `listen` may resolve while it is away.
 */
export function createHints(
  { connection, log }: HintsDeps,
  prefixes: SubjectPrefixes,
): Pick<EventBus, "announce" | "listen"> {
  const { client, where } = connection;
  const listeners = new Set<() => void>();
  connection.onBack(() => void hintAll());

  return {
    announce(topic) {
      // The client would keep it in memory for a server that is away.
      if (!connection.isUp()) return;
      try {
        client.publish(liveSubject(prefixes, topic), Empty);
      } catch (error) {
        log.debug("a hint was not sent", { reason: String(error) });
      }
    },

    async listen(topic, onHint) {
      let stopped = false;
      const hint = () => {
        if (stopped) return;
        try {
          onHint();
        } catch (cause) {
          log.error("a listener of the event bus failed", { cause });
        }
      };
      const unsubscribe = subscribe(topic, hint);
      listeners.add(hint);
      await connection.settle();
      return () => {
        if (stopped) return;
        stopped = true;
        listeners.delete(hint);
        unsubscribe();
      };
    },
  };

  function subscribe(topic: Topic, hint: () => void): () => void {
    const callback = (error: Error | null) => {
      if (error === null) hint();
      else log.warn("the NATS user may not listen", { reason: error.message });
    };
    const subjects = listenSubjects(prefixes, topic);
    try {
      const subscriptions = subjects.map((subject) => client.subscribe(subject, { callback }));
      return () => {
        for (const subscription of subscriptions) subscription.unsubscribe();
      };
    } catch (error) {
      throw translate(`listen on NATS at ${where}`, error);
    }
  }

  /** What is sent after the server took the subscriptions is heard; what was sent before, storage tells. */
  async function hintAll(): Promise<void> {
    await connection.settle();
    for (const hint of [...listeners]) hint();
  }
}
