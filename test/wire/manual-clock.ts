import type { Clock } from "../../src/ports/clock.ts";

export interface ManualClock extends Clock {
  /** Moves the time on and ends the sleeps that are over, then lets what waited for them run. */
  advance(ms: number): Promise<void>;
  /** Resolves when so many sleeps are waiting: what is tested has got to its wait. */
  sleeping(count: number): Promise<void>;
}

/** Time that passes only when the test says so. */
export function createManualClock(): ManualClock {
  let now = 1_763_900_000_000;
  const sleeps = new Set<{ readonly until: number; readonly wake: () => void }>();
  const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

  return {
    now: () => now,
    monotonic: () => now,
    nextTurn,
    sleep(ms, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          sleeps.delete(sleep);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const sleep = { until: now + ms, wake };
        sleeps.add(sleep);
        signal.addEventListener("abort", wake, { once: true });
      });
    },
    async advance(ms) {
      now += ms;
      for (const sleep of [...sleeps]) if (sleep.until <= now) sleep.wake();
      await nextTurn();
    },
    async sleeping(count) {
      while (sleeps.size < count) await nextTurn();
    },
  };
}
