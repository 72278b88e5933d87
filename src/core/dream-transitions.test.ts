import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aDream,
  archiveMove,
  begun,
  cancelMove,
  claimMove,
  completeMove,
  deferMove,
  failMove,
  releaseMove,
  someTime,
} from "../../test/support/factories.ts";
import { type Dream, type DreamStatus, dreamStatuses, isFinal } from "./dream.ts";
import {
  applyMove,
  assertSound,
  canMove,
  type Move,
  type MoveName,
  transitions,
} from "./dream-transitions.ts";
import { ReveriedError } from "./errors.ts";
import { limits } from "./limits.ts";

const later = someTime + 1_000;
const moves: Record<MoveName, Move> = {
  claim: claimMove({ now: later }),
  release: releaseMove({ now: later }),
  defer: deferMove({ now: later, notBefore: later + 5_000 }),
  complete: completeMove({ now: later }),
  fail: failMove({ now: later }),
  cancel: cancelMove({ now: later }),
  archive: archiveMove({ now: later }),
};
const names = Object.keys(moves).filter((name): name is MoveName => name in moves);

// Written out by hand: a test that reads the table cannot find a slip in it.
const expected: Record<DreamStatus, Partial<Record<MoveName, { to: DreamStatus; event: string }>>> = {
  pending: {
    claim: { to: "running", event: "started" },
    cancel: { to: "canceled", event: "canceled" },
  },
  running: {
    release: { to: "pending", event: "released" },
    defer: { to: "pending", event: "deferred" },
    complete: { to: "completed", event: "completed" },
    fail: { to: "failed", event: "failed" },
    cancel: { to: "canceled", event: "canceled" },
  },
  completed: { archive: { to: "completed", event: "archived" } },
  failed: { archive: { to: "failed", event: "archived" } },
  canceled: { archive: { to: "canceled", event: "archived" } },
};

describe("every status with every move", () => {
  const all = dreamStatuses.flatMap((status) => names.map((name) => ({ status, name })));

  test.each(all)("$status, $name", ({ status, name }) => {
    const dream = aDream({ status });
    const outcome = expected[status][name];
    expect(canMove(status, name)).toBe(outcome !== undefined);
    if (outcome === undefined) {
      expect(() => applyMove(dream, moves[name])).toThrow(ReveriedError);
      return;
    }
    const moved = applyMove(dream, moves[name]);
    expect(moved.status).toBe(outcome.to);
    expect(moved.seq).toBe(dream.seq + 1);
    expect(moved.revision).toBe(dream.revision + 1);
    expect(moved.events).toHaveLength(dream.events.length + 1);
    expect(moved.events.slice(0, -1)).toEqual(dream.events);
    expect(moved.events.at(-1)).toMatchObject({
      number: dream.seq + 1,
      kind: outcome.event,
      at: later,
      from: status,
      to: outcome.to,
    });
    expect(() => assertSound(moved)).not.toThrow();
    expect(transitions[name].event).toBe(outcome.event);
  });

  test("a refused move says which, why, and what would be allowed", () => {
    const dream = aDream({ status: "completed" });
    expect(() => applyMove(dream, moves.cancel)).toThrowError(
      expect.objectContaining({
        kind: "failed_precondition",
        message: `cannot cancel dream ${dream.id}: it is completed, and only a dream that is pending or running can be`,
        details: { field: "id" },
      }),
    );
  });
});

describe("a new dream", () => {
  test("is pending with its created event, and owes it to the bus", () => {
    const dream = aDream({ holds: ["store:acme:s"] });
    expect(dream).toMatchObject({ status: "pending", seq: 1, revision: 1, fence: 0, attempt: 0 });
    expect(dream.live.publishedTo).toBe(0);
    expect(dream.events).toEqual([
      {
        number: 1,
        kind: "created",
        at: someTime,
        from: null,
        to: "pending",
        attempt: 0,
        reason: "",
        error: null,
        outputStoreId: null,
      },
    ]);
  });
});

describe("claim", () => {
  test("raises fence and attempt and takes the wanted holds", () => {
    const dream = aDream({ holds: ["once:acme:a"], wants: ["store:acme:s"] });
    const claimed = applyMove(dream, moves.claim);
    expect(claimed).toMatchObject({
      fence: 1,
      attempt: 1,
      startedAt: later,
      workerId: "worker-1",
      wants: [],
    });
    expect(claimed.holds).toEqual(["once:acme:a", "store:acme:s"]);
  });

  test("keeps the ids of the first attempt, so that every attempt shows one output store", () => {
    const first = applyMove(aDream(), claimMove());
    const again = applyMove(applyMove(first, moves.release), claimMove());
    expect(first.ids).not.toBeNull();
    expect(again.ids).toEqual(first.ids);
    expect(again.attempt).toBe(2);
  });
});

describe("release and defer", () => {
  test("a release at shutdown costs the dream no lost lease", () => {
    const released = applyMove(aDream({ status: "running" }), moves.release);
    expect(released).toMatchObject({ fence: 2, leasesLost: 0, leasesLostAlone: 0, notBefore: 0 });
  });

  test.each([
    ["shared", 1, 0],
    ["alone", 1, 1],
  ] as const)("a lease lost %s is counted", (lost, leasesLost, leasesLostAlone) => {
    const move: Move = {
      name: "release",
      now: later,
      reason: "the beat stood still",
      lost,
      notBefore: later + 2_000,
    };
    expect(applyMove(aDream({ status: "running" }), move)).toMatchObject({ leasesLost, leasesLostAlone });
  });

  test("a pause after a lost lease is told with its reason; without one the dream waits for nothing", () => {
    const move = { name: "release", now: later, reason: "its worker was lost", lost: "shared" } as const;
    const running = aDream({ status: "running" });
    const paused = applyMove(running, { ...move, notBefore: later + 2_000 });
    expect(paused).toMatchObject({ notBefore: later + 2_000, waitReason: "its worker was lost" });
    expect(applyMove(running, { ...move, notBefore: 0 })).toMatchObject({ notBefore: 0, waitReason: "" });
  });

  test("a deferred dream waits, says why, and has a new fence", () => {
    const deferred = applyMove(aDream({ status: "running" }), moves.defer);
    expect(deferred).toMatchObject({ notBefore: later + 5_000, waitReason: "provider is away", fence: 2 });
    expect(deferred.events.at(-1)?.reason).toBe("provider is away");
  });

  test("a released dream keeps its holds, so that no second dream slips in", () => {
    const running = aDream({ status: "running", wants: ["store:acme:s"] });
    expect(applyMove(running, moves.release).holds).toEqual(["store:acme:s"]);
  });

  test("what was frozen and begun stays, so that the next attempt reads the same", () => {
    const running = begun(aDream({ status: "running" }));
    const released = applyMove(running, moves.release);
    expect(released).toMatchObject({ frozen: running.frozen, begun: true, ids: running.ids });
    expect(released).not.toHaveProperty("workerId");
    expect(released).not.toHaveProperty("startedAt");
  });

  test("a long reason is cut to its bound", () => {
    const reason = "x".repeat(limits.reasonLength + 1);
    const move: Move = { name: "defer", now: later, reason, notBefore: later };
    const deferred = applyMove(aDream({ status: "running" }), move);
    expect(deferred.events.at(-1)?.reason).toHaveLength(limits.reasonLength);
    expect(deferred.status === "pending" && deferred.waitReason).toHaveLength(limits.reasonLength);
  });
});

describe("the ends", () => {
  test.each(["complete", "fail", "cancel"] as const)("%s frees every hold and wish", (name) => {
    const running = aDream({ status: "running", wants: ["store:acme:s"] });
    expect(applyMove(running, moves[name])).toMatchObject({ holds: [], wants: [], endedAt: later });
  });

  test("cancel raises the fence, so that the worker's next write is refused", () => {
    expect(applyMove(aDream({ status: "running" }), moves.cancel).fence).toBe(2);
    expect(applyMove(aDream(), moves.cancel).fence).toBe(1);
  });

  test("a failure is on the dream and on its event, cut to its bound", () => {
    const message = "m".repeat(limits.errorMessageLength + 1);
    const move: Move = { name: "fail", now: later, error: { type: "no_output", message } };
    const failed = applyMove(aDream({ status: "running" }), move);
    const error = { type: "no_output", message: message.slice(0, limits.errorMessageLength) };
    expect(failed).toMatchObject({ error });
    expect(failed.events.at(-1)?.error).toEqual(error);
  });

  test("an archived failure's event does not tell the error again", () => {
    expect(applyMove(aDream({ status: "failed" }), moves.archive).events.at(-1)?.error).toBeNull();
  });

  test("archive changes only the mark", () => {
    const dream = aDream({ status: "completed" });
    const archived = applyMove(dream, moves.archive);
    const { seq, revision, events } = archived;
    expect(archived).toEqual({ ...dream, archivedAt: later, seq, revision, events });
  });

  test("the output store is told from begin on, and not before", () => {
    const running = aDream({ status: "running" });
    expect(applyMove(running, moves.fail).events.at(-1)?.outputStoreId).toBeNull();
    const told = applyMove(begun(running), moves.fail).events.at(-1)?.outputStoreId;
    expect(told).toBe(running.ids?.outputStoreId);
    expect(told).toMatch(/^memstore_/);
  });
});

describe("a sound dream", () => {
  const running = aDream({ status: "running" });
  const unsound: readonly [string, Dream][] = [
    ["an event was lost", { ...running, events: running.events.slice(0, -1) }],
    ["more was published than happened", { ...running, live: { ...running.live, publishedTo: 3 } }],
    ["the revision fell behind", { ...running, revision: 1 }],
    ["attempts outran fences", { ...running, attempt: 2 }],
    ["a running dream waits for a hold", { ...running, wants: ["store:acme:s"] }],
    ["a final dream holds", { ...aDream({ status: "completed" }), holds: ["store:acme:s"] }],
    ["begun without frozen inputs", { ...running, begun: true }],
  ];

  test.each(unsound)("is refused when %s", (_, dream) => {
    expect(() => assertSound(dream)).toThrow();
    expect(() => applyMove(dream, dream.status === "running" ? moves.release : moves.archive)).toThrow();
  });

  test("stays sound by any walk, with numbers without gaps and fences that only grow", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 40 }), (walk) => {
        let dream: Dream = aDream({ wants: ["store:acme:s"] });
        let ended = false;
        for (const name of walk) {
          if (!canMove(dream.status, name)) continue;
          const next = applyMove(dream, moves[name]);
          expect(next.fence).toBeGreaterThanOrEqual(dream.fence);
          if (ended) expect(next.status).toBe(dream.status);
          ended = isFinal(next);
          expect(next.live).toBe(dream.live);
          dream = next;
        }
        assertSound(dream);
        expect(dream.events.map(({ number }) => number)).toEqual(dream.events.map((_, index) => index + 1));
      }),
    );
  });
});
