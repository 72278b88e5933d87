import { describe, expect, test } from "vitest";
import {
  type Heartbeat,
  isDead,
  isPoison,
  lostLeasePauseMs,
  mustRunAlone,
  observe,
  type Sighting,
} from "./lease.ts";
import { limits } from "./limits.ts";

const still = limits.leaseStillMs;

/** Looks at a beat that stands still, once a second and at the end of `forMs`. */
function watch(seen: Heartbeat, forMs: number): Sighting {
  const startMs = 1_000;
  let sighting = observe(undefined, seen, startMs);
  for (let ms = 1_000; ms < forMs; ms += 1_000) sighting = observe(sighting, seen, startMs + ms);
  return observe(sighting, seen, startMs + forMs);
}

describe("a reaper", () => {
  test("takes a worker for dead only after it has itself seen the beat stand still for the whole time", () => {
    expect(isDead(watch({ fence: 1, beat: 7 }, still - 1))).toBe(false);
    expect(isDead(watch({ fence: 1, beat: 7 }, still))).toBe(true);
  });

  test("that could not look for a while counts little of that time, and goes on from there", () => {
    const before = watch({ fence: 1, beat: 7 }, 2_000);
    const after = observe(before, before, before.seenMs + 10 * still);
    expect(after.stillMs).toBe(2_000 + limits.leaseLookMaxMs);
    expect(isDead(after)).toBe(false);
  });

  test("that can look only seldom finds a dead worker in the end", () => {
    let sighting = observe(undefined, { fence: 1, beat: 7 }, 0);
    for (let look = 1; look <= still / limits.leaseLookMaxMs; look += 1) {
      sighting = observe(sighting, sighting, look * 60_000);
    }
    expect(isDead(sighting)).toBe(true);
  });

  test.each([
    ["a new beat", { fence: 1, beat: 8 }],
    ["another owner with the same beat", { fence: 2, beat: 7 }],
    ["a beat that went back", { fence: 1, beat: 6 }],
  ])("starts anew at %s", (_, seen) => {
    const again = observe(watch({ fence: 1, beat: 7 }, still), seen, 90_000);
    expect(again).toEqual({ ...seen, seenMs: 90_000, stillMs: 0 });
  });

  test("that has just started declares nobody dead, however old the beat", () => {
    expect(isDead(observe(undefined, { fence: 4, beat: 0 }, 5))).toBe(false);
  });
});

test("a worker has three beats before it counts as dead", () => {
  expect(still).toBeGreaterThanOrEqual(3 * limits.beatIntervalMs);
});

test("a dream runs alone after 3 lost leases, and is given up after 5 more lost alone", () => {
  expect([2, 3, 4].map(mustRunAlone)).toEqual([false, true, true]);
  expect([4, 5, 6].map(isPoison)).toEqual([false, true, true]);
});

test("the first lost lease costs no time, each further one about twice as much, up to a minute", () => {
  expect([1, 2, 3, 4, 9].map((lost) => lostLeasePauseMs(lost, 1))).toEqual([0, 2_000, 4_000, 8_000, 60_000]);
});

test("the first lost lease costs no pause, the next ones double it up to a minute", () => {
  const longest = [0, 1, 2, 3, 4, 7, 8, 200].map((lost) => lostLeasePauseMs(lost, 0.999_999_9));
  expect(longest).toEqual([0, 0, 2_000, 4_000, 8_000, 60_000, 60_000, 60_000]);
});

test("a dream is not given up within a minute by a machine that restarts all the time", () => {
  const losses = limits.leasesLostMax + limits.leasesLostAloneMax;
  const shortest = Array.from({ length: losses - 1 }, (_, index) => lostLeasePauseMs(index + 1, 0));
  expect(shortest.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(60_000);
});
