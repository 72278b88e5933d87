import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWith, freshName } from "../support/with-services.ts";
import { killUpdates, type UpdateKillReport } from "./kill-update-scenario.ts";

function tell(report: UpdateKillReport): void {
  const { dreams, attempts, writes, unanswered, revisions } = report;
  console.log(
    `${dreams.length} dreams, ${attempts} attempts, ${writes} writes of an agent (${unanswered} unanswered), ${revisions} revisions`,
  );
}

test("embedded: dreams into a store that an agent writes into, killed again and again, are each in its history once", {
  timeout: 180_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "reveried-kill-"));
  try {
    const report = await killUpdates({ REVERIED_DATA_DIR: dataDir }, { kills: 8, turns: 1_000 });
    expect(report.attempts).toBeGreaterThan(report.dreams.length);
    expect(report.writes).toBeGreaterThan(50);
    tell(report);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

await describeWith(["mongodb"], "MongoDB", ([mongodbUrl]) => {
  test("dreams into a store that an agent writes into, killed again and again, are each in its history once", {
    timeout: 240_000,
  }, async () => {
    const settings = { REVERIED_MONGODB_URL: mongodbUrl, REVERIED_MONGODB_DATABASE: freshName() };
    const report = await killUpdates(settings, { kills: 3, turns: 600 });
    expect(report.attempts).toBeGreaterThan(report.dreams.length);
    tell(report);
  });
});
