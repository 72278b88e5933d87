import { expect, test } from "vitest";
import { errorOf, eventMessage } from "../../../test/support/event-messages.ts";
import { createSilentLog } from "../system/log.ts";
import { createInprocEventBus } from "./event-bus.ts";

/** A clock whose turn ends when the test says so. */
function createTurns() {
  const waiting: (() => void)[] = [];
  return {
    nextTurn: () => new Promise<void>((resolve) => waiting.push(resolve)),
    waiting: () => waiting.length,
    async end() {
      for (const resolve of waiting.splice(0)) resolve();
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

test("a storm of hints in one turn is one hint, and takes no memory", async () => {
  const turns = createTurns();
  const bus = createInprocEventBus({ clock: turns, log: createSilentLog() });
  let count = 0;
  await bus.listen({ kind: "work" }, () => {
    count += 1;
  });
  for (let index = 0; index < 10_000; index++) bus.announce({ kind: "work" });
  expect(turns.waiting()).toBe(1);
  await turns.end();
  expect(count).toBe(1);
  bus.announce({ kind: "work" });
  await turns.end();
  expect(count).toBe(2);
});

test("a listener stopped after the hint and before its turn is not called", async () => {
  const turns = createTurns();
  const bus = createInprocEventBus({ clock: turns, log: createSilentLog() });
  let count = 0;
  const stop = await bus.listen({ kind: "work" }, () => {
    count += 1;
  });
  bus.announce({ kind: "work" });
  stop();
  await turns.end();
  expect(count).toBe(0);
});

test("only so many dreams are remembered; a forgotten one goes on without a check", async () => {
  const turns = createTurns();
  const bus = createInprocEventBus({ clock: turns, log: createSilentLog() }, { dreamsRemembered: 2 });
  for (const dreamId of ["drm_a", "drm_b", "drm_c"]) await bus.publish(eventMessage(dreamId, 1));
  await bus.publish(eventMessage("drm_a", 5));
  expect(await errorOf(bus.publish(eventMessage("drm_c", 5)))).toMatchObject({ kind: "failed_precondition" });
});
