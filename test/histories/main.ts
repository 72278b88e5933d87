/** `node test/histories/main.ts [--runs N] [--seed N] [--mongodb-url URL]`: as many random histories as one has time for. */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { openMongoStorage } from "../../src/adapters/mongo/storage.ts";
import { openSqliteStorage } from "../../src/adapters/sqlite/storage.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { runHistory } from "./histories.ts";
import { step } from "./steps.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    seed: { type: "string" },
    "mongodb-url": { type: "string" },
  },
});
const clock = createSystemClock();
const url = values["mongodb-url"];
const open = () =>
  url === undefined
    ? openSqliteStorage({ clock }, { inMemory: true })
    : openMongoStorage({ clock }, { url, database: `histories_${process.pid}_${databases++}` });
let databases = 0;
const totals = { histories: 0, dreams: 0, crashes: 0 };

await fc.assert(
  fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), async (steps) => {
    await using storage = await open();
    const { dreams, crashes } = await runHistory(storage, steps);
    totals.histories += 1;
    totals.dreams += dreams;
    totals.crashes += crashes;
    if (totals.histories % 500 === 0) console.log(JSON.stringify(totals));
  }),
  {
    numRuns: Number(values.runs),
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
  },
);
console.log(JSON.stringify(totals));
