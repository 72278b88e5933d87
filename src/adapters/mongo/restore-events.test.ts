/** Restoring events where a batch is stored that no reader sees yet. */
import { MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { aSession, aSessionEvent, someTime } from "../../../test/support/factories.ts";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import type { SessionEvent } from "../../core/session.ts";
import { collectionsOf } from "./collections.ts";
import { toBatchDocument } from "./session-documents.ts";
import { openMongoStorage } from "./storage.ts";

await describeWith(["mongodb"], "restoring events into MongoDB", ([url]) => {
  async function fresh() {
    const client = await MongoClient.connect(url);
    const db = client.db(freshName());
    const storage = await openMongoStorage(
      { clock: createManualClock() },
      { url, database: db.databaseName },
    );
    const session = aSession();
    await storage.restore.session(session);
    const key = { tenant: session.tenant, sessionId: session.id };
    const events = [1, 2, 3, 4].map(
      (number): SessionEvent => ({
        ...aSessionEvent(),
        sessionId: session.id,
        number,
        createdAt: someTime,
      }),
    );
    const { batches } = collectionsOf(db);
    return {
      events,
      batches,
      /** Stores events as a process does that dies before it shows them. */
      leave: (some: readonly SessionEvent[]) =>
        batches.insertOne(toBatchDocument(session, some[0]?.number ?? 1, some, someTime)),
      write: (some: readonly SessionEvent[]) => storage.restore.events({ ...key, events: some }),
      read: () => storage.sessions.readEvents({ ...key, after: 0, upTo: 99, limit: 99 }),
      async [Symbol.asyncDispose]() {
        await storage.close();
        await db.dropDatabase();
        await client.close();
      },
    };
  }

  test("what an earlier try left is finished, in whatever pages the next one comes", async () => {
    await using world = await fresh();
    const { events, batches, leave, write, read } = world;
    await leave(events.slice(0, 3));
    expect(await read()).toEqual([]);
    expect(await write(events.slice(0, 2))).toBe("written");
    expect(await read()).toStrictEqual(events.slice(0, 3));
    expect(await write(events.slice(2))).toBe("written");
    expect(await read()).toStrictEqual(events);
    expect(await batches.countDocuments()).toBe(2);
  });

  test("a batch of others is neither shown nor taken for the events", async () => {
    await using world = await fresh();
    const { events, leave, write, read } = world;
    await write(events.slice(0, 1));
    await leave(events.slice(1, 3).map((event) => ({ ...event, speaker: "somebody else" })));
    expect(await write(events)).toBe("differs");
    expect(await read()).toStrictEqual(events.slice(0, 1));
  });
});
