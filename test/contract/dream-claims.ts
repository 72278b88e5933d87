/** What every dream store must do for claims and leases; a part of the dream store's suite. */
import { expect } from "vitest";
import { type Dream, noUsage, type RunningDream, storeHold } from "../../src/core/dream.ts";
import { applyMove } from "../../src/core/dream-transitions.ts";
import { limits } from "../../src/core/limits.ts";
import type { ClaimRequest, DreamStore, RenewRequest } from "../../src/ports/dream-store.ts";
import {
  aDream,
  cancelMove,
  claimMove,
  completeMove,
  deferMove,
  releaseMove,
  someAttemptIds,
  someTime,
} from "../support/factories.ts";
import { countOutcome, mustCreate, mustGet, mustMove, type Promises } from "./storage.ts";

const later = someTime + 10_000;
const hold = storeHold("acme", "memstore_1");

export function promiseClaims(promises: Promises): void {
  promiseClaim(promises);
  promiseClaimRaces(promises);
  promiseTurns(promises);
  promiseWants(promises);
}

export function promiseLeases(promises: Promises): void {
  promiseRenew(promises);
  promiseFences(promises);
  promiseRunning(promises);
  promiseDue(promises);
}

function promiseClaim(promises: Promises): void {
  promises("a claim makes the dream running under a new fence, with its event", async ({ dreams }) => {
    const created = await mustCreate(dreams, aDream());
    const ids = someAttemptIds();
    const claimed = await claim(dreams, { workerId: "worker-7", makeIds: () => ids });
    expect(claimed).toHaveLength(1);
    const expected = applyMove(created, { name: "claim", now: later, workerId: "worker-7", ids });
    expect(claimed[0]).toStrictEqual(expected);
    expect(await mustGet(dreams, created)).toStrictEqual(expected);
  });

  promises("a second claim keeps the ids that the first was given", async ({ dreams }) => {
    await mustCreate(dreams, aDream());
    const [first] = await claim(dreams, {});
    await mustMove(dreams, mustExist(first), releaseMove());
    const asked: Dream[] = [];
    const [second] = await claim(dreams, {
      makeIds: (dream) => {
        asked.push(dream);
        return someAttemptIds();
      },
    });
    expect(second).toMatchObject({ ids: mustExist(first).ids, attempt: 2, fence: 3 });
    expect(asked).toEqual([]);
  });

  promises("a claim takes at most its limit, and says so when there is nothing", async ({ dreams }) => {
    for (let index = 0; index < 3; index += 1) await mustCreate(dreams, aDream());
    expect(await claim(dreams, { limit: 2 })).toHaveLength(2);
    expect(await claim(dreams, { limit: 2 })).toHaveLength(1);
    expect(await claim(dreams, { limit: 2 })).toEqual([]);
  });

  promises("only pending dreams are claimed", async ({ dreams }) => {
    await mustMove(dreams, await mustCreate(dreams, aDream()), claimMove());
    await mustMove(dreams, await mustCreate(dreams, aDream()), cancelMove());
    await mustMove(dreams, await mustCreate(dreams, aDream()), claimMove(), completeMove());
    expect(await claim(dreams, {})).toEqual([]);
  });

  promises("a deferred dream is claimed from its time on, not before", async ({ dreams }) => {
    const created = await mustCreate(dreams, aDream());
    await mustMove(dreams, created, claimMove(), deferMove({ notBefore: later }));
    expect(await claim(dreams, { now: later - 1 })).toEqual([]);
    expect(await claim(dreams, { now: later })).toHaveLength(1);
  });

  promises("a dream that is not accepted stays as it is, and others are claimed", async ({ dreams }) => {
    const refused: Dream[] = [];
    for (let index = 0; index < 12; index += 1) refused.push(await mustCreate(dreams, aDream()));
    const wanted = await mustCreate(dreams, aDream({ model: "lite" }));
    const claimed = await claim(dreams, { limit: 1, accepts: (dream) => dream.model === "lite" });
    expect(claimed.map((dream) => dream.id)).toEqual([wanted.id]);
    for (const dream of refused) expect(await mustGet(dreams, dream)).toStrictEqual(dream);
  });
}

function promiseClaimRaces(promises: Promises): void {
  promises("no dream is claimed twice, however many claim at once", async ({ dreams }) => {
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) ids.push((await mustCreate(dreams, aDream())).id);
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, index) => claim(dreams, { limit: 3, workerId: `worker-${index}` })),
    );
    const claimed = claims.flat();
    expect(new Set(claimed.map((dream) => dream.id)).size).toBe(claimed.length);
    // Racing claimers may each come away with less than there was; nothing may be lost for good.
    const rest = await claim(dreams, { limit: 12 });
    expect([...claimed, ...rest].map((dream) => dream.id).toSorted()).toEqual(ids.toSorted());
    for (const dream of claimed) expect(await mustGet(dreams, dream)).toStrictEqual(dream);
  });

  promises("of a claim and a cancel at once exactly one wins", async ({ dreams }) => {
    const read = await mustCreate(dreams, aDream());
    const next = applyMove(read, cancelMove());
    const [claimed, saved] = await Promise.all([
      claim(dreams, {}),
      dreams.save({ read, next, guardBeat: false }),
    ]);
    expect(claimed.length + (saved.outcome === "saved" ? 1 : 0)).toBe(1);
    expect((await mustGet(dreams, read)).events).toHaveLength(2);
  });
}

function promiseTurns(promises: Promises): void {
  promises("a tenant's dreams are claimed in the order they were created", async ({ dreams }) => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push((await mustCreate(dreams, aDream())).id);
    for (const id of ids) {
      const claimed = await claim(dreams, { limit: 1 });
      expect(claimed.map((dream) => dream.id)).toEqual([id]);
    }
  });

  promises("a tenant with one dream does not wait behind another's many", async ({ dreams }) => {
    for (let index = 0; index < 15; index += 1) await mustCreate(dreams, aDream());
    const single = await mustCreate(dreams, aDream({ tenant: "globex" }));
    const first = [...(await claim(dreams, { limit: 1 })), ...(await claim(dreams, { limit: 1 }))];
    expect(first.map((dream) => dream.id)).toContain(single.id);
    expect(first.map((dream) => dream.tenant)).toContain("acme");
  });

  promises("a tenant that comes late gets no more than its turn", async ({ dreams }) => {
    for (let index = 0; index < 8; index += 1) await mustCreate(dreams, aDream());
    await claim(dreams, { limit: 4 });
    for (let index = 0; index < 4; index += 1) await mustCreate(dreams, aDream({ tenant: "globex" }));
    const next = await claim(dreams, { limit: 4 });
    expect(next.filter((dream) => dream.tenant === "acme")).toHaveLength(2);
  });

  promises("a tenant that comes back gets no more than its turn", async ({ dreams }) => {
    await mustCreate(dreams, aDream({ tenant: "globex" }));
    for (let index = 0; index < 8; index += 1) await mustCreate(dreams, aDream());
    await claim(dreams, { limit: 5 });
    for (let index = 0; index < 4; index += 1) await mustCreate(dreams, aDream({ tenant: "globex" }));
    const next = await claim(dreams, { limit: 4 });
    expect(next.filter((dream) => dream.tenant === "acme")).toHaveLength(2);
  });
}

function promiseWants(promises: Promises): void {
  promises("a claim takes the holds that the dream wants", async ({ dreams }) => {
    await mustCreate(dreams, aDream({ wants: [hold] }));
    const [claimed] = await claim(dreams, {});
    expect(claimed).toMatchObject({ holds: [hold], wants: [] });
    expect(await dreams.create(aDream({ holds: [hold] }))).toMatchObject({ outcome: "held", key: hold });
  });

  promises("a dream whose wanted hold is busy is pushed, and the next is claimed", async ({ dreams }) => {
    const holder = await mustMove(dreams, await mustCreate(dreams, aDream({ holds: [hold] })), claimMove());
    const waiting = await mustCreate(dreams, aDream({ wants: [hold] }));
    const free = await mustCreate(dreams, aDream());
    const claimed = await claim(dreams, { limit: 1 });
    expect(claimed.map((dream) => dream.id)).toEqual([free.id]);
    const pushed = await mustGet(dreams, waiting);
    const notBefore = later + limits.holdBusyRetryMs;
    expect(pushed).toMatchObject({
      status: "pending",
      notBefore,
      seq: 1,
      fence: 0,
      wants: [hold],
      holds: [],
    });
    expect(pushed.revision).toBeGreaterThan(waiting.revision);
    expect(await dreams.nextDue(later)).toBe(notBefore);

    await mustMove(dreams, holder, completeMove());
    expect(await claim(dreams, { now: notBefore - 1 })).toEqual([]);
    const [last] = await claim(dreams, { now: notBefore });
    expect(last).toMatchObject({ id: waiting.id, holds: [hold] });
  });

  promises("a dream that waits for one of two holds takes neither", async ({ dreams }) => {
    await mustCreate(dreams, aDream({ holds: [hold] }));
    const other = storeHold("acme", "memstore_2");
    const waiting = await mustCreate(dreams, aDream({ wants: [other, hold] }));
    await claim(dreams, { accepts: (dream) => dream.id === waiting.id });
    await mustCreate(dreams, aDream({ holds: [other] }));
  });

  promises("of many that want one hold one runs at a time", async ({ dreams }) => {
    for (let index = 0; index < 4; index += 1) await mustCreate(dreams, aDream({ wants: [hold] }));
    const claims = await Promise.all([0, 1, 2, 3].map(() => claim(dreams, { limit: 2 })));
    expect(claims.flat()).toHaveLength(1);
  });
}

function promiseRenew(promises: Promises): void {
  promises("a renewal raises the beat and leaves seq and revision alone", async ({ dreams }) => {
    const running = await mustRun(dreams);
    const progress = { attempt: 1, stage: "merging", done: 2, total: 0, at: later };
    const usage = { inputTokens: 10, outputTokens: 5, cacheCreationInputTokens: 1, cacheReadInputTokens: 2 };
    expect(await renew(dreams, running, { progress, usage })).toStrictEqual({ outcome: "renewed" });
    const live = { beat: 1, progress, usageByAttempt: [usage], publishedTo: 0 };
    expect(await mustGet(dreams, running)).toStrictEqual({ ...running, live });
  });

  promises("usage only grows, number by number, and no progress keeps the last", async ({ dreams }) => {
    const running = await mustRun(dreams);
    const progress = { attempt: 1, stage: "merging", done: 2, total: 0, at: later };
    await renew(dreams, running, { progress, usage: { ...noUsage, inputTokens: 10, outputTokens: 1 } });
    await renew(dreams, running, { usage: { ...noUsage, inputTokens: 4, outputTokens: 3 } });
    const { live } = await mustGet(dreams, running);
    expect(live.usageByAttempt).toStrictEqual([{ ...noUsage, inputTokens: 10, outputTokens: 3 }]);
    expect(live).toMatchObject({ beat: 2, progress });
  });

  promises("each attempt's usage is kept", async ({ dreams }) => {
    const first = await mustRun(dreams);
    await renew(dreams, first, { usage: { ...noUsage, inputTokens: 10 } });
    const released = await mustMove(dreams, first, releaseMove());
    const second = await mustMove(dreams, released, claimMove(), releaseMove(), claimMove());
    await renew(dreams, second, { attempt: 3, usage: { ...noUsage, inputTokens: 7 } });
    const { live } = await mustGet(dreams, first);
    expect(live.usageByAttempt).toStrictEqual([
      { ...noUsage, inputTokens: 10 },
      noUsage,
      { ...noUsage, inputTokens: 7 },
    ]);
  });

  promises("renewals at once are each counted", async ({ dreams }) => {
    const running = await mustRun(dreams);
    const usages = [3, 9, 1, 4, 8, 2].map((inputTokens) => ({ ...noUsage, inputTokens }));
    const answers = await Promise.all(usages.map((usage) => renew(dreams, running, { usage })));
    expect(countOutcome(answers, "renewed")).toBe(6);
    const { live } = await mustGet(dreams, running);
    expect(live).toMatchObject({ beat: 6, usageByAttempt: [{ ...noUsage, inputTokens: 9 }] });
  });
}

function promiseFences(promises: Promises): void {
  promises("a renewal after a cancel is fenced and writes nothing", async ({ dreams }) => {
    const running = await mustRun(dreams);
    const canceled = await mustMove(dreams, running, cancelMove());
    expect(await renew(dreams, running, {})).toStrictEqual({ outcome: "fenced" });
    expect(await mustGet(dreams, running)).toStrictEqual(canceled);
  });

  promises("a renewal after the end is fenced, though the fence is the same", async ({ dreams }) => {
    const running = await mustRun(dreams);
    const completed = await mustMove(dreams, running, completeMove());
    expect(completed.fence).toBe(running.fence);
    expect(await renew(dreams, running, {})).toStrictEqual({ outcome: "fenced" });
    expect(await mustGet(dreams, running)).toStrictEqual(completed);
  });

  promises("a worker whose dream was released and claimed again is fenced", async ({ dreams }) => {
    const running = await mustRun(dreams);
    const released = await mustMove(dreams, running, releaseMove());
    expect(await renew(dreams, running, {})).toStrictEqual({ outcome: "fenced" });
    const again = await mustMove(dreams, released, claimMove({ workerId: "worker-2" }));
    expect(await renew(dreams, running, {})).toStrictEqual({ outcome: "fenced" });
    expect(await renew(dreams, again, { attempt: 2 })).toStrictEqual({ outcome: "renewed" });
  });

  promises("renewing another tenant's dream or an unknown one is fenced", async ({ dreams }) => {
    const running = await mustRun(dreams);
    expect(await renew(dreams, running, { tenant: "globex" })).toStrictEqual({ outcome: "fenced" });
    expect(await renew(dreams, running, { id: "drm_none" })).toStrictEqual({ outcome: "fenced" });
    expect(await mustGet(dreams, running)).toStrictEqual(running);
  });
}

function promiseRunning(promises: Promises): void {
  promises(
    "running dreams of all tenants are listed by id, in pages, with fence and beat",
    async ({ dreams }) => {
      const running: RunningDream[] = [];
      for (const [id, tenant] of [
        ["drm_b", "acme"],
        ["drm_B", "globex"],
        ["drm_c", "globex"],
        ["drm_a", "acme"],
      ] as const) {
        running.push(await mustRun(dreams, { id, tenant }));
      }
      await mustCreate(dreams, aDream({ id: "drm_bb" }));
      await mustMove(dreams, await mustRun(dreams, { id: "drm_aa" }), completeMove());
      await renew(dreams, mustExist(running[0]), {});

      const first = await dreams.listRunning({ after: null, limit: 3 });
      expect(first).toStrictEqual([
        { tenant: "globex", id: "drm_B", fence: 1, beat: 0 },
        { tenant: "acme", id: "drm_a", fence: 1, beat: 0 },
        { tenant: "acme", id: "drm_b", fence: 1, beat: 1 },
      ]);
      const second = await dreams.listRunning({ after: "drm_b", limit: 3 });
      expect(second.map((lease) => lease.id)).toEqual(["drm_c"]);
      expect(await dreams.listRunning({ after: "drm_c", limit: 3 })).toEqual([]);
    },
  );
}

function promiseDue(promises: Promises): void {
  promises("the next due time is the earliest after now of a pending dream", async ({ dreams }) => {
    await mustCreate(dreams, aDream());
    expect(await dreams.nextDue(0)).toBeNull();
    for (const notBefore of [later + 20, later + 10, later]) {
      const dream = await mustCreate(dreams, aDream());
      await mustMove(dreams, dream, claimMove(), deferMove({ notBefore }));
    }
    const gone = await mustCreate(dreams, aDream());
    await mustMove(dreams, gone, claimMove(), deferMove({ notBefore: later + 5 }), cancelMove());
    expect(await dreams.nextDue(later - 1)).toBe(later);
    expect(await dreams.nextDue(later)).toBe(later + 10);
    expect(await dreams.nextDue(later + 20)).toBeNull();
  });
}

function claim(dreams: DreamStore, request: Partial<ClaimRequest>): Promise<RunningDream[]> {
  return dreams.claim({
    now: later,
    workerId: "worker-1",
    limit: 10,
    makeIds: someAttemptIds,
    accepts: () => true,
    ...request,
  });
}

function renew(dreams: DreamStore, dream: Dream, request: Partial<RenewRequest>) {
  const { tenant, id, fence } = dream;
  return dreams.renew({ tenant, id, fence, attempt: 1, progress: null, usage: noUsage, ...request });
}

/** Creates a dream and claims it for the first time. */
async function mustRun(
  dreams: DreamStore,
  options: { id?: string; tenant?: string } = {},
): Promise<RunningDream> {
  const running = await mustMove(dreams, await mustCreate(dreams, aDream(options)), claimMove());
  if (running.status !== "running") throw new Error(`dream ${running.id} is ${running.status}`);
  return running;
}

function mustExist<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("expected one more");
  return value;
}
