import { expect, test } from "vitest";
import { faultRates, runSeed } from "./run.ts";

test("a world without faults completes every dream at its first attempt", async () => {
  const report = await runSeed(1, {
    crashBefore: 0,
    crashAfter: 0,
    unavailable: 0,
    lostAck: 0,
    twice: 0,
    slow: 0,
  });
  expect(report.dreams).toBeGreaterThan(5);
});

test.each(Array.from({ length: 25 }, (_, index) => index + 100))(
  "seed %i: a faulty world, once healed, keeps its promises",
  async (seed) => {
    const report = await runSeed(seed, faultRates);
    expect(report.dreams).toBeGreaterThan(0);
  },
);
