/** What the ports promise when the server fails between a write and its answer. Each test arms a fail point of its own server. */
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mustCreateStore, mustSwitch } from "../../../test/contract/store-steps.ts";
import {
  aBucket,
  aCommit,
  aContent,
  aDream,
  aHead,
  aNewVersion,
  anEntry,
  aRecordedChange,
  aSession,
  aSessionEvent,
  aStore,
  cancelMove,
  claimMove,
  someAttemptIds,
  someTime,
} from "../../../test/support/factories.ts";
import { startMongo, type TestService } from "../../../test/support/services.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import { noUsage } from "../../core/dream.ts";
import { applyMove } from "../../core/dream-transitions.ts";
import type { StoreCommit } from "../../core/memory-version.ts";
import type { Clock } from "../../ports/clock.ts";
import { type MongoStorage, openMongoStorage } from "./storage.ts";

const acme = { tenant: "acme" };

// Only to be skipped with a reason where no server can be had; the server that suffers is a private one.
await describeWith(["mongodb"], "MongoDB storage under faults", () => {
  let server: TestService;
  let admin: MongoClient;
  beforeAll(async () => {
    server = await startMongo();
    admin = await MongoClient.connect(server.url);
  });
  afterAll(async () => {
    await admin.close();
    await server.kill();
    await server.stop();
  });

  /** The next `times` of these commands fail: done but not told so (`lost`), or not even heard (`cut`). */
  async function fail(how: "lost" | "cut", command: string, times: number): Promise<void> {
    const lost = { writeConcernError: { code: 91, codeName: "ShutdownInProgress", errmsg: "lost" } };
    await admin.db("admin").command({
      configureFailPoint: "failCommand",
      mode: { times },
      data: {
        failCommands: [command],
        appName: "reveried",
        ...(how === "lost" ? lost : { closeConnection: true }),
      },
    });
  }

  /** A write under test: once `arm` resolves, its next two commands of that name fail. */
  type Write = (storage: MongoStorage, arm: () => Promise<void>) => Promise<void>;

  /** Registers the write with its answer lost twice, or as often as it can be, and with its connection cut twice. */
  function promises(title: string, command: string, write: Write, lostTimes = 2): void {
    for (const how of ["lost", "cut"] as const) {
      const times = how === "lost" ? lostTimes : 2;
      test(`${title} (${how})`, async () => {
        const clock = stillClock();
        await using storage = await openMongoStorage({ clock }, { url: server.url, database: freshName() });
        let armed = 0;
        await write(storage, async () => {
          armed += 1;
          await fail(how, command, times);
        });
        expect(clock.pauses()).toBe(times * armed);
      });
    }
  }

  promises("a dream is created once though its answer was lost", "insert", async ({ dreams }, arm) => {
    const dream = aDream({ holds: ["once:acme:x"], origin: "idem:key:1" });
    await arm();
    expect(await dreams.create(dream)).toStrictEqual({ outcome: "created", dream });
    expect(await dreams.get(dream)).toStrictEqual(dream);
  });

  promises("a move is saved once though its answer was lost", "findAndModify", async ({ dreams }, arm) => {
    const read = aDream();
    await dreams.create(read);
    const next = applyMove(read, cancelMove());
    await arm();
    expect(await dreams.save({ read, next, guardBeat: true })).toStrictEqual({
      outcome: "saved",
      dream: next,
    });
    expect(await dreams.get(read)).toStrictEqual(next);
  });

  promises(
    "a claim is the claimer's though its answer was lost",
    "findAndModify",
    async ({ dreams }, arm) => {
      const created = aDream({ wants: ["store:acme:1"] });
      await dreams.create(created);
      const ids = someAttemptIds();
      await arm();
      const claimed = await dreams.claim({
        now: someTime,
        workerId: "worker-1",
        limit: 1,
        makeIds: () => ids,
        accepts: () => true,
      });
      const next = applyMove(created, { name: "claim", now: someTime, workerId: "worker-1", ids });
      expect(claimed).toStrictEqual([next]);
      expect(await dreams.get(created)).toStrictEqual(next);
    },
  );

  promises("a renewal counts though its answer was lost", "update", async ({ dreams }, arm) => {
    const read = aDream();
    await dreams.create(read);
    const running = applyMove(read, claimMove());
    await dreams.save({ read, next: running, guardBeat: false });
    await arm();
    const usage = { ...noUsage, inputTokens: 5 };
    const renewal = { ...acme, id: read.id, fence: 1, attempt: 1, progress: null, usage };
    expect(await dreams.renew(renewal)).toStrictEqual({ outcome: "renewed" });
    const stored = await dreams.get(read);
    expect(stored?.live.usageByAttempt).toStrictEqual([usage]);
    expect(stored?.live.beat).toBeGreaterThan(0);
  });

  promises("events stay marked as published though the answer was lost", "update", async (storage, arm) => {
    const { dreams, outbox } = storage;
    const dream = aDream();
    await dreams.create(dream);
    await arm();
    await outbox.markPublished({ ...acme, id: dream.id, upTo: 1 });
    expect(await outbox.takeUnsent({ now: someTime, limit: 9 })).toEqual([]);
  });

  promises(
    "a head is switched once though its answer was lost",
    "findAndModify",
    async ({ memories }, arm) => {
      const store = aStore({ head: "head1" });
      await memories.create(store);
      const commit = aCommit();
      const request = {
        ...acme,
        storeId: store.id,
        base: "head1",
        next: "head2",
        commit,
        evenArchived: false,
      };
      await arm();
      expect(await memories.switchHead(request)).toMatchObject({
        outcome: "switched",
        store: { head: "head2", revision: 1 },
      });
      const revisions = await memories.listRevisions({ ...acme, storeId: store.id, after: 0, limit: 9 });
      expect(revisions.map(({ id }) => id)).toEqual([commit.id]);
    },
    // The second try finds the commit made and writes no more.
    1,
  );

  test("a switch whose row could not be written was made, and is made once", async () => {
    await using storage = await openMongoStorage(
      { clock: stillClock() },
      { url: server.url, database: freshName() },
    );
    const { memories } = storage;
    const store = aStore({ head: "head1" });
    await memories.create(store);
    const switchTo = (base: string, next: string, commit: StoreCommit) =>
      memories.switchHead({ ...acme, storeId: store.id, base, next, commit, evenArchived: false });
    const [torn, second] = [aCommit(), aCommit()];
    await fail("cut", "update", 1);
    const switched = { outcome: "switched", store: { ...store, head: "head2", revision: 1 } };
    for (let again = 0; again < 2; again += 1) {
      expect(await switchTo("head1", "head2", torn)).toStrictEqual(switched);
    }
    expect(await switchTo("head2", "head3", second)).toMatchObject({ store: { revision: 2 } });
    const revisions = await memories.listRevisions({ ...acme, storeId: store.id, after: 0, limit: 9 });
    expect(revisions.map(({ id }) => id)).toEqual([torn.id, second.id]);
  });

  promises("versions are staged once though the answer was lost", "update", async ({ memories }, arm) => {
    const store = await mustCreateStore(memories, aStore());
    const [commit, version] = [aCommit(), aNewVersion()];
    const key = { ...acme, storeId: store.id };
    await arm();
    await memories.putVersions({ ...key, commit, first: 0, versions: [version] });
    await mustSwitch(memories, store, commit);
    expect(await memories.getVersion({ ...key, id: version.id })).toMatchObject({
      id: version.id,
      number: 0,
    });
  });

  promises("a version is redacted once though the answer was lost", "update", async ({ memories }, arm) => {
    const version = aNewVersion();
    const store = await mustCreateStore(memories, aStore());
    await mustSwitch(memories, store, aCommit(), [version]);
    const key = { ...acme, storeId: store.id, id: version.id };
    await arm();
    const redacted = await memories.redactVersion({ ...key, by: null, now: someTime });
    expect(redacted).toMatchObject({ path: null, contentHash: null, redactedAt: someTime });
  });

  promises(
    "stores and sessions are saved once though the answer was lost",
    "findAndModify",
    async (storage, arm) => {
      const { memories, sessions } = storage;
      const [store, session] = [aStore(), aSession()];
      await memories.create(store);
      await sessions.create(session);
      const nextStore = { ...store, name: "other", edition: 2, updatedAt: someTime + 1 };
      const nextSession = { ...session, title: "other", edition: 2, updatedAt: someTime + 1 };
      await arm();
      expect(await memories.save({ read: store, next: nextStore })).toStrictEqual({
        outcome: "saved",
        store: nextStore,
      });
      await arm();
      expect(await sessions.save({ read: session, next: nextSession })).toStrictEqual({
        outcome: "saved",
        session: nextSession,
      });
      await arm();
      const archived = { ...nextSession, archivedAt: someTime, edition: 3 };
      expect(await sessions.archive({ ...session, now: someTime })).toStrictEqual(archived);
    },
  );

  promises(
    "what is deleted is told as deleted though the answer was lost",
    "update",
    async (storage, arm) => {
      const { memories, sessions } = storage;
      const [store, session] = [aStore(), aSession()];
      await memories.create(store);
      await sessions.create(session);
      await arm();
      expect(await memories.delete(store)).toBe(true);
      expect(await memories.get(store)).toBeNull();
      await arm();
      expect(await sessions.delete(session)).toBe(true);
      expect(await sessions.get(session)).toBeNull();
      expect(await sessions.delete(session)).toBe(false);
    },
  );

  promises(
    "what is restored is there once though the answer was lost",
    "insert",
    async ({ restore }, arm) => {
      const [store, session, dream] = [aStore(), aSession(), aDream({ holds: ["once:acme:x"] })];
      const writes = [
        () => restore.store(store),
        () => restore.session(session),
        () => restore.events({ ...acme, sessionId: session.id, events }),
        () => restore.dream(dream),
      ];
      const events = [{ ...aSessionEvent(), sessionId: session.id, number: 1, createdAt: someTime }];
      for (const write of writes) {
        await arm();
        expect(await write()).toMatch(/^(written|present)$/);
        expect(await write()).toBe("present");
      }
    },
  );

  promises("parts of stores are put though the answer was lost", "update", async ({ memories }, arm) => {
    const [content, bucket] = [aContent("text"), aBucket(anEntry())];
    const head = aHead(bucket.hash);
    await arm();
    await memories.putContents({ ...acme, contents: [content], now: someTime });
    await arm();
    await memories.putBuckets({ ...acme, buckets: [bucket], now: someTime });
    await arm();
    await memories.putHead({ ...acme, head, now: someTime });
    const change = aRecordedChange();
    await arm();
    await memories.putChanges({ ...acme, dreamId: "drm_1", attempt: 1, first: 0, changes: [change] });
    expect((await memories.getContents({ ...acme, hashes: [content.hash] })).size).toBe(1);
    expect(await memories.getBuckets({ ...acme, hashes: [bucket.hash] })).toStrictEqual([bucket]);
    expect(await memories.getHead({ ...acme, hash: head.hash })).toStrictEqual(head);
    const query = { ...acme, dreamId: "drm_1", attempt: 1, first: 0, limit: 9 };
    expect(await memories.listChanges(query)).toStrictEqual([change]);
  });

  for (const command of ["insert", "update"]) {
    promises(
      `events are appended once though the ${command}'s answer was lost`,
      command,
      async (storage, arm) => {
        const session = aSession();
        await storage.sessions.create(session);
        await arm();
        const events = [aSessionEvent(), aSessionEvent()];
        const request = { ...acme, sessionId: session.id, events, now: someTime };
        const stored = await storage.sessions.append(request);
        expect(stored?.map((event) => event.number)).toEqual([1, 2]);
        const all = { ...acme, sessionId: session.id, after: 0, upTo: 99, limit: 99 };
        expect(await storage.sessions.readEvents(all)).toStrictEqual(stored);
      },
    );
  }

  test("an append that broke off in the middle shows nothing, stops nobody, and can be repeated", async () => {
    await using storage = await openMongoStorage(
      { clock: stillClock() },
      { url: server.url, database: freshName() },
    );
    const { sessions } = storage;
    const session = aSession();
    await sessions.create(session);
    const torn = [aSessionEvent(), aSessionEvent()];
    const append = (events: typeof torn) =>
      sessions.append({ ...acme, sessionId: session.id, events, now: someTime });
    const read = () => sessions.readEvents({ ...acme, sessionId: session.id, after: 0, upTo: 99, limit: 99 });
    // The batch is written, and the write that lets readers see it is cut at each of its four tries.
    await fail("cut", "update", 4);
    await expect(append(torn)).rejects.toMatchObject({ kind: "unavailable" });
    expect(await read()).toEqual([]);
    expect(await sessions.get(session)).toMatchObject({ lastEvent: 0 });
    const next = await append([aSessionEvent()]);
    expect(next?.map((event) => event.number)).toEqual([3]);
    const repeated = await append(torn);
    expect(repeated?.map((event) => event.number)).toEqual([1, 2]);
    expect(await read()).toStrictEqual([...(repeated ?? []), ...(next ?? [])]);
  });

  test("a claim is told though its turn could not be noted", async () => {
    await using storage = await openMongoStorage(
      { clock: stillClock() },
      { url: server.url, database: freshName() },
    );
    const dream = aDream();
    await storage.dreams.create(dream);
    await fail("cut", "update", 4);
    const request = { now: someTime, workerId: "worker-1", limit: 1, makeIds: someAttemptIds };
    const claimed = await storage.dreams.claim({ ...request, accepts: () => true });
    expect(claimed.map(({ id }) => id)).toEqual([dream.id]);
  });

  test("a server that was killed is unavailable, and what it told as done is there when it is back", async () => {
    const own = await startMongo();
    const dream = aDream();
    try {
      await using storage = await openMongoStorage({ clock: stillClock() }, { url: own.url, database: "d" });
      await storage.dreams.create(dream);
      await own.kill();
      await expect(storage.dreams.check()).rejects.toMatchObject({ kind: "unavailable" });
      await expect(storage.dreams.create(aDream())).rejects.toMatchObject({ kind: "unavailable" });
      const back = await startMongo({ port: own.port, dataDir: own.dataDir });
      try {
        expect(await storage.dreams.get(dream)).toStrictEqual(dream);
      } finally {
        await back.kill();
      }
    } finally {
      await own.stop();
    }
  });
});

/** A clock on which nothing passes, and which counts the pauses between tries. */
function stillClock(): Clock & { pauses(): number } {
  let pauses = 0;
  return {
    now: () => someTime,
    monotonic: () => 0,
    sleep() {
      pauses += 1;
      return Promise.resolve();
    },
    nextTurn: () => Promise.resolve(),
    pauses: () => pauses,
  };
}
