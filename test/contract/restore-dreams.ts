/** What a storage does with dreams of another storage. */
import { expect } from "vitest";
import type { Dream } from "../../src/core/dream.ts";
import { applyMove } from "../../src/core/dream-transitions.ts";
import {
  aDream,
  begun,
  cancelMove,
  claimMove,
  completeMove,
  releaseMove,
  someAttemptIds,
  someTime,
} from "../support/factories.ts";
import { mustCreate, mustGet, mustMove, mustSave, type Promises } from "./storage.ts";

const later = someTime + 10_000;

export function promiseRestoredDreams(promises: Promises): void {
  promiseDreams(promises);
  promiseUnpublished(promises);
  promiseGoingOn(promises);
  promiseHolds(promises);
}

function promiseDreams(promises: Promises): void {
  promises("a restored dream is as it was, in every status, and is restored once", async (storage) => {
    const { dreams, restore } = storage;
    for (const status of ["pending", "running", "completed", "failed", "canceled"] as const) {
      const dream = lived(aDream({ status, instructions: "tidy", origin: `idem:${status}` }));
      expect(await restore.dream(dream)).toBe("written");
      expect(await dreams.get(dream)).toStrictEqual(dream);
      expect(await restore.dream(dream)).toBe("present");
      expect(await restore.dream({ ...dream, model: "other" })).toBe("differs");
      expect(await restore.dream({ ...dream, tenant: "globex" })).toBe("written");
      expect(await dreams.get(dream)).toStrictEqual(dream);
    }
  });
}

function promiseUnpublished(promises: Promises): void {
  promises("what was published is not published again, and what was not is", async (storage) => {
    const { outbox, restore } = storage;
    const all = lived(aDream({ status: "completed" }), 3);
    const some = lived(aDream({ status: "completed" }), 2);
    for (const dream of [all, some]) await restore.dream(dream);
    const unsent = await outbox.takeUnsent({ now: later, limit: 9 });
    expect(unsent).toStrictEqual([some]);
    await outbox.markPublished({ tenant: some.tenant, id: some.id, upTo: some.seq });
    expect(await outbox.takeUnsent({ now: later, limit: 9 })).toEqual([]);
    // The relay goes on beside a restore that is repeated.
    expect(await restore.dream(some)).toBe("present");
    const archived = await mustMove(storage.dreams, all, { name: "archive", now: later });
    expect(await outbox.takeUnsent({ now: later, limit: 9 })).toStrictEqual([archived]);
  });
}

function promiseGoingOn(promises: Promises): void {
  promises("a restored pending dream is claimed", async ({ dreams, restore }) => {
    const dream = aDream();
    await restore.dream(dream);
    const request = { now: later, workerId: "w", limit: 9, makeIds: someAttemptIds, accepts: () => true };
    expect(await dreams.claim(request)).toMatchObject([{ id: dream.id, status: "running" }]);
  });

  promises("a restored running dream is seen and taken back under its beat", async ({ dreams, restore }) => {
    const dream = lived(begun(aDream({ status: "running" })));
    await restore.dream(dream);
    const [seen] = await dreams.listRunning({ after: null, limit: 9 });
    expect(seen).toEqual({
      tenant: dream.tenant,
      id: dream.id,
      fence: dream.fence,
      beat: dream.live.beat,
    });
    const next = applyMove(dream, releaseMove({ now: later }));
    const old = { ...dream, live: { ...dream.live, beat: dream.live.beat - 1 } };
    expect(await dreams.save({ read: old, next, guardBeat: true })).toMatchObject({ outcome: "stale" });
    expect(await dreams.save({ read: dream, next, guardBeat: true })).toStrictEqual({
      outcome: "saved",
      dream: next,
    });
  });

  promises("a restored running dream is finished by its worker", async ({ dreams, restore }) => {
    const dream = lived(begun(aDream({ status: "running" })));
    await restore.dream(dream);
    const { tenant, id, fence, attempt } = dream;
    const usage = { ...dream.live.usageByAttempt[0], inputTokens: 1_000 };
    const renewed = await dreams.renew({
      tenant,
      id,
      fence,
      attempt,
      progress: null,
      usage: { ...noTokens, ...usage },
    });
    expect(renewed).toEqual({ outcome: "renewed" });
    const live = (await mustGet(dreams, dream)).live;
    expect(live.usageByAttempt).toMatchObject([{ inputTokens: 1_000, outputTokens: 5 }]);
    const done = await mustMove(dreams, dream, completeMove({ now: later }));
    expect(done).toMatchObject({ status: "completed", live });
  });
}

function promiseHolds(promises: Promises): void {
  promises("the holds of a restored dream bar others until it ends", async ({ dreams, restore }) => {
    const dream = aDream({ holds: ["store:acme:1"] });
    await restore.dream(dream);
    const other = aDream({ holds: ["store:acme:1"] });
    expect(await dreams.create(other)).toMatchObject({ outcome: "held", by: { id: dream.id } });
    await mustSave(dreams, dream, applyMove(dream, cancelMove({ now: later })));
    await mustCreate(dreams, other);
  });

  promises("a dream whose hold or origin another has differs, and takes nothing", async (storage) => {
    const { dreams, restore } = storage;
    await mustCreate(dreams, aDream({ holds: ["store:acme:1"], origin: "idem:1" }));
    const held = aDream({ holds: ["once:acme:free", "store:acme:1"] });
    expect(await restore.dream(held)).toBe("differs");
    expect(await dreams.get(held)).toBeNull();
    const twin = aDream({ origin: "idem:1" });
    expect(await restore.dream(twin)).toBe("differs");
    expect(await dreams.get(twin)).toBeNull();
    await mustCreate(dreams, aDream({ holds: ["once:acme:free"] }));
    const theirs = aDream({ tenant: "globex", holds: ["store:acme:1"], origin: "idem:1" });
    expect(await restore.dream(theirs)).toBe("written");
  });

  promises("a restored dream goes on to take the hold that it wants", async ({ dreams, restore }) => {
    const dream = aDream({ wants: ["store:acme:1"] });
    await restore.dream(dream);
    await mustMove(dreams, dream, claimMove({ now: later }));
    expect(await dreams.create(aDream({ holds: ["store:acme:1"] }))).toMatchObject({ outcome: "held" });
  });
}

const noTokens = { inputTokens: 0, outputTokens: 0, cacheCreationInputTokens: 0, cacheReadInputTokens: 0 };

/** The dream after renewals and, unless said otherwise, with all of its events published. */
function lived<D extends Dream>(dream: D, publishedTo: number = dream.seq): D {
  const progress = { attempt: 1, stage: "reading", done: 1, total: 4, at: someTime + 1 };
  const usageByAttempt = dream.attempt === 0 ? [] : [{ ...noTokens, inputTokens: 9, outputTokens: 5 }];
  return {
    ...dream,
    live: { beat: 6, progress: dream.attempt === 0 ? null : progress, usageByAttempt, publishedTo },
  };
}
