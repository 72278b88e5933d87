/** `npm run sim -- [--seed N] [--seeds COUNT]`: runs seeds and names the first that breaks a promise. */
import { parseArgs } from "node:util";
import { runSeed } from "./run.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, seeds: { type: "string", default: "200" } },
});
const first = Number(values.seed ?? 1);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const totals = { dreams: 0, crashes: 0, attempts: 0, swept: 0, statuses: new Map<string, number>() };
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const report = await runSeed(seed);
    totals.dreams += report.dreams;
    totals.crashes += report.crashes;
    totals.attempts += report.attempts;
    totals.swept += report.swept;
    for (const [status, n] of Object.entries(report.byStatus))
      totals.statuses.set(status, (totals.statuses.get(status) ?? 0) + n);
  } catch (error) {
    console.error(`seed ${seed} broke a promise; run it again with: npm run sim -- --seed ${seed}`);
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
    break;
  }
}
const statuses = [...totals.statuses].map(([status, n]) => `${n} ${status}`).join(", ");
console.log(
  `${count} seeds: ${totals.dreams} dreams (${statuses}), ${totals.attempts} attempts, ${totals.crashes} crashed processes, ${totals.swept} parts swept`,
);
