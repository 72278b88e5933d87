import { limits } from "../core/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import { createLoop, type Loop } from "./loop.ts";

/** One kind of thing that is cleaned up, a bounded batch a call. */
export interface Chore {
  readonly name: string;
  /** Answers how many things were done; more than none asks to be called again soon. */
  run(now: number): Promise<number>;
}

export interface SweeperDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The only loop that deletes or puts away what nobody asks for any more, chore by chore. */
export function createSweeper(deps: SweeperDeps, chores: readonly Chore[]): Loop {
  return createLoop(deps, {
    name: "sweeper",
    intervalMs: limits.sweepIntervalMs,
    async tick(signal) {
      let done = 0;
      for (const chore of chores) {
        if (signal.aborted) break;
        const count = await chore.run(deps.clock.now());
        if (count > 0) deps.log.debug("swept", { chore: chore.name, count });
        done += count;
      }
      return done > 0 ? "again" : "idle";
    },
  });
}
