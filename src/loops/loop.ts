/** The only loop in the code base: everything that runs by itself is a tick handed to this. */
import { isReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { backoffMs, jitteredMs } from "../core/retry.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";

export interface Loop {
  /** Starts ticking; a second call changes nothing. */
  start(): void;
  /** Makes the next tick happen now instead of after the interval; told during a tick, one more follows. */
  wake(): void;
  /** No new tick; resolves when none runs any more. May be called at any time, any number of times. */
  stop(): Promise<void>;
}

export interface LoopDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface LoopConfig {
  readonly name: string;
  readonly intervalMs: number;
  /**
   * One round of work. `again` ticks once more at once, a number waits that many milliseconds at most, `idle` waits for
   * the interval. A tick that throws is logged and tried again with a growing pause.
   */
  readonly tick: (signal: AbortSignal) => Promise<"again" | "idle" | number>;
}

export function createLoop(deps: LoopDeps, config: LoopConfig): Loop {
  const { clock, random, log } = deps;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let nap = new AbortController();
  let woken = false;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      woken = false;
      nap = new AbortController();
      let pauseMs: number;
      try {
        const outcome = await config.tick(stopping.signal);
        failures = 0;
        if (outcome === "again") continue;
        const intervalMs = jitteredMs(config.intervalMs, random.fraction());
        pauseMs = outcome === "idle" ? intervalMs : Math.min(outcome, intervalMs);
      } catch (cause) {
        if (stopping.signal.aborted) return;
        failures += 1;
        pauseMs = backoffMs(failures, random.fraction(), {
          initialMs: config.intervalMs,
          maxMs: Math.max(config.intervalMs, limits.loopBackoffMaxMs),
        });
        report(log, config.name, cause, failures);
        // A loop that fails waits its pause out, whoever wakes it: what woke it would fail as well.
        await clock.sleep(pauseMs, stopping.signal);
        continue;
      }
      if (!woken) await clock.sleep(pauseMs, AbortSignal.any([stopping.signal, nap.signal]));
    }
  }

  return {
    start() {
      if (!stopping.signal.aborted) running ??= run();
    },
    wake() {
      woken = true;
      nap.abort();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function report(log: Log, name: string, cause: unknown, failures: number): void {
  // An outage is one line when it begins; a bug is worth every line.
  if (isReveriedError(cause) && cause.kind === "unavailable") {
    if (failures === 1) log.warn(`${name} waits: ${cause.message}`);
    return;
  }
  log.error(`${name} failed`, { cause, failures });
}
