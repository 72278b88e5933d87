import { setImmediate as immediate } from "node:timers/promises";
import type { Clock } from "../../src/ports/clock.ts";

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/** Time that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on by `ms`, waking sleepers in the order they come due and letting each run before the next. */
  advance(ms: number): Promise<void>;
  /** Moves time to the next sleeper; false when nobody sleeps. */
  advanceToNext(): Promise<boolean>;
  /** Lets everything that can run without time passing run. */
  settle(): Promise<void>;
  /** Shifts wall time alone, as an operator or NTP would. */
  jumpWall(ms: number): void;
}

/** Turns of the event loop that let a chain of awaits over the in-memory storage run to its end. */
const settleTurns = 40;

export function createManualClock(startMs = Date.UTC(2026, 0, 5, 9)): ManualClock {
  let elapsed = 0;
  let wall = startMs;
  const sleepers = new Set<Sleeper>();

  async function settle(): Promise<void> {
    for (let turn = 0; turn < settleTurns; turn += 1) await immediate();
  }

  function next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of sleepers) if (first === undefined || sleeper.at < first.at) first = sleeper;
    return first;
  }

  async function wakeNext(sleeper: Sleeper): Promise<void> {
    elapsed = Math.max(elapsed, sleeper.at);
    sleepers.delete(sleeper);
    sleeper.wake();
    await settle();
  }

  return {
    now: () => wall + elapsed,
    monotonic: () => elapsed,
    nextTurn: () => immediate(),
    sleep(ms, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper: Sleeper = {
          at: elapsed + ms,
          wake() {
            signal.removeEventListener("abort", onAbort);
            resolve();
          },
        };
        const onAbort = () => {
          sleepers.delete(sleeper);
          resolve();
        };
        signal.addEventListener("abort", onAbort, { once: true });
        sleepers.add(sleeper);
      });
    },
    settle,
    async advance(ms) {
      await settle();
      const until = elapsed + ms;
      for (let sleeper = next(); sleeper !== undefined && sleeper.at <= until; sleeper = next()) {
        await wakeNext(sleeper);
      }
      elapsed = until;
      await settle();
    },
    async advanceToNext() {
      await settle();
      const sleeper = next();
      if (sleeper === undefined) return false;
      await wakeNext(sleeper);
      return true;
    },
    jumpWall(ms) {
      wall += ms;
    },
  };
}
