import { expect, test } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createSilentLog } from "../adapters/system/log.ts";
import { ReveriedError } from "../core/errors.ts";
import { type Chore, createSweeper } from "./sweeper.ts";

function world() {
  const random = { bytes: () => new Uint8Array(16), fraction: () => 0.5 };
  return { clock: createManualClock(), random, log: createSilentLog() };
}

function aChore(name: string, run: () => { count: number; more: boolean }): Chore {
  return { name, run: async () => run() };
}

test("each tick runs every chore, and the next one comes soon while one has more to do", async () => {
  const deps = world();
  const runs: string[] = [];
  const sweeper = createSweeper(
    deps,
    [
      aChore("first", () => {
        runs.push("first");
        return { count: 1, more: runs.length < 4 };
      }),
      aChore("second", () => {
        runs.push("second");
        return { count: 0, more: false };
      }),
    ],
    60_000,
  );
  sweeper.start();
  await deps.clock.advance(1_000);
  expect(runs).toEqual(["first", "second", "first", "second", "first", "second"]);
  await deps.clock.advance(60_000);
  expect(runs).toHaveLength(8);
  await sweeper.stop();
});

test("a chore that fails does not keep the others from their turn", async () => {
  const deps = world();
  let runs = 0;
  const broken = aChore("broken", () => {
    throw new ReveriedError("internal", "damage");
  });
  const works = aChore("works", () => {
    runs += 1;
    return { count: 0, more: false };
  });
  const sweeper = createSweeper(deps, [broken, works], 1_000);
  sweeper.start();
  await deps.clock.advance(3_000);
  expect(runs).toBe(4);
  await sweeper.stop();
});

test("while the storage is away nothing else is tried", async () => {
  const deps = world();
  let runs = 0;
  const away = aChore("away", () => {
    throw new ReveriedError("unavailable", "away");
  });
  const works = aChore("works", () => {
    runs += 1;
    return { count: 0, more: false };
  });
  const sweeper = createSweeper(deps, [away, works], 1_000);
  sweeper.start();
  await deps.clock.advance(5_000);
  expect(runs).toBe(0);
  await sweeper.stop();
});
