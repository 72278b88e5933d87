import { isReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import { createLoop, type Loop } from "./loop.ts";

/** One kind of thing that is cleaned up, a bounded part of it a call. */
export interface Chore {
  readonly name: string;
  /** Ends early when the signal is aborted. `more`: it asks to be called again soon. */
  run(now: number, signal: AbortSignal): Promise<{ readonly count: number; readonly more: boolean }>;
}

export interface SweeperDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Between two rounds of chores that go on: whoever else is served by this process has most of the time for himself. */
const restMs = 50;

/** The only loop that deletes or puts away what nobody asks for any more, chore by chore. */
export function createSweeper(
  deps: SweeperDeps,
  chores: readonly Chore[],
  tickMs: number = limits.sweepIntervalMs,
): Loop {
  return createLoop(deps, {
    name: "sweeper",
    intervalMs: tickMs,
    async tick(signal) {
      let more = false;
      for (const chore of chores) {
        if (signal.aborted) break;
        more = (await runChore(deps, chore, signal)) || more;
      }
      return more ? restMs : "idle";
    },
  });
}

/** A chore that cannot be done must not keep the others from it; a storage that is away concerns them all. */
async function runChore({ clock, log }: SweeperDeps, chore: Chore, signal: AbortSignal): Promise<boolean> {
  try {
    const { count, more } = await chore.run(clock.now(), signal);
    if (count > 0) log.debug("swept", { chore: chore.name, count });
    return more;
  } catch (cause) {
    if (isReveriedError(cause) && cause.kind === "unavailable") throw cause;
    log.error("a chore of the sweeper failed", { chore: chore.name, cause });
    return false;
  }
}
