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
  /** Monotonic milliseconds of the reaper when it first saw this (fence, beat). */
  readonly firstSeenMs: number;
}

/** The sighting to remember after another look. */
export function observe(previous: Sighting | undefined, seen: Heartbeat, nowMs: number): Sighting {
  if (previous !== undefined && previous.fence === seen.fence && previous.beat === seen.beat) return previous;
  return { fence: seen.fence, beat: seen.beat, firstSeenMs: nowMs };
}

/** True once the beat stood still for the whole of `stillMs` under this reaper's own eyes. */
export function isDead(sighting: Sighting, nowMs: number, stillMs: number = limits.leaseStillMs): boolean {
  return nowMs - sighting.firstSeenMs >= stillMs;
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
