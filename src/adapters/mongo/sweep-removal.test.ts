/** What becomes of a batch that is written after its session was deleted. */
import { MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { aSession, aSessionEvent, someTime } from "../../../test/support/factories.ts";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import { createCalls } from "./calls.ts";
import { collectionsOf } from "./collections.ts";
import { createAppend } from "./session-append.ts";
import { toBatchDocument } from "./session-documents.ts";
import { openMongoStorage } from "./storage.ts";

await describeWith(["mongodb"], "the removal of a session from MongoDB", ([url]) => {
  async function fresh() {
    const clock = createManualClock();
    const client = await MongoClient.connect(url);
    const db = client.db(freshName());
    const storage = await openMongoStorage({ clock }, { url, database: db.databaseName });
    const session = await storage.sessions.create(aSession());
    const key = { tenant: session.tenant, sessionId: session.id };
    return {
      ...storage,
      ...key,
      session,
      collections: collectionsOf(db),
      calls: createCalls({ clock }, "the test server"),
      append: { ...key, events: [aSessionEvent()], now: someTime },
      remove: () => storage.sweep.removeSession({ ...key, limit: 9 }),
      async [Symbol.asyncDispose]() {
        await storage.close();
        await db.dropDatabase();
        await client.close();
      },
    };
  }

  test("finds what a dying writer left behind between its looks", async () => {
    await using world = await fresh();
    const { session, sessions, collections, remove } = world;
    await sessions.append(world.append);
    await sessions.delete(session);
    expect(await remove()).toBe(false);
    expect(await remove()).toBe(false);
    await collections.batches.insertOne(toBatchDocument(session, 2, [aSessionEvent()], someTime));
    expect([await remove(), await remove(), await remove()]).toEqual([false, false, true]);
    expect(await collections.batches.countDocuments()).toBe(0);
    expect(await collections.sessionTombstones.countDocuments()).toBe(0);
  });

  test.each(["deleted", "removed"])(
    "needs no look at an append that read the session before it was %s",
    async (how) => {
      await using world = await fresh();
      const { session, sessions, collections, calls, remove } = world;
      const other = await sessions.create(aSession());
      await sessions.append({ ...world.append, sessionId: other.id });
      const stale = await collections.sessions.findOne({ session_id: session.id });
      await sessions.delete(session);
      if (how === "removed") while (!(await remove()));
      // The append's first read gives what it saw before; from then on it sees what is.
      const late = Object.create(collections.sessions);
      late.findOne = () => {
        delete late.findOne;
        return Promise.resolve(stale);
      };
      const append = createAppend({ ...collections, sessions: late }, calls);
      expect(await append(world.append)).toBeNull();
      const left = await collections.batches.find().toArray();
      expect(left.map((batch) => batch.session_id)).toEqual([other.id]);
    },
  );
});
