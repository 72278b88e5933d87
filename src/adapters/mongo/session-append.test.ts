import { expect, test } from "vitest";
import { aSession, aSessionEvent, someTime } from "../../../test/support/factories.ts";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import type { NewSessionEvent } from "../../core/session.ts";
import { openMongoStorage } from "./storage.ts";

await describeWith(["mongodb"], "MongoDB append", ([url]) => {
  async function fresh() {
    const storage = await openMongoStorage({ clock: createManualClock() }, { url, database: freshName() });
    const session = await storage.sessions.create(aSession());
    const key = { tenant: session.tenant, sessionId: session.id };
    return {
      append: (...events: NewSessionEvent[]) => storage.sessions.append({ ...key, events, now: someTime }),
      read: (after = 0, limit = 100) => storage.sessions.readEvents({ ...key, after, upTo: 1_000, limit }),
      [Symbol.asyncDispose]: storage.close,
    };
  }

  test("a repeat of some events of a batch, or of several batches, answers with those", async () => {
    await using session = await fresh();
    const [a, b, c] = [aSessionEvent(), aSessionEvent(), aSessionEvent()];
    const [first, second] = (await session.append(a, b)) ?? [];
    const [third] = (await session.append(c)) ?? [];
    expect(await session.append(b)).toStrictEqual([second]);
    expect(await session.append(a, c)).toStrictEqual([first, third]);
    expect(await session.read()).toHaveLength(3);
  });

  test("stored events with new ones are a conflict, and none is added", async () => {
    await using session = await fresh();
    const stored = aSessionEvent();
    await session.append(stored);
    await expect(session.append(stored, aSessionEvent())).rejects.toMatchObject({ kind: "conflict" });
    await expect(session.append(aSessionEvent(), stored)).rejects.toMatchObject({ kind: "conflict" });
    expect(await session.read()).toHaveLength(1);
  });

  test("one event twice in a batch is a conflict, and none is added", async () => {
    await using session = await fresh();
    const twice = aSessionEvent();
    await expect(session.append(twice, twice)).rejects.toMatchObject({ kind: "conflict" });
    expect(await session.read()).toEqual([]);
  });

  test("a batch that no document can hold is too large, and none is added", async () => {
    await using session = await fresh();
    const text = "x".repeat(1_048_576);
    const big = Array.from({ length: 16 }, () => aSessionEvent({ blocks: [{ type: "text", text }] }));
    await expect(session.append(...big)).rejects.toMatchObject({
      kind: "too_large",
      details: { field: "events" },
    });
    expect(await session.read()).toEqual([]);
  });

  test("pages that begin and end inside batches have every number once", async () => {
    await using session = await fresh();
    for (const size of [3, 1, 4, 2]) {
      await session.append(...Array.from({ length: size }, () => aSessionEvent()));
    }
    for (let limit = 1; limit <= 11; limit += 1) {
      const numbers: number[] = [];
      for (let page = await session.read(0, limit); page.length > 0; ) {
        expect(page.length).toBeLessThanOrEqual(limit);
        numbers.push(...page.map((event) => event.number));
        page = await session.read(numbers.at(-1), limit);
      }
      expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });
});
