import { describe, expect, test } from "vitest";
import type { Clock } from "../../ports/clock.ts";
import type { EngineInput } from "../../ports/engine.ts";
import { createOfflineEngine } from "./engine.ts";
import { unpackError } from "./thread-protocol.ts";

/** A clock whose sleeps end only when the test says so. */
function createHeldClock() {
  const sleepers: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    nextTurn: () => Promise.resolve(),
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        sleepers.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
  return { clock, sleepers };
}

function inputOf(overrides: Partial<EngineInput> = {}): EngineInput {
  return {
    dreamId: "drm_1",
    type: "omni",
    model: "offline",
    instructions: null,
    now: 0,
    protectedPaths: [],
    memories: [],
    sessions: [{ id: "sesn_1", title: "", createdAt: 0, lastEvent: 1 }],
    readMemories: async () => [],
    readEvents: async () => [],
    ...overrides,
  };
}

const context = (signal = new AbortController().signal) => ({ signal, report: () => {} });

describe("the threaded engine", () => {
  test("options out of their bounds are refused by name", () => {
    const { clock } = createHeldClock();
    expect(() => createOfflineEngine({ clock }, { threads: 0 })).toThrow(/threads: must be a whole number/);
    expect(() => createOfflineEngine({ clock }, { maxTokens: 1.5 })).toThrow(/maxTokens/);
  });

  test("a dream without anything to read needs no thread and reads nothing", async () => {
    const { clock } = createHeldClock();
    const engine = createOfflineEngine({ clock });
    const readEvents = () => Promise.reject(new Error("read"));
    const input = inputOf({
      sessions: [{ id: "sesn_1", title: "", createdAt: 0, lastEvent: 0 }],
      readEvents,
    });
    expect((await engine.consolidate(input, context())).changes).toEqual([]);
    await engine.close();
  });

  test("a dream whose input cannot be read fails alone; its thread serves the next", async () => {
    const { clock } = createHeldClock();
    const engine = createOfflineEngine({ clock }, { threads: 1 });
    const broken = inputOf({ readEvents: () => Promise.reject(new Error("storage is away")) });
    await expect(engine.consolidate(broken, context())).rejects.toThrow("storage is away");
    expect((await engine.consolidate(inputOf(), context())).eventsRead).toBe(0);
    await engine.close();
  });

  test("dreams beyond the number of threads wait, and one that is aborted while it waits leaves", async () => {
    const { clock } = createHeldClock();
    const engine = createOfflineEngine({ clock }, { threads: 1 });
    const page = Promise.withResolvers<[]>();
    const first = engine.consolidate(inputOf({ readEvents: () => page.promise }), context());
    const stop = new AbortController();
    const reason = new Error("left");
    const second = engine.consolidate(inputOf(), context(stop.signal));
    const third = engine.consolidate(inputOf(), context());
    stop.abort(reason);
    await expect(second).rejects.toBe(reason);
    page.resolve([]);
    await expect(first).resolves.toMatchObject({ eventsRead: 0 });
    await expect(third).resolves.toMatchObject({ eventsRead: 0 });
    await engine.close();
  });

  test("an abort reaches a thread that is deep in a loop and reads nothing", async () => {
    const { clock } = createHeldClock();
    const engine = createOfflineEngine({ clock }, { threads: 1 });
    const stop = new AbortController();
    const reason = new Error("stop");
    const stages: string[] = [];
    const lastEvent = 3_000;
    const input = inputOf({
      sessions: [{ id: "sesn_1", title: "", createdAt: 0, lastEvent }],
      readEvents: async (sessionId, after) =>
        Array.from({ length: Math.min(500, lastEvent - after) }, (_, index) => ({
          id: `evt_${after + index + 1}`,
          sessionId,
          number: after + index + 1,
          speaker: "Maya",
          trust: "user" as const,
          blocks: [
            {
              type: "text" as const,
              text: `Crate ${after + index} of lot ${index % 13} went to dock ${index * 7}.`,
            },
          ],
          at: null,
          createdAt: 0,
        })),
    });
    const run = engine.consolidate(input, {
      signal: stop.signal,
      report: ({ stage }) => {
        stages.push(stage);
        if (stage === "merging") stop.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    expect(stages).toContain("merging");
    expect(stages).not.toContain("writing");
    await engine.close();
  });

  test("a thread that does not stop in time is ended, and the next dream gets a fresh one", async () => {
    const { clock, sleepers } = createHeldClock();
    const engine = createOfflineEngine({ clock }, { threads: 1 });
    const stop = new AbortController();
    const reason = new Error("stop");
    // The abort and the end of the grace come before the thread can answer.
    const run = engine.consolidate(
      inputOf({
        readEvents: () => {
          stop.abort(reason);
          for (const wake of sleepers) wake();
          return new Promise(() => {});
        },
      }),
      context(stop.signal),
    );
    await expect(run).rejects.toBe(reason);
    await expect(engine.consolidate(inputOf(), context())).resolves.toMatchObject({ changes: [] });
    await engine.close();
  });
});

test("an error of the thread that nobody meant is told as internal, its text only as the cause", () => {
  const error = unpackError({ type: "other", message: "x is undefined", stack: "TypeError: x is undefined" });
  expect(error.kind).toBe("internal");
  expect(error.message).not.toContain("undefined");
  expect(error.cause).toContain("undefined");
});
