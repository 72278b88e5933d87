import fc from "fast-check";
import { expect, test } from "vitest";
import { openMongoStorage } from "../../src/adapters/mongo/storage.ts";
import { openSqliteStorage } from "../../src/adapters/sqlite/storage.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { runHistory } from "./histories.ts";
import { step } from "./steps.ts";

const clock = createSystemClock();
const steps = fc.array(step, { minLength: 4, maxLength: 16 });

test("random histories on SQLite show what the model says, wherever a process dies", async () => {
  let crashes = 0;
  let dreams = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      await using storage = await openSqliteStorage({ clock }, { inMemory: true });
      const report = await runHistory(storage, history);
      crashes += report.crashes;
      dreams += report.dreams;
    }),
    { numRuns: 150 },
  );
  // A run in which nobody died would have tested little.
  expect(crashes).toBeGreaterThan(100);
  expect(dreams).toBeGreaterThan(100);
}, 120_000);

await describeWith(["mongodb"], "MongoDB", ([url]) => {
  test("random histories show what the model says, wherever a process dies", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        await using storage = await openMongoStorage({ clock }, { url, database: freshName() });
        await runHistory(storage, history);
      }),
      { numRuns: 5 },
    );
  }, 120_000);
});
