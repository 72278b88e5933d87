/** What every dream store must do for create, get, list and save; claims and leases are in `dream-claims.ts`. */
import { describe, expect } from "vitest";
import { type Dream, onceHold, storeHold } from "../../src/core/dream.ts";
import { applyMove } from "../../src/core/dream-transitions.ts";
import type { DreamFilter, DreamStore } from "../../src/ports/dream-store.ts";
import {
  aDream,
  anId,
  archiveMove,
  begun,
  cancelMove,
  claimMove,
  completeMove,
  releaseMove,
  someTime,
} from "../support/factories.ts";
import { promiseClaims, promiseLeases } from "./dream-claims.ts";
import {
  type ContractOptions,
  countOutcome,
  type MakeStorage,
  mustCreate,
  mustGet,
  mustMove,
  mustSave,
  type Promises,
  registerPromises,
} from "./storage.ts";

const everything: DreamFilter = {
  statuses: [],
  includeArchived: true,
  createdAfter: null,
  createdBefore: null,
  memoryStoreId: null,
};
const hold = onceHold("acme", "nightly");

export function testDreamStore(name: string, make: MakeStorage, options: ContractOptions): void {
  describe(`${name} dream store`, () => {
    registerPromises(make, options, (promises) => {
      promiseCreate(promises);
      promiseHolds(promises);
      promiseOrigins(promises);
      promiseGet(promises);
      promiseOrder(promises);
      promiseFilters(promises);
      promiseSave(promises);
      promiseGuards(promises);
      promiseSavedHolds(promises);
      promiseClaims(promises);
      promiseLeases(promises);
    });
  });
}

function promiseCreate(promises: Promises): void {
  promises("a created dream comes back exactly as it was written", async ({ dreams }) => {
    const dream = aDream({
      instructions: 'Ordne alles 🌙 neu.\r\n\t"quoted" \\ e\u0301 \u00e9 \u2028 $set {a.b: 1}',
      collection: { workspaceId: "w$.1", observer: "Ann", observed: "Bob" },
      inputs: { memoryStoreId: "memstore_1", sessions: { kind: "workspace", workspaceId: "w$.1", max: 7 } },
      outputBehavior: "update_existing",
      origin: "schedule:1:2",
      holds: [hold],
      wants: [storeHold("acme", "memstore_1")],
    });
    expect(await dreams.create(dream)).toStrictEqual({ outcome: "created", dream });
    expect(await mustGet(dreams, dream)).toStrictEqual(dream);
  });

  promises("creating the same dream again answers created and adds nothing", async ({ dreams }) => {
    const dream = aDream({ holds: [hold], origin: "idem:key:1" });
    await mustCreate(dreams, dream);
    expect(await dreams.create(dream)).toStrictEqual({ outcome: "created", dream });
    expect(await listAll(dreams)).toStrictEqual([dream]);
  });

  promises("creating a dream again after it moved on answers with it as it is", async ({ dreams }) => {
    const dream = aDream({ holds: [hold] });
    const canceled = await mustMove(dreams, await mustCreate(dreams, dream), cancelMove());
    expect(await dreams.create(dream)).toStrictEqual({ outcome: "created", dream: canceled });
    expect(await mustGet(dreams, dream)).toStrictEqual(canceled);
    // The repeat must not have taken the hold back.
    await mustCreate(dreams, aDream({ holds: [hold] }));
  });

  promises("one dream created several times at once is one dream", async ({ dreams }) => {
    const dream = aDream({ holds: [hold], origin: "idem:key:1" });
    const answers = await Promise.all(Array.from({ length: 4 }, () => dreams.create(dream)));
    for (const answer of answers) expect(answer).toStrictEqual({ outcome: "created", dream });
    expect(await listAll(dreams)).toHaveLength(1);
  });

  promises("dreams without holds and origins are in nobody's way", async ({ dreams }) => {
    await mustCreate(dreams, aDream());
    await mustCreate(dreams, aDream());
    expect(await listAll(dreams)).toHaveLength(2);
  });
}

function promiseHolds(promises: Promises): void {
  promises("a hold of an active dream refuses the next, naming key and dream", async ({ dreams }) => {
    const first = await mustCreate(dreams, aDream({ holds: [onceHold("acme", "other"), hold] }));
    const second = aDream({ holds: [hold] });
    expect(await dreams.create(second)).toStrictEqual({ outcome: "held", key: hold, by: first });
    expect(await dreams.get(second)).toBeNull();
  });

  promises("of many that race for one hold exactly one is created", async ({ dreams }) => {
    const racers = Array.from({ length: 8 }, () => aDream({ holds: [hold] }));
    const answers = await Promise.all(racers.map((dream) => dreams.create(dream)));
    expect(countOutcome(answers, "created")).toBe(1);
    const stored = await listAll(dreams);
    expect(stored).toHaveLength(1);
    for (const answer of answers) {
      if (answer.outcome === "held") expect(answer.by).toStrictEqual(stored[0]);
    }
  });

  promises("a refused create leaves its other holds free", async ({ dreams }) => {
    const other = onceHold("acme", "other");
    await mustCreate(dreams, aDream({ holds: [hold] }));
    expect((await dreams.create(aDream({ holds: [other, hold] }))).outcome).toBe("held");
    await mustCreate(dreams, aDream({ holds: [other] }));
  });

  promises("holds differ by letter case and by accents", async ({ dreams }) => {
    for (const key of ["nightly", "Nightly", "nightl\u00fd", "nightly\u0301", "nightly "]) {
      await mustCreate(dreams, aDream({ holds: [onceHold("acme", key)] }));
    }
  });

  promises("a wanted hold is not taken before the claim", async ({ dreams }) => {
    await mustCreate(dreams, aDream({ wants: [hold] }));
    await mustCreate(dreams, aDream({ holds: [hold] }));
  });
}

function promiseOrigins(promises: Promises): void {
  promises("an origin makes one dream for ever, whatever became of it", async ({ dreams }) => {
    const first = await mustCreate(dreams, aDream({ origin: "schedule:1:99" }));
    const archived = await mustMove(dreams, first, cancelMove(), archiveMove());
    const second = aDream({ origin: "schedule:1:99" });
    expect(await dreams.create(second)).toStrictEqual({ outcome: "origin_exists", dream: archived });
    expect(await dreams.get(second)).toBeNull();
  });

  promises("of many that race for one origin exactly one is created", async ({ dreams }) => {
    const racers = Array.from({ length: 8 }, () => aDream({ origin: "schedule:1:99" }));
    const answers = await Promise.all(racers.map((dream) => dreams.create(dream)));
    expect(countOutcome(answers, "created")).toBe(1);
    expect(countOutcome(answers, "origin_exists")).toBe(7);
    expect(await listAll(dreams)).toHaveLength(1);
  });

  promises("a repeated origin is told as such, even where its hold stands too", async ({ dreams }) => {
    const first = await mustCreate(dreams, aDream({ origin: "idem:key:1", holds: [hold] }));
    const again = await dreams.create(aDream({ origin: "idem:key:1", holds: [hold] }));
    expect(again).toStrictEqual({ outcome: "origin_exists", dream: first });
  });

  promises("origins differ by letter case and belong to one tenant", async ({ dreams }) => {
    await mustCreate(dreams, aDream({ origin: "idem:key:a" }));
    await mustCreate(dreams, aDream({ origin: "idem:key:A" }));
    await mustCreate(dreams, aDream({ origin: "idem:key:a", tenant: "globex" }));
  });
}

function promiseGet(promises: Promises): void {
  promises("another tenant's dream is absent for every call", async ({ dreams }) => {
    const dream = await mustCreate(dreams, aDream({ status: "pending" }));
    const stranger: Dream = { ...dream, tenant: "Acme" };
    expect(await dreams.get(stranger)).toBeNull();
    expect(await dreams.list({ tenant: "Acme", filter: everything, after: null, limit: 10 })).toEqual([]);
    const next = applyMove(stranger, cancelMove());
    const saved = await dreams.save({ read: stranger, next, guardBeat: false });
    expect(saved).toStrictEqual({ outcome: "stale", dream: null });
    expect(await mustGet(dreams, dream)).toStrictEqual(dream);
  });

  promises("ids are compared letter for letter", async ({ dreams }) => {
    const lower = await mustCreate(dreams, aDream({ id: "drm_a" }));
    expect(await dreams.get({ tenant: "acme", id: "drm_A" })).toBeNull();
    expect(await dreams.get({ tenant: "acme", id: "drm_a " })).toBeNull();
    const upper = await mustCreate(dreams, aDream({ id: "drm_A" }));
    expect(await mustGet(dreams, lower)).toStrictEqual(lower);
    expect(await mustGet(dreams, upper)).toStrictEqual(upper);
  });

  promises("a reachable storage says so", async ({ dreams }) => {
    expect(await dreams.check()).toBeUndefined();
  });
}

function promiseOrder(promises: Promises): void {
  promises("lists are newest first, to the millisecond", async ({ dreams }) => {
    for (const now of [someTime + 1, someTime - 1, someTime, someTime + 1_000]) {
      await mustCreate(dreams, aDream({ now }));
    }
    const times = (await listAll(dreams)).map((dream) => dream.createdAt - someTime);
    expect(times).toEqual([1_000, 1, 0, -1]);
  });

  promises("equal times are listed by id, descending, letter for letter", async ({ dreams }) => {
    for (const id of ["drm_b", "drm_B", "drm_a", "drm_10", "drm_9", "drm_A"]) {
      await mustCreate(dreams, aDream({ id }));
    }
    const ids = (await listAll(dreams)).map((dream) => dream.id);
    expect(ids).toEqual(["drm_b", "drm_a", "drm_B", "drm_A", "drm_9", "drm_10"]);
  });

  promises("pages neither repeat nor skip while dreams are created", async ({ dreams }) => {
    const ids = Array.from({ length: 7 }, (_, index) => `drm_${index}`);
    // Three times for seven dreams, so that pages end amid equal times.
    for (const [index, id] of ids.entries()) {
      await mustCreate(dreams, aDream({ id, now: someTime + Math.floor(index / 3) }));
    }
    const seen: string[] = [];
    let after: { createdAt: number; id: string } | null = null;
    for (let page = 0; page < 5; page += 1) {
      const found: Dream[] = await dreams.list({ tenant: "acme", filter: everything, after, limit: 2 });
      seen.push(...found.map((dream) => dream.id));
      const last = found.at(-1);
      if (last === undefined) break;
      after = { createdAt: last.createdAt, id: last.id };
      await mustCreate(dreams, aDream({ now: someTime + 50 + page }));
    }
    expect(seen).toEqual(ids.toReversed());
  });
}

function promiseFilters(promises: Promises): void {
  promises("lists filter by any of several statuses", async ({ dreams }) => {
    const pending = await mustCreate(dreams, aDream({ now: someTime + 3 }));
    const running = await mustMove(
      dreams,
      await mustCreate(dreams, aDream({ now: someTime + 2 })),
      claimMove(),
    );
    const canceled = await mustMove(
      dreams,
      await mustCreate(dreams, aDream({ now: someTime })),
      cancelMove(),
    );
    expect(await listAll(dreams, { statuses: ["running"] })).toStrictEqual([running]);
    expect(await listAll(dreams, { statuses: ["canceled", "pending"] })).toStrictEqual([pending, canceled]);
    expect(await listAll(dreams, { statuses: ["failed"] })).toEqual([]);
    const page = { filter: { ...everything, statuses: ["canceled", "pending"] as const }, limit: 1 };
    expect(await dreams.list({ tenant: "acme", after: pending, ...page })).toStrictEqual([canceled]);
  });

  promises("a list of several statuses is one list, in order and bounded", async ({ dreams }) => {
    for (const id of ["drm_d", "drm_b"]) await mustCreate(dreams, aDream({ id }));
    for (const id of ["drm_c", "drm_a"]) {
      await mustMove(dreams, await mustCreate(dreams, aDream({ id })), cancelMove());
    }
    const filter: DreamFilter = { ...everything, statuses: ["pending", "canceled"] };
    const page = await dreams.list({ tenant: "acme", filter, after: null, limit: 3 });
    expect(page.map((dream) => dream.id)).toEqual(["drm_d", "drm_c", "drm_b"]);
  });

  promises("lists leave archived dreams out unless they are asked for", async ({ dreams }) => {
    const kept = await mustCreate(dreams, aDream({ now: someTime + 1 }));
    const archived = await mustMove(dreams, await mustCreate(dreams, aDream()), cancelMove(), archiveMove());
    expect(await listAll(dreams, { includeArchived: false })).toStrictEqual([kept]);
    expect(await listAll(dreams, { includeArchived: true })).toStrictEqual([kept, archived]);
    const canceled = { statuses: ["canceled"] as const, includeArchived: false };
    expect(await listAll(dreams, canceled)).toEqual([]);
  });

  promises("lists filter by exclusive bounds on the time", async ({ dreams }) => {
    for (const now of [1, 2, 3, 4]) await mustCreate(dreams, aDream({ now: someTime + now }));
    const between = { createdAfter: someTime + 1, createdBefore: someTime + 4 };
    const times = (await listAll(dreams, between)).map((dream) => dream.createdAt - someTime);
    expect(times).toEqual([3, 2]);
  });

  promises("lists filter by the store that is read, together with the others", async ({ dreams }) => {
    const memoryStoreId = anId("memstore_");
    const first = await mustCreate(dreams, aDream({ memoryStoreId }));
    const second = await mustCreate(dreams, aDream({ memoryStoreId, now: someTime + 1 }));
    await mustCreate(dreams, aDream());
    const canceled = await mustMove(dreams, first, cancelMove());
    expect(await listAll(dreams, { memoryStoreId })).toStrictEqual([second, canceled]);
    expect(await listAll(dreams, { memoryStoreId, statuses: ["canceled"] })).toStrictEqual([canceled]);
    expect(await listAll(dreams, { memoryStoreId: memoryStoreId.toUpperCase() })).toEqual([]);
  });
}

function promiseSave(promises: Promises): void {
  promises("a saved move comes back with its event", async ({ dreams }) => {
    const read = await mustCreate(dreams, aDream());
    const next = applyMove(read, claimMove({ now: someTime + 7 }));
    expect(await dreams.save({ read, next, guardBeat: false })).toStrictEqual({
      outcome: "saved",
      dream: next,
    });
    expect(await mustGet(dreams, read)).toStrictEqual(next);
  });

  promises("every status comes back as it was saved", async ({ dreams }) => {
    for (const status of ["running", "completed", "failed", "canceled"] as const) {
      const id = anId("drm_");
      const read = await mustCreate(dreams, aDream({ id }));
      const next = { ...aDream({ id, status }) };
      expect(await mustSave(dreams, read, next)).toStrictEqual(next);
      expect(await mustGet(dreams, read)).toStrictEqual(next);
    }
  });

  promises("a save repeated after a lost answer is saved, and written once", async ({ dreams }) => {
    const read = await mustCreate(dreams, aDream());
    const next = applyMove(read, claimMove());
    await mustSave(dreams, read, next);
    const renewal = { tenant: "acme", id: read.id, fence: next.fence, attempt: 1, progress: null };
    await dreams.renew({ ...renewal, usage: { ...someUsage, inputTokens: 5 } });
    const again = await dreams.save({ read, next, guardBeat: true });
    expect(again.outcome).toBe("saved");
    const stored = await mustGet(dreams, read);
    expect(again).toStrictEqual({ outcome: "saved", dream: stored });
    expect(stored.events).toHaveLength(2);
  });

  promises("a save leaves the live fields as they are stored", async ({ dreams, outbox }) => {
    const created = await mustCreate(dreams, aDream());
    const running = await mustMove(dreams, created, claimMove());
    const progress = { attempt: 1, stage: "reading", done: 3, total: 9, at: someTime };
    const usage = { ...someUsage, outputTokens: 12 };
    const fence = running.fence;
    await dreams.renew({ tenant: "acme", id: created.id, fence, attempt: 1, progress, usage });
    await outbox.markPublished({ tenant: "acme", id: created.id, upTo: 2 });
    const saved = await mustMove(dreams, running, completeMove());
    const live = { beat: 1, progress, usageByAttempt: [usage], publishedTo: 2 };
    expect(saved.live).toStrictEqual(live);
    expect((await mustGet(dreams, created)).live).toStrictEqual(live);
  });

  promises("of many different saves at once exactly one is written", async ({ dreams }) => {
    const read = await mustCreate(dreams, aDream());
    const nexts = Array.from({ length: 8 }, (_, index) =>
      applyMove(read, cancelMove({ now: someTime + index })),
    );
    const answers = await Promise.all(nexts.map((next) => dreams.save({ read, next, guardBeat: false })));
    expect(countOutcome(answers, "saved")).toBe(1);
    const stored = await mustGet(dreams, read);
    expect(stored.events.map((event) => event.number)).toEqual([1, 2]);
    for (const answer of answers) expect(answer).toMatchObject({ dream: stored });
  });
}

function promiseGuards(promises: Promises): void {
  promises("a save is stale when status, seq, revision or fence is another", async ({ dreams }) => {
    const created = await mustCreate(dreams, aDream());
    const stored = await mustMove(dreams, created, claimMove(), releaseMove());
    const next = applyMove(stored, cancelMove());
    const others: Dream[] = [
      { ...stored, status: "running", startedAt: someTime, workerId: "worker-1" },
      { ...stored, seq: stored.seq - 1 },
      { ...stored, revision: stored.revision - 1 },
      { ...stored, fence: stored.fence - 1 },
    ];
    for (const read of others) {
      const answer = await dreams.save({ read, next, guardBeat: false });
      expect(answer).toStrictEqual({ outcome: "stale", dream: stored });
      expect(await mustGet(dreams, created)).toStrictEqual(stored);
    }
    await mustSave(dreams, stored, next);
  });

  promises("a write without a move makes an older read stale", async ({ dreams }) => {
    const read = await mustMove(dreams, await mustCreate(dreams, aDream()), claimMove());
    const shown = await mustSave(dreams, read, begun(read));
    const late = await dreams.save({ read, next: applyMove(read, completeMove()), guardBeat: false });
    expect(late).toStrictEqual({ outcome: "stale", dream: shown });
  });

  promises("with the beat guarded, a renewal makes the save stale", async ({ dreams }) => {
    const read = await mustMove(dreams, await mustCreate(dreams, aDream()), claimMove());
    const renewal = { tenant: "acme", id: read.id, fence: read.fence, attempt: 1, progress: null };
    await dreams.renew({ ...renewal, usage: someUsage });
    const next = applyMove(read, releaseMove());
    const guarded = await dreams.save({ read, next, guardBeat: true });
    expect(guarded.outcome).toBe("stale");
    expect((await mustGet(dreams, read)).status).toBe("running");
    const seen = await mustGet(dreams, read);
    const fresh = await dreams.save({ read: seen, next: applyMove(seen, releaseMove()), guardBeat: true });
    expect(fresh.outcome).toBe("saved");
  });

  promises("saving a dream that is gone is stale without a dream", async ({ dreams }) => {
    const read = aDream();
    const answer = await dreams.save({ read, next: applyMove(read, cancelMove()), guardBeat: false });
    expect(answer).toStrictEqual({ outcome: "stale", dream: null });
    expect(await dreams.get(read)).toBeNull();
  });
}

function promiseSavedHolds(promises: Promises): void {
  promises("the write that ends a dream frees its holds for the next", async ({ dreams }) => {
    for (let round = 0; round < 3; round += 1) {
      const dream = await mustCreate(dreams, aDream({ holds: [hold] }));
      expect((await dreams.create(aDream({ holds: [hold] }))).outcome).toBe("held");
      await mustMove(dreams, dream, claimMove(), completeMove());
    }
  });

  promises("a move that keeps its holds keeps them taken", async ({ dreams }) => {
    const dream = await mustCreate(dreams, aDream({ holds: [hold] }));
    const moved = await mustMove(dreams, dream, claimMove(), releaseMove());
    expect(moved.holds).toEqual([hold]);
    expect(await dreams.create(aDream({ holds: [hold] }))).toMatchObject({ outcome: "held", by: moved });
  });

  promises("a save takes the holds it adds and frees those it drops", async ({ dreams }) => {
    const other = onceHold("acme", "other");
    const read = await mustCreate(dreams, aDream({ holds: [hold] }));
    const next = { ...read, holds: [other], revision: read.revision + 1 };
    await mustSave(dreams, read, next);
    expect(await dreams.save({ read, next, guardBeat: false })).toMatchObject({ outcome: "saved" });
    await mustCreate(dreams, aDream({ holds: [hold] }));
    expect((await dreams.create(aDream({ holds: [other] }))).outcome).toBe("held");
  });

  promises("a save that adds another's hold is held and writes nothing", async ({ dreams }) => {
    await mustCreate(dreams, aDream({ holds: [hold] }));
    const other = onceHold("acme", "other");
    const read = await mustCreate(dreams, aDream());
    const next = { ...read, holds: [other, hold], revision: read.revision + 1 };
    expect(await dreams.save({ read, next, guardBeat: false })).toStrictEqual({ outcome: "held", key: hold });
    expect(await mustGet(dreams, read)).toStrictEqual(read);
    await mustCreate(dreams, aDream({ holds: [other] }));
  });

  promises("of many saves that race for one hold exactly one gets it", async ({ dreams }) => {
    const reads: Dream[] = [];
    for (let index = 0; index < 4; index += 1) reads.push(await mustCreate(dreams, aDream()));
    const answers = await Promise.all(
      reads.map((read) => {
        const next = { ...read, holds: [hold], revision: read.revision + 1 };
        return dreams.save({ read, next, guardBeat: false });
      }),
    );
    expect(countOutcome(answers, "saved")).toBe(1);
    expect(countOutcome(answers, "held")).toBe(3);
  });
}

const someUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheCreationInputTokens: 0,
  cacheReadInputTokens: 0,
} as const;

function listAll(dreams: DreamStore, filter: Partial<DreamFilter> = {}): Promise<Dream[]> {
  return dreams.list({ tenant: "acme", filter: { ...everything, ...filter }, after: null, limit: 100 });
}
