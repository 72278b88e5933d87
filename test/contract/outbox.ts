/** What every outbox must do: unsent events are found until they were published, whatever happens meanwhile. */
import { describe, expect } from "vitest";
import type { Dream } from "../../src/core/dream.ts";
import { applyMove } from "../../src/core/dream-transitions.ts";
import type { Outbox } from "../../src/ports/outbox.ts";
import { aDream, cancelMove, claimMove, completeMove, someTime } from "../support/factories.ts";
import {
  type ContractOptions,
  type MakeStorage,
  mustCreate,
  mustGet,
  mustMove,
  type Promises,
  registerPromises,
} from "./storage.ts";

const later = someTime + 10_000;

export function testOutbox(name: string, make: MakeStorage, options: ContractOptions): void {
  describe(`${name} outbox`, () => {
    registerPromises(make, options, (promises) => {
      promiseUnsent(promises);
      promiseMarks(promises);
      promisePark(promises);
    });
  });
}

function promiseUnsent(promises: Promises): void {
  promises("a created dream is unsent until its event was published", async ({ dreams, outbox }) => {
    const dream = await mustCreate(dreams, aDream());
    expect(await unsent(outbox)).toStrictEqual([dream]);
    expect(await unsent(outbox)).toStrictEqual([dream]);
    await mark(outbox, dream, 1);
    expect(await unsent(outbox)).toEqual([]);
    expect((await mustGet(dreams, dream)).live.publishedTo).toBe(1);
  });

  promises("each move makes the dream unsent again, a claim too", async ({ dreams, outbox }) => {
    const created = await mustCreate(dreams, aDream());
    await mark(outbox, created, 1);
    const ids = { outputStoreId: "memstore_out", sessionId: "sesn_out" };
    const request = { now: later, workerId: "worker-1", limit: 1, makeIds: () => ids, accepts: () => true };
    const [claimed] = await dreams.claim(request);
    expect(await unsent(outbox)).toStrictEqual([claimed]);
    await mark(outbox, created, 2);
    const ended = await mustMove(dreams, await mustGet(dreams, created), completeMove());
    expect(await unsent(outbox)).toStrictEqual([ended]);
  });

  promises("a renewal makes nothing unsent", async ({ dreams, outbox }) => {
    const running = await mustMove(dreams, await mustCreate(dreams, aDream()), claimMove());
    await mark(outbox, running, 2);
    const usage = {
      inputTokens: 1,
      outputTokens: 0,
      cacheCreationInputTokens: 0,
      cacheReadInputTokens: 0,
    };
    const { tenant, id, fence } = running;
    await dreams.renew({ tenant, id, fence, attempt: 1, progress: null, usage });
    expect(await unsent(outbox)).toEqual([]);
  });

  promises("unsent dreams of all tenants come longest waiting first", async ({ dreams, outbox }) => {
    const second = await mustCreate(dreams, aDream({ now: someTime + 2 }));
    const first = await mustCreate(dreams, aDream({ now: someTime + 1, tenant: "globex" }));
    const third = await mustCreate(dreams, aDream({ now: someTime + 3 }));
    // A later move does not send a waiting dream to the back.
    await mustMove(dreams, first, cancelMove({ now: someTime + 9 }));
    expect(idsOf(await unsent(outbox))).toEqual([first.id, second.id, third.id]);
    expect(idsOf(await outbox.takeUnsent({ now: later, limit: 2 }))).toEqual([first.id, second.id]);
  });

  promises("an event dated ahead of the relay's clock is unsent all the same", async ({ dreams, outbox }) => {
    const dream = await mustCreate(dreams, aDream({ now: later + 3_600_000 }));
    expect(idsOf(await unsent(outbox))).toEqual([dream.id]);
  });
}

function promiseMarks(promises: Promises): void {
  promises("a dream published in part stays unsent", async ({ dreams, outbox }) => {
    const running = await mustMove(dreams, await mustCreate(dreams, aDream()), claimMove());
    await mark(outbox, running, 1);
    expect(await unsent(outbox)).toMatchObject([{ id: running.id, seq: 2, live: { publishedTo: 1 } }]);
    await mark(outbox, running, 2);
    expect(await unsent(outbox)).toEqual([]);
  });

  promises("marks only rise, and a repeated one changes nothing", async ({ dreams, outbox }) => {
    const running = await mustMove(dreams, await mustCreate(dreams, aDream()), claimMove());
    await mark(outbox, running, 2);
    const published = { ...running, live: { ...running.live, publishedTo: 2 } };
    for (const upTo of [1, 2]) {
      await mark(outbox, running, upTo);
      expect(await unsent(outbox)).toEqual([]);
      expect(await mustGet(dreams, running)).toStrictEqual(published);
    }
  });

  promises(
    "a move made while its forerunner is marked keeps the dream unsent",
    async ({ dreams, outbox }) => {
      for (let round = 0; round < 4; round += 1) {
        const read = await mustCreate(dreams, aDream());
        const next = applyMove(read, cancelMove());
        await Promise.all([mark(outbox, read, 1), dreams.save({ read, next, guardBeat: false })]);
        expect(await unsent(outbox)).toMatchObject([{ id: read.id, seq: 2, live: { publishedTo: 1 } }]);
        await mark(outbox, read, 2);
      }
    },
  );

  promises("marks and parks of another tenant's dream do nothing", async ({ dreams, outbox }) => {
    const dream = await mustCreate(dreams, aDream());
    await mark(outbox, { ...dream, tenant: "globex" }, 1);
    await outbox.park({ tenant: "globex", id: dream.id, until: later * 2 });
    await mark(outbox, { ...dream, id: "drm_none" }, 1);
    expect(await unsent(outbox)).toStrictEqual([dream]);
  });
}

function promisePark(promises: Promises): void {
  promises("a parked dream is hidden until its time, and others go on", async ({ dreams, outbox }) => {
    const parked = await mustCreate(dreams, aDream({ now: someTime }));
    const other = await mustCreate(dreams, aDream({ now: someTime + 1 }));
    await outbox.park({ tenant: parked.tenant, id: parked.id, until: later });
    expect(idsOf(await unsent(outbox, later - 1))).toEqual([other.id]);
    expect(idsOf(await unsent(outbox, later))).toContain(parked.id);
  });

  promises("a move does not wake a parked dream", async ({ dreams, outbox }) => {
    const parked = await mustCreate(dreams, aDream());
    await outbox.park({ tenant: parked.tenant, id: parked.id, until: later });
    await mustMove(dreams, parked, cancelMove());
    expect(await unsent(outbox, later - 1)).toEqual([]);
    expect(await unsent(outbox, later)).toMatchObject([{ id: parked.id, seq: 2 }]);
  });

  promises("parking a dream with nothing unsent does nothing", async ({ dreams, outbox }) => {
    const dream = await mustCreate(dreams, aDream());
    await mark(outbox, dream, 1);
    await outbox.park({ tenant: dream.tenant, id: dream.id, until: later });
    expect(await unsent(outbox, later * 2)).toEqual([]);
    await mustMove(dreams, dream, cancelMove());
    expect(idsOf(await unsent(outbox, someTime))).toEqual([dream.id]);
  });
}

function unsent(outbox: Outbox, now: number = later): Promise<Dream[]> {
  return outbox.takeUnsent({ now, limit: 10 });
}

function mark(outbox: Outbox, { tenant, id }: Dream, upTo: number): Promise<void> {
  return outbox.markPublished({ tenant, id, upTo });
}

function idsOf(dreams: readonly Dream[]): string[] {
  return dreams.map((dream) => dream.id);
}
