/**
 * When a still beat is a dead worker. No lease is compared across clocks: a reaper counts only the time that it
 * has itself seen the same (fence, beat) on its own monotonic clock.
 */
import { limits } from "./limits.ts";
import { backoffMs } from "./retry.ts";

export interface Heartbeat {
  readonly fence: number;
  readonly beat: number;
}

/** What a reaper remembers of one running dream. */
export interface Sighting extends Heartbeat {
  /** Monotonic milliseconds of the reaper at its last look. */
  readonly seenMs: number;
  /** For how long it has watched this (fence, beat) stand still. */
  readonly stillMs: number;
}

/**
 * The sighting to remember after another look. Time between two looks counts only up to `limits.leaseLookMaxMs`: a reaper
 * that was stopped or cut off from the storage did not watch, and the worker may have been stopped or cut off as well.
 */
export function observe(previous: Sighting | undefined, seen: Heartbeat, nowMs: number): Sighting {
  const { fence, beat } = seen;
  if (previous === undefined || previous.fence !== fence || previous.beat !== beat) {
    return { fence, beat, seenMs: nowMs, stillMs: 0 };
  }
  const watchedMs = Math.min(nowMs - previous.seenMs, limits.leaseLookMaxMs);
  return { fence, beat, seenMs: nowMs, stillMs: previous.stillMs + watchedMs };
}

/** True once the beat stood still for the whole of `limits.leaseStillMs` under this reaper's own eyes. */
export function isDead(sighting: Sighting): boolean {
  return sighting.stillMs >= limits.leaseStillMs;
}

/** A dream that lost this many leases is run by itself, so that it cannot take its neighbours down again. */
export function mustRunAlone(leasesLost: number): boolean {
  return leasesLost >= limits.leasesLostMax;
}

/** True when the dream killed its process so often while alone that it is the cause. */
export function isPoison(leasesLostAlone: number): boolean {
  return leasesLostAlone >= limits.leasesLostAloneMax;
}

/**
 * How long a dream that lost so many leases waits before it is claimed again. The first loss costs nothing; a dream that
 * is lost again and again lets others go first, and is not run down by a machine that restarts every few seconds.
 */
export function lostLeasePauseMs(leasesLost: number, fraction: number): number {
  if (leasesLost <= 1) return 0;
  return backoffMs(leasesLost - 1, fraction, {
    initialMs: limits.lostLeasePauseMs,
    maxMs: limits.lostLeasePauseMaxMs,
  });
}
