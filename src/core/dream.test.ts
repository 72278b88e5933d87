import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aDream, begun } from "../../test/support/factories.ts";
import {
  addUsage,
  dreamStatuses,
  finalStatuses,
  isFinal,
  maxUsage,
  noUsage,
  onceHold,
  outputStoreId,
  storeHold,
  totalUsage,
  type Usage,
} from "./dream.ts";

const count = fc.nat({ max: 1_000_000 });
const usage: fc.Arbitrary<Usage> = fc.record({
  inputTokens: count,
  outputTokens: count,
  cacheCreationInputTokens: count,
  cacheReadInputTokens: count,
});

test("exactly the final statuses are final", () => {
  expect(dreamStatuses.filter((status) => isFinal(aDream({ status })))).toEqual(finalStatuses);
});

test("the output store is shown from begin on", () => {
  const running = aDream({ status: "running" });
  expect(outputStoreId(running)).toBeNull();
  expect(outputStoreId(begun(running))).toBe(running.ids?.outputStoreId);
});

describe("usage", () => {
  test("of a dream is the sum of its attempts", () => {
    fc.assert(
      fc.property(fc.array(usage), (attempts) => {
        const dream = aDream();
        const total = totalUsage({ ...dream, live: { ...dream.live, usageByAttempt: attempts } });
        expect(total).toEqual(attempts.reduce(addUsage, noUsage));
        expect(total.inputTokens).toBe(attempts.reduce((sum, one) => sum + one.inputTokens, 0));
      }),
    );
  });

  test("that arrives late, doubled or out of order never lowers a number", () => {
    fc.assert(
      fc.property(usage, usage, (a, b) => {
        const both = maxUsage(a, b);
        expect(both).toEqual(maxUsage(b, a));
        expect(maxUsage(both, a)).toEqual(both);
        expect(both.outputTokens).toBe(Math.max(a.outputTokens, b.outputTokens));
        expect(both.cacheReadInputTokens).toBeGreaterThanOrEqual(a.cacheReadInputTokens);
      }),
    );
  });
});

test("holds of two tenants, and of two kinds, are never the same", () => {
  const holds = [storeHold("a", "x"), storeHold("b", "x"), onceHold("a", "x"), storeHold("a", "y")];
  expect(new Set(holds).size).toBe(holds.length);
});
