import { type Db, MongoClient } from "mongodb";
import { expect, test } from "vitest";
import {
  aCommit,
  aNewVersion,
  anId,
  aRecordedChange,
  aSession,
  aSessionEvent,
  aStore,
  someTime,
} from "../../../test/support/factories.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import { createSystemClock } from "../system/clock.ts";
import { addHistory } from "./migration-steps.ts";
import { openMongoStorage } from "./storage.ts";

interface Document {
  readonly _id: string;
  readonly [field: string]: unknown;
}

const acme = { tenant: "acme" };
const time = new Date(someTime);

/** Documents as version 1 wrote them. */
function oldStore(id: string, more: object = {}): Document {
  return {
    _id: `acme/${id}`,
    tenant: "acme",
    store_id: id,
    name: "team notes",
    description: "",
    metadata: [{ key: "a.b", value: "1" }],
    head: `head-of-${id}`,
    created_at: time,
    updated_at: time,
    archived_at: null,
    ...more,
  };
}

function oldSession(id: string): Document {
  return {
    _id: `acme/${id}`,
    tenant: "acme",
    session_id: id,
    kind: "conversation",
    dream_id: null,
    title: "Monday",
    agent_id: null,
    workspace_id: null,
    memory_store_ids: [],
    tags: ["t"],
    metadata: [],
    last_event: 0,
    created_at: time,
    updated_at: time,
    archived_at: null,
  };
}

function oldChange(dreamId: string, attempt: number, index: number, path: string): Document {
  const { toPath, beforeHash, afterHash, baseVersionId, ...same } = aRecordedChange({ path });
  return {
    _id: `acme/${dreamId}/${attempt}/${String(index).padStart(16, "0")}`,
    ...same,
    to_path: toPath,
    before_hash: beforeHash,
    after_hash: afterHash,
    base_version_id: baseVersionId,
  };
}

await describeWith(["mongodb"], "a MongoDB database of version 1", ([url]) => {
  async function fresh(documents: Readonly<Record<string, readonly Document[]>>) {
    const client = await MongoClient.connect(url);
    const db = client.db(freshName());
    const all = { ...documents, meta: [{ _id: "schema", version: 1 }] };
    for (const [name, some] of Object.entries(all)) await db.collection<Document>(name).insertMany([...some]);
    return {
      db,
      open: () => openMongoStorage({ clock: createSystemClock() }, { url, database: db.databaseName }),
      async [Symbol.asyncDispose]() {
        await db.dropDatabase();
        await client.close();
      },
    };
  }

  test("has what it had, and the history of its stores begins now", async () => {
    const collection = { workspaceId: "w", observer: "ann", observed: "bob" };
    const inStore = { collection: { workspace_id: "w", observer: "ann", observed: "bob" } };
    await using old = await fresh({
      memory_stores: [oldStore("memstore_1", inStore), oldStore("memstore_2", { archived_at: time })],
      sessions: [oldSession("sesn_1")],
      dream_changes: [
        oldChange("drm_1", 10, 0, "/third.md"),
        oldChange("drm_1", 2, 0, "/first.md"),
        oldChange("drm_1", 2, 1, "/second.md"),
      ],
    });
    await using storage = await old.open();
    expect(storage.migrated).toEqual({ from: 1, to: 2 });
    const { memories, sessions, sweep } = storage;
    const store = aStore({
      id: "memstore_1",
      metadata: { "a.b": "1" },
      collection,
      head: "head-of-memstore_1",
      origin: { storeId: null, head: "head-of-memstore_1" },
    });
    expect(await memories.get(store)).toStrictEqual(store);
    expect(await memories.count({ ...acme, max: 9 })).toBe(2);
    const session = aSession({ id: "sesn_1", title: "Monday", tags: ["t"] });
    expect(await sessions.get(session)).toStrictEqual(session);
    const changes = await sweep.listChangeRows({ ...acme, after: null, limit: 9 });
    expect(changes.map(({ attempt, index, change }) => [attempt, index, change.path])).toEqual([
      [2, 0, "/first.md"],
      [2, 1, "/second.md"],
      [10, 0, "/third.md"],
    ]);

    const key = { ...acme, storeId: store.id };
    const commit = aCommit();
    await memories.putVersions({ ...key, commit, first: 0, versions: [aNewVersion()] });
    const request = { ...key, base: store.head, next: "next", commit, evenArchived: false };
    expect(await memories.switchHead(request)).toStrictEqual({
      outcome: "switched",
      store: { ...store, head: "next", revision: 1 },
    });
    const saved = await sessions.save({ read: session, next: { ...session, title: "Tuesday", edition: 2 } });
    expect(saved).toMatchObject({ outcome: "saved", session: { title: "Tuesday" } });
    const append = { ...acme, sessionId: session.id, events: [aSessionEvent()], now: someTime };
    expect(await sessions.append(append)).toMatchObject([{ number: 1 }]);
  });

  test("is changed once, however many processes start at once", async () => {
    const ids = [1, 2, 3, 4, 5].map((n) => `memstore_${n}`);
    await using old = await fresh({ memory_stores: ids.map((id) => oldStore(id)) });
    const opened = await Promise.all([1, 2, 3, 4].map(() => old.open()));
    for (const { memories } of opened) {
      for (const id of ids) {
        const origin = { storeId: null, head: `head-of-${id}` };
        expect(await memories.get({ ...acme, id })).toMatchObject({ revision: 0, edition: 1, origin });
      }
    }
    for (const storage of opened) await storage.close();
    await using again = await old.open();
    expect(again.migrated).toEqual({ from: 2, to: 2 });
  });

  test("is finished when an earlier start broke off, and what is new in it stays as it is", async () => {
    const [half, gone] = ["memstore_half", "memstore_gone"];
    await using old = await fresh({ memory_stores: [oldStore(anId("memstore_"))] });
    await using first = await old.open();
    const { memories, sessions } = first;
    const store = aStore({ id: half, edition: 4, revision: 3, origin: null, protectedPaths: ["/a/"] });
    const session = aSession({ edition: 7 });
    await memories.create(store);
    await memories.create(aStore({ id: gone }));
    await memories.delete({ ...acme, id: gone });
    await sessions.create(session);
    await old.db.collection<Document>("memory_stores").insertOne(oldStore("memstore_late"));
    await old.db.collection<Document>("meta").updateOne({ _id: "schema" }, { $set: { version: 1 } });
    await using second = await old.open();
    expect(second.migrated).toEqual({ from: 1, to: 2 });
    expect(await second.memories.get(store)).toStrictEqual(store);
    expect(await second.sessions.get(session)).toStrictEqual(session);
    expect(await second.memories.get({ ...acme, id: "memstore_late" })).toMatchObject({ edition: 1 });
    expect(await old.db.collection<Document>("memory_stores").findOne({ _id: `acme/${gone}` })).toEqual({
      _id: `acme/${gone}`,
      tenant: "acme",
      deleted: true,
    });
    expect(await second.sweep.listDeletedStores({ ...acme, limit: 9 })).toEqual([gone]);
    expect(await second.sweep.removeStore({ ...acme, storeId: gone, limit: 9 })).toBe(true);
  });

  /** Runs the step as a process does that stands still between its read of a page of stores and its writes. */
  async function addHistoryLate(db: Db, meanwhile: () => Promise<unknown>): Promise<void> {
    const stores = db.collection<Document>("memory_stores");
    const late = Object.create(stores);
    late.bulkWrite = async (...write: Parameters<typeof stores.bulkWrite>) => {
      delete late.bulkWrite;
      await meanwhile();
      return await stores.bulkWrite(...write);
    };
    const slow = Object.create(db);
    slow.collection = (name: string) => (name === "memory_stores" ? late : db.collection(name));
    await addHistory(slow);
  }

  test("is left alone where a faster process has changed it and writes already", async () => {
    await using old = await fresh({ memory_stores: [oldStore("memstore_1"), oldStore("memstore_2")] });
    const stores = old.db.collection<Document>("memory_stores");
    await addHistoryLate(old.db, async () => {
      await addHistory(old.db);
      await stores.updateOne({ _id: "acme/memstore_1" }, { $set: { revision: 5, edition: 2 } });
    });
    const found = await stores.find().sort({ _id: 1 }).toArray();
    expect(found.map(({ revision, edition }) => [revision, edition])).toEqual([
      [5, 2],
      [0, 1],
    ]);
  });

  test("has histories that begin with what the stores hold at the last moment", async () => {
    await using old = await fresh({ memory_stores: [oldStore("memstore_1")] });
    const stores = old.db.collection<Document>("memory_stores");
    await addHistoryLate(old.db, () => stores.updateOne({}, { $set: { head: "late" } }));
    expect(await stores.findOne()).toMatchObject({ head: "late", origin: { store_id: null, head: "late" } });
  });

  test("is changed whole when it has more than is read at once", async () => {
    const sessions = [1, 2, 3, 4, 5].map((n) => oldSession(`sesn_${n}`));
    await using old = await fresh({ sessions });
    await addHistory(old.db, 2);
    expect(await old.db.collection("sessions").countDocuments({ edition: 1 })).toBe(sessions.length);
  });
});
