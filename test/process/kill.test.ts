import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { killAgainAndAgain } from "./kill-scenario.ts";

test("embedded: killed ten times with dreams running, nothing accepted is lost and each dream ends once", {
  timeout: 180_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "reveried-kill-"));
  try {
    const report = await killAgainAndAgain(
      { REVERIED_DATA_DIR: dataDir },
      { kills: 10, dreamsPerRound: 2, turns: 1_500 },
    );
    expect(report.runningAtKill).toHaveLength(10);
    expect(Math.min(...report.runningAtKill)).toBeGreaterThan(0);
    expect(report.attempts).toBeGreaterThan(report.dreams.length);
    console.log(
      `${report.dreams.length} dreams, ${report.attempts} attempts, running at each kill: ${report.runningAtKill.join(" ")}`,
    );
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
