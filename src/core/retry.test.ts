import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs, jitteredMs } from "./retry.ts";

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const bounds = { initialMs: 1_000, maxMs: 60_000 };

describe("a back-off", () => {
  test("doubles with each attempt up to the maximum", () => {
    const whole = [1, 2, 3, 6, 7, 8, 1_000].map((attempt) => backoffMs(attempt, 0.999_999_9, bounds));
    expect(whole).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("lies between half and the whole, whatever the attempt", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 10_000 }), fraction, (attempt, jitter) => {
        const whole = Math.min(bounds.maxMs, bounds.initialMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
        const pause = backoffMs(attempt, jitter, bounds);
        expect(pause).toBeGreaterThanOrEqual(whole / 2);
        expect(pause).toBeLessThanOrEqual(whole);
      }),
    );
  });

  test("of a zeroth attempt is that of the first", () => {
    expect(backoffMs(0, 0, bounds)).toBe(backoffMs(1, 0, bounds));
  });
});

test("a jittered interval stays within a tenth either way", () => {
  expect(jitteredMs(1_000, 0)).toBe(900);
  expect(jitteredMs(1_000, 0.5)).toBe(1_000);
  fc.assert(
    fc.property(fraction, (jitter) => {
      const interval = jitteredMs(1_000, jitter);
      expect(interval).toBeGreaterThanOrEqual(900);
      expect(interval).toBeLessThanOrEqual(1_100);
    }),
  );
});
