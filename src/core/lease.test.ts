import { describe, expect, test } from "vitest";
import { isDead, isPoison, lostLeasePauseMs, mustRunAlone, observe } from "./lease.ts";
import { limits } from "./limits.ts";

const still = limits.leaseStillMs;

describe("a reaper", () => {
  test("takes a worker for dead only after it has itself seen the beat stand still for the whole time", () => {
    const first = observe(undefined, { fence: 1, beat: 7 }, 1_000);
    expect(isDead(first, 1_000 + still - 1)).toBe(false);
    expect(isDead(first, 1_000 + still)).toBe(true);
  });

  test("that looks again at the same beat goes on counting from its first look", () => {
    const first = observe(undefined, { fence: 1, beat: 7 }, 1_000);
    expect(observe(first, { fence: 1, beat: 7 }, 9_000)).toBe(first);
  });

  test.each([
    ["a new beat", { fence: 1, beat: 8 }],
    ["another owner with the same beat", { fence: 2, beat: 7 }],
    ["a beat that went back", { fence: 1, beat: 6 }],
  ])("starts anew at %s", (_, seen) => {
    const again = observe(observe(undefined, { fence: 1, beat: 7 }, 1_000), seen, 9_000);
    expect(again).toEqual({ ...seen, firstSeenMs: 9_000 });
    expect(isDead(again, 9_000 + still - 1)).toBe(false);
  });

  test("that has just started declares nobody dead, however old the beat", () => {
    expect(isDead(observe(undefined, { fence: 4, beat: 0 }, 5), 5)).toBe(false);
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
