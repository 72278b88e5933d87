/** What a history is when a process died in the middle of a switch, or of more than one page of it. */
import { MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { headOf, mustCreateStore, mustSwitch } from "../../../test/contract/store-steps.ts";
import { aCommit, aNewVersion, aStore, someTime } from "../../../test/support/factories.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import type { VersionFilter } from "../../ports/memory-store.ts";
import { createSystemClock } from "../system/clock.ts";
import { createCalls } from "./calls.ts";
import { collectionsOf } from "./collections.ts";
import { openMongoStorage } from "./storage.ts";
import { createStoreLog } from "./store-log.ts";
import { createSwitchHead } from "./switch-head.ts";

const acme = { tenant: "acme" };
const anyVersion: VersionFilter = {
  memoryId: null,
  operation: null,
  actorId: null,
  createdFrom: null,
  createdTo: null,
};

await describeWith(["mongodb"], "the log of a store in MongoDB", ([url]) => {
  async function fresh() {
    const client = await MongoClient.connect(url);
    const db = client.db(freshName());
    const storage = await openMongoStorage(
      { clock: createSystemClock() },
      { url, database: db.databaseName },
    );
    return {
      ...storage,
      collections: collectionsOf(db),
      async [Symbol.asyncDispose]() {
        await storage.close();
        await db.dropDatabase();
        await client.close();
      },
    };
  }

  /** A store of two revisions whose last one has no row, as when the process died before it wrote that. */
  async function torn({ memories, collections }: Awaited<ReturnType<typeof fresh>>) {
    const actor = { kind: "api_key", id: "key_1" } as const;
    const [first, last] = [
      aCommit({ at: someTime }),
      aCommit({ origin: "dream:1", actor, at: someTime + 9 }),
    ];
    const [before, version] = [aNewVersion(), aNewVersion()];
    let store = await mustCreateStore(memories, aStore());
    store = await mustSwitch(memories, store, first, [before]);
    store = await mustSwitch(memories, store, last, [version]);
    const { deletedCount } = await collections.revisions.deleteOne({ commit_id: last.id });
    expect(deletedCount).toBe(1);
    return { store, key: { ...acme, storeId: store.id }, first, last, before, version };
  }

  test("a revision without a row is seen by every read", async () => {
    await using storage = await fresh();
    const { memories, sweep } = storage;
    const { store, key, first, last, before, version } = await torn(storage);
    const numbers = async (after: number, limit: number) =>
      (await memories.listRevisions({ ...key, after, limit })).map(({ number }) => number);
    expect(await numbers(0, 9)).toEqual([1, 2]);
    expect(await numbers(0, 1)).toEqual([1]);
    expect(await numbers(1, 9)).toEqual([2]);
    expect(await numbers(2, 9)).toEqual([]);
    expect(await memories.findRevision({ ...key, origin: "dream:1" })).toMatchObject({
      id: last.id,
      number: 2,
    });
    expect(await memories.getVersion({ ...key, id: version.id })).toMatchObject({ revision: 2 });
    const versions = async (filter: Partial<VersionFilter>, after = 99) =>
      (
        await memories.listVersions({
          ...key,
          filter: { ...anyVersion, ...filter },
          after: { revision: after, number: 0 },
          limit: 9,
        })
      ).map(({ id }) => id);
    expect(await versions({})).toEqual([version.id, before.id]);
    expect(await versions({}, 2)).toEqual([before.id]);
    expect(await versions({ memoryId: version.memoryId })).toEqual([version.id]);
    expect(await versions({ actorId: "key_1" })).toEqual([version.id]);
    expect(await versions({ actorId: "key_2" })).toEqual([]);
    expect(await versions({ createdFrom: someTime + 9 })).toEqual([version.id]);
    expect(await versions({ createdFrom: someTime + 10 })).toEqual([]);
    expect(await versions({ createdTo: someTime + 8 })).toEqual([before.id]);
    expect(await memories.isContentNamed({ ...acme, hash: version.contentHash ?? "" })).toBe(true);
    const heads = [headOf(first), headOf(last)];
    expect(new Set(await sweep.originHeads({ ...acme, origins: ["dream:1"] }))).toEqual(new Set(heads));
    const since = await sweep.listRevisionHeads({ ...acme, since: someTime + 9, after: null, limit: 9 });
    expect(since.heads).toEqual(heads);
    expect(await memories.get(store)).toStrictEqual(store);
  });

  test("a commit whose row is missing is made once, and the next switch writes its row", async () => {
    await using storage = await fresh();
    const { memories, collections } = storage;
    const { store, key, last } = await torn(storage);
    for (const commit of [last, aCommit({ origin: "dream:1" })]) {
      const request = { ...key, base: store.head, next: "other", commit, evenArchived: false };
      expect(await memories.switchHead(request)).toStrictEqual({ outcome: "switched", store });
    }
    const third = aCommit();
    expect(await mustSwitch(memories, store, third)).toMatchObject({ revision: 3 });
    const rows = await collections.revisions.find().sort({ _id: 1 }).toArray();
    expect(rows.map(({ number, commit_id }) => [number, commit_id]).slice(1)).toEqual([
      [2, last.id],
      [3, third.id],
    ]);
  });

  test("an old revision without a row is deleted with its last version, as others are", async () => {
    await using storage = await fresh();
    const { memories, sweep, collections } = storage;
    const { store, key, version } = await torn(storage);
    await collections.versions.deleteOne({ version_id: version.id });
    const remove = () => sweep.deleteEmptyRevisions({ ...acme, before: someTime + 10, limit: 9 });
    expect(await remove()).toBe(1);
    expect(await remove()).toBe(0);
    expect(await memories.listRevisions({ ...key, after: 0, limit: 9 })).toMatchObject([{ number: 1 }]);
    expect(await mustSwitch(memories, store, aCommit())).toMatchObject({ revision: 3 });
  });

  test("a restored revision never takes the place of one whose row is missing", async () => {
    await using storage = await fresh();
    const { memories, restore } = storage;
    const { key, last } = await torn(storage);
    const [, stored] = await memories.listRevisions({ ...key, after: 0, limit: 9 });
    if (stored === undefined) throw new Error("there are two revisions");
    const other = { ...stored, id: "cmt_other", origin: null };
    expect(await restore.revision({ ...acme, revision: other })).toBe("differs");
    expect(await restore.revision({ ...acme, revision: { ...stored, number: 1 } })).toBe("differs");
    expect(await restore.revision({ ...acme, revision: { ...stored, number: 3 } })).toBe("differs");
    expect(await restore.revision({ ...acme, revision: stored })).toBe("present");
    expect(await memories.findRevision({ ...key, origin: "dream:1" })).toMatchObject({ id: last.id });
  });

  test("switches that race with one whose row is missing leave every row once", async () => {
    await using storage = await fresh();
    const { memories, collections } = storage;
    const { store, key } = await torn(storage);
    const race = [1, 2, 3, 4].map(() => aCommit());
    const answers = await Promise.all(
      race.map((commit) =>
        memories.switchHead({ ...key, base: store.head, next: headOf(commit), commit, evenArchived: false }),
      ),
    );
    expect(answers.filter(({ outcome }) => outcome === "switched")).toHaveLength(1);
    const rows = await collections.revisions.find().sort({ _id: 1 }).toArray();
    expect(rows.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test("a commit that another made while it was tried is made once, though its base is shown again", async () => {
    await using storage = await fresh();
    const { memories } = storage;
    const { stores } = storage.collections;
    const store = await mustCreateStore(memories, aStore({ head: "head1" }));
    const [commit, back] = [aCommit(), aCommit()];
    const there = { ...acme, storeId: store.id, base: "head1", next: "head2", commit, evenArchived: false };
    const backAgain = { ...there, base: "head2", next: "head1", commit: back };
    // A process that stood still between its look at the log and its write.
    const late = Object.create(stores);
    late.findOneAndUpdate = async (...write: Parameters<typeof stores.findOneAndUpdate>) => {
      delete late.findOneAndUpdate;
      for (const request of [there, backAgain]) await memories.switchHead(request);
      return await stores.findOneAndUpdate(...write);
    };
    const collections = { ...storage.collections, stores: late };
    const calls = createCalls({ clock: createSystemClock() }, "the test server");
    const switchHead = createSwitchHead(collections, createStoreLog(collections), calls);
    const shown = { ...store, head: "head1", revision: 2 };
    expect(await switchHead(there)).toStrictEqual({ outcome: "switched", store: shown });
    const revisions = await memories.listRevisions({ ...acme, storeId: store.id, after: 0, limit: 9 });
    expect(revisions.map(({ id }) => id)).toEqual([commit.id, back.id]);
  });

  test("a commit that another has made since the store was read is told with the store that it made", async () => {
    await using storage = await fresh();
    const { memories } = storage;
    const store = await mustCreateStore(memories, aStore({ head: "head1" }));
    const stale = await storage.collections.stores.findOne({ store_id: store.id });
    const commit = aCommit();
    const shown = await mustSwitch(memories, store, commit);
    const late = Object.create(storage.collections.stores);
    late.findOne = () => {
      delete late.findOne;
      return Promise.resolve(stale);
    };
    const collections = { ...storage.collections, stores: late };
    const calls = createCalls({ clock: createSystemClock() }, "the test server");
    const switchHead = createSwitchHead(collections, createStoreLog(collections), calls);
    const request = { ...acme, storeId: store.id, base: "head1", next: "other", commit, evenArchived: false };
    expect(await switchHead(request)).toStrictEqual({ outcome: "switched", store: shown });
  });

  test("a list finds its versions among more than are sorted together", async () => {
    await using storage = await fresh();
    const { memories } = storage;
    let store = await mustCreateStore(memories, aStore());
    const memoryId = "mem_one";
    const expected: string[] = [];
    for (const size of [2, 220, 1, 3, 1]) {
      const commit = aCommit();
      const versions = Array.from({ length: size }, (_, n) =>
        aNewVersion({ ...(n === 0 && { memoryId, operation: "deleted" }) }),
      );
      store = await mustSwitch(memories, store, commit, versions);
      expected.unshift(...versions.map(({ id }) => id).toReversed());
    }
    const key = { ...acme, storeId: store.id };
    const walk = async (filter: Partial<VersionFilter>, limit: number) => {
      const found = [];
      for (let after = null; ; ) {
        const query = { ...key, filter: { ...anyVersion, ...filter }, after, limit };
        const page: Awaited<ReturnType<typeof memories.listVersions>> = await memories.listVersions(query);
        found.push(...page);
        const last = page.at(-1);
        if (last === undefined || page.length < limit) return found;
        after = { revision: last.revision, number: last.number };
      }
    };
    for (const limit of [100, 227, 999]) {
      expect((await walk({}, limit)).map(({ id }) => id)).toEqual(expected);
    }
    for (const filter of [{ operation: "deleted" }, { memoryId }] as const) {
      const found = await walk(filter, 2);
      expect(found.map(({ revision, number }) => [revision, number])).toEqual([
        [5, 0],
        [4, 0],
        [3, 0],
        [2, 0],
        [1, 0],
      ]);
    }
  });
});
