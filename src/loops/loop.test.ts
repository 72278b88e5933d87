import { expect, test } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createSilentLog } from "../adapters/system/log.ts";
import { ReveriedError } from "../core/errors.ts";
import { createLoop } from "./loop.ts";

const random = { bytes: () => new Uint8Array(16), fraction: () => 0.5 };

function world() {
  return { clock: createManualClock(), random, log: createSilentLog() };
}

test("a loop ticks at once, then at its interval, and at once when woken", async () => {
  const deps = world();
  let ticks = 0;
  const tick = async () => {
    ticks += 1;
    return "idle" as const;
  };
  const loop = createLoop(deps, { name: "test", intervalMs: 1_000, tick });
  loop.start();
  await deps.clock.settle();
  expect(ticks).toBe(1);
  await deps.clock.advance(1_000);
  expect(ticks).toBe(2);
  loop.wake();
  await deps.clock.settle();
  expect(ticks).toBe(3);
  await loop.stop();
});

test("a wake during a tick is not lost", async () => {
  const deps = world();
  let ticks = 0;
  const loop = createLoop(deps, {
    name: "test",
    intervalMs: 1_000,
    async tick() {
      ticks += 1;
      if (ticks === 1) loop.wake();
      return "idle";
    },
  });
  loop.start();
  await deps.clock.settle();
  expect(ticks).toBe(2);
  await loop.stop();
});

test("a tick may ask for a shorter pause, and a failing one is tried again with a growing one", async () => {
  const deps = world();
  const at: number[] = [];
  const loop = createLoop(deps, {
    name: "test",
    intervalMs: 1_000,
    async tick() {
      at.push(deps.clock.monotonic());
      if (at.length === 1) return 50;
      throw new ReveriedError("unavailable", "away");
    },
  });
  loop.start();
  await deps.clock.advance(6_000);
  await loop.stop();
  expect(at).toEqual([0, 50, 800, 2_300, 5_300]);
});

test("stop resolves when nothing runs, may come first, twice and in any order, and nothing ticks after it", async () => {
  const deps = world();
  for (let round = 0; round < 200; round += 1) {
    let inside = 0;
    let ticks = 0;
    const loop = createLoop(deps, {
      name: "test",
      intervalMs: 1,
      async tick() {
        inside += 1;
        ticks += 1;
        for (let turn = 0; turn < round % 5; turn += 1) await deps.clock.nextTurn();
        inside -= 1;
        await deps.clock.nextTurn();
        return round % 2 === 0 ? "again" : "idle";
      },
    });
    if (round % 7 !== 0) loop.start();
    for (let turn = 0; turn < round % 3; turn += 1) await deps.clock.nextTurn();
    const stops = [loop.stop(), loop.stop()];
    loop.start();
    loop.wake();
    await Promise.all(stops);
    const stopped = ticks;
    await deps.clock.nextTurn();
    expect(inside).toBe(0);
    expect(ticks).toBe(stopped);
  }
});
