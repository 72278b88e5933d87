import { describe, expect, test } from "vitest";
import { checkChanges } from "../../src/core/change-set.ts";
import type { SessionEvent } from "../../src/core/session.ts";
import type { Engine, EngineContext, EngineInput } from "../../src/ports/engine.ts";

const encoder = new TextEncoder();
const sizeBytes = (text: string) => encoder.encode(text).length;

export interface Talk {
  readonly speaker: string;
  readonly text: string;
  readonly at: number | null;
}

/** An engine's input over plain values, which remembers what it was asked for. */
export function engineInput(
  notes: ReadonlyMap<string, string>,
  sessions: readonly (readonly Talk[])[],
  overrides: Partial<EngineInput> = {},
): EngineInput & { readonly reads: { sessionId: string; after: number }[] } {
  const reads: { sessionId: string; after: number }[] = [];
  const paths = [...notes.keys()].sort((a, b) => (a < b ? -1 : 1));
  return {
    dreamId: "drm_1",
    type: "omni",
    model: "offline",
    instructions: null,
    now: Date.UTC(2026, 5, 1),
    protectedPaths: [],
    memories: paths.map((path) => ({
      path,
      memoryId: `mem_${path}`,
      versionId: `memver_${path}`,
      contentHash: "",
      sizeBytes: sizeBytes(notes.get(path) ?? ""),
      createdAt: 1_000,
      updatedAt: 1_000,
    })),
    sessions: sessions.map((talk, index) => ({
      id: `sesn_${index + 1}`,
      title: "",
      createdAt: Date.UTC(2026, 5, 1),
      lastEvent: talk.length,
    })),
    readMemories: async (wanted) => wanted.map((path) => notes.get(path) ?? ""),
    readEvents: async (sessionId, after) => {
      reads.push({ sessionId, after });
      const talk = sessions[Number(sessionId.slice(5)) - 1] ?? [];
      return talk.slice(after, after + 50).map((said, index) => eventOf(sessionId, after + index + 1, said));
    },
    reads,
    ...overrides,
  };
}

export function eventOf(sessionId: string, number: number, said: Talk): SessionEvent {
  return {
    id: `evt_${sessionId}_${number}`,
    sessionId,
    number,
    speaker: said.speaker,
    trust: said.speaker === "assistant" ? "assistant" : said.speaker === "tool" ? "tool" : "user",
    blocks: [{ type: "text", text: said.text }],
    at: said.at,
    createdAt: 0,
  };
}

export function engineContext(signal: AbortSignal = new AbortController().signal): EngineContext {
  return { signal, report: () => {} };
}

const march = Date.UTC(2026, 2, 2);
const notes = new Map([["/deploys.md", "# Deploys\n\n- Deploys go out on Thursday.\n"]]);
const talk: Talk[] = [
  { speaker: "Maya", text: "We moved the deploys from Thursday to Tuesday last week.", at: march },
  { speaker: "assistant", text: "Got it!", at: march },
  { speaker: "Maya", text: "The staging server of the Heron project has 64 GB of memory.", at: march },
];
const longTalk: Talk[] = Array.from({ length: 400 }, (_, index) => ({
  speaker: "Maya",
  text: `The service number ${index} of the Heron project belongs to team ${index % 7} since last Friday.`,
  at: march + index,
}));

/** The promises of `Engine`. `makeEngine` must answer with a fresh engine; the suite closes it. */
export function testEngine(name: string, makeEngine: () => Engine): void {
  const use = async (work: (engine: Engine) => Promise<void>) => {
    const engine = makeEngine();
    try {
      await work(engine);
    } finally {
      await engine.close();
    }
  };

  describe(`engine contract: ${name}`, () => {
    test("nothing to read gives no changes", () =>
      use(async (engine) => {
        const result = await engine.consolidate(engineInput(new Map(), []), engineContext());
        expect(result.changes).toEqual([]);
        expect(result.eventsRead).toBe(0);
      }));

    test("sessions without words give no changes", () =>
      use(async (engine) => {
        const input = engineInput(new Map(), [[{ speaker: "user", text: "", at: march }]]);
        const result = await engine.consolidate(input, engineContext());
        expect(result.changes).toEqual([]);
        expect(result.eventsRead).toBe(1);
      }));

    test("the same input twice gives the same answer", () =>
      use(async (engine) => {
        const first = await engine.consolidate(engineInput(notes, [talk, longTalk]), engineContext());
        const second = await engine.consolidate(engineInput(notes, [talk, longTalk]), engineContext());
        expect(first.changes.length).toBeGreaterThan(0);
        expect(second).toEqual(first);
      }));

    test("what it changes is a change set that may be applied, with a reason for each edit", () =>
      use(async (engine) => {
        const { changes } = await engine.consolidate(engineInput(notes, [talk]), engineContext());
        expect(() => checkChanges(changes, sizeBytes)).not.toThrow();
        for (const change of changes) {
          expect(change.reason).not.toBe("");
          expect(change.edits.length).toBeGreaterThan(0);
          for (const edit of change.edits) expect(edit.reason).not.toBe("");
          if (change.kind !== "create") expect(change.baseVersionId).toBe(`memver_${change.path}`);
        }
      }));

    test("it reads every session to its frozen end and no event behind it", () =>
      use(async (engine) => {
        const input = engineInput(new Map(), [longTalk]);
        const frozen = { ...input, sessions: input.sessions.map((one) => ({ ...one, lastEvent: 120 })) };
        const result = await engine.consolidate(frozen, engineContext());
        expect(result.eventsRead).toBe(120);
        expect(JSON.stringify(result.changes)).not.toContain("service number 120 ");
        expect(input.reads.every((read) => read.after < 120)).toBe(true);
      }));

    test("a signal that is aborted already ends it before it reads", () =>
      use(async (engine) => {
        const input = engineInput(notes, [talk]);
        const reason = new Error("stop");
        const run = engine.consolidate(input, engineContext(AbortSignal.abort(reason)));
        await expect(run).rejects.toBe(reason);
        expect(input.reads).toEqual([]);
      }));

    test("an abort while it waits for a page that never comes ends it with the reason", () =>
      use(async (engine) => {
        const stop = new AbortController();
        const reason = new Error("stop");
        const input = engineInput(notes, [talk], {
          readEvents: (_id, _after) => {
            stop.abort(reason);
            return new Promise(() => {});
          },
        });
        await expect(engine.consolidate(input, engineContext(stop.signal))).rejects.toBe(reason);
      }));

    test("an abort while it works ends it with the reason, and the next dream is served", () =>
      use(async (engine) => {
        const stop = new AbortController();
        const reason = new Error("stop");
        const input = engineInput(notes, [longTalk, longTalk]);
        const context: EngineContext = {
          signal: stop.signal,
          report: ({ stage }) => {
            if (stage === "merging" || stage === "reading") stop.abort(reason);
          },
        };
        await expect(engine.consolidate(input, context)).rejects.toBe(reason);
        const next = await engine.consolidate(engineInput(notes, [talk]), engineContext());
        expect(next.eventsRead).toBe(talk.length);
      }));

    test("a page that cannot be read fails the dream with that error, and the next dream is served", () =>
      use(async (engine) => {
        const failure = new Error("storage is away");
        const input = engineInput(notes, [talk], { readEvents: () => Promise.reject(failure) });
        await expect(engine.consolidate(input, engineContext())).rejects.toBe(failure);
        const next = await engine.consolidate(engineInput(notes, [talk]), engineContext());
        expect(next.eventsRead).toBe(talk.length);
      }));

    test("dreams at the same time do not mix", () =>
      use(async (engine) => {
        const alone = await engine.consolidate(engineInput(notes, [talk]), engineContext());
        const runs = Array.from({ length: 6 }, (_, index) =>
          engine.consolidate(engineInput(notes, index % 2 === 0 ? [talk] : [longTalk]), engineContext()),
        );
        const results = await Promise.all(runs);
        for (const [index, result] of results.entries()) {
          if (index % 2 === 0) expect(result).toEqual(alone);
          else expect(result.eventsRead).toBe(longTalk.length);
        }
      }));

    test("close aborts a dream under way, and may be called twice", async () => {
      const engine = makeEngine();
      const reading = Promise.withResolvers<void>();
      const input = engineInput(notes, [talk], {
        readEvents: () => {
          reading.resolve();
          return new Promise(() => {});
        },
      });
      const run = engine.consolidate(input, engineContext());
      const outcome = run.then(
        () => "done",
        () => "failed",
      );
      await reading.promise;
      await Promise.all([engine.close(), engine.close()]);
      expect(await outcome).toBe("failed");
    });

    test("after close it takes no dream", async () => {
      const engine = makeEngine();
      await engine.close();
      const run = engine.consolidate(engineInput(notes, [talk]), engineContext());
      await expect(run).rejects.toMatchObject({ kind: "unavailable" });
    });
  });
}
