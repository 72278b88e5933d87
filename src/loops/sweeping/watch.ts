import { createLru } from "../../lib/lru.ts";
import type { Clock } from "../../ports/clock.ts";

/** Time in which the sweeper was itself at work, in milliseconds. */
export interface Watch {
  look(): number;
}

/**
 * Time between two looks counts only up to `lookMaxMs`: while the process was stopped or its machine slept, whatever else
 * was in hand there stood still as well, and that is what the sweeper waits for.
 */
export function createWatch({ clock }: { readonly clock: Clock }, lookMaxMs: number): Watch {
  let last: number | null = null;
  let watchedMs = 0;
  return {
    look() {
      const now = clock.monotonic();
      if (last !== null) watchedMs += Math.min(now - last, lookMaxMs);
      last = now;
      return watchedMs;
    },
  };
}

/** More than are ever gone without their rows; those over it wait for longer. */
const remembered = 10_000;

/** Answers for the id of a thing that is not there whether it was not there `confirmMs` ago either. */
export function createGoneList(watch: Watch, confirmMs: number): (id: string) => boolean {
  const firstSeen = createLru<number>(remembered);
  return (id) => {
    const now = watch.look();
    const since = firstSeen.get(id);
    if (since === undefined) firstSeen.set(id, now);
    return since !== undefined && now - since >= confirmMs;
  };
}
