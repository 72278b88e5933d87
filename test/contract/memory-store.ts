/** What every memory store adapter must do for stores, their immutable parts, and what dreams changed. */
import { describe, expect } from "vitest";
import type { MemoryStore } from "../../src/core/memory.ts";
import type { MemoryStores } from "../../src/ports/memory-store.ts";
import {
  aBucket,
  aCommit,
  aContent,
  aHead,
  anEntry,
  aRecordedChange,
  aStore,
  someTime,
} from "../support/factories.ts";
import {
  type ContractOptions,
  countOutcome,
  type MakeStorage,
  type Promises,
  registerPromises,
} from "./storage.ts";

const collection = { workspaceId: "w1", observer: "ann", observed: "bob" };
const acme = { tenant: "acme" };
// What encodings, escapes and field names trip over; the trailing blanks and both forms of é must survive.
const hardText = '🌙👩‍👩‍👧 é e\u0301 \u2028 \ufeff "\\" {"$set":1} a.b\r\n\tline  \n\n  ';

export function testMemoryStores(name: string, make: MakeStorage, options: ContractOptions): void {
  describe(`${name} memory stores`, () => {
    registerPromises(make, options, (promises) => {
      promiseStores(promises);
      promiseCollections(promises);
      promiseStoreLists(promises);
      promiseCounts(promises);
      promiseSaves(promises);
      promiseDeletions(promises);
      promiseSwitch(promises);
      promiseContents(promises);
      promiseBucketsAndHeads(promises);
      promiseChanges(promises);
    });
  });
}

function promiseStores(promises: Promises): void {
  promises("a store comes back exactly as it was created", async ({ memories }) => {
    const store = aStore({
      name: hardText,
      description: hardText,
      metadata: { "a.b": "1", $c: hardText, "": "" },
      collection,
      protectedPaths: ["/a b/", hardText],
      revision: 7,
      origin: { storeId: "memstore_other", head: "head0" },
      edition: 3,
      updatedAt: someTime + 1,
      archivedAt: someTime + 2,
    });
    expect(await memories.create(store)).toStrictEqual({ outcome: "created", store });
    expect(await memories.get(store)).toStrictEqual(store);
    const older = aStore({ origin: { storeId: null, head: "head0" } });
    await memories.create(older);
    expect(await memories.get(older)).toStrictEqual(older);
  });

  promises("creating the same store again answers with the stored one", async ({ memories }) => {
    const store = aStore({ collection });
    await memories.create(store);
    const repeated = await Promise.all([memories.create(store), memories.create(store)]);
    for (const answer of repeated) expect(answer).toStrictEqual({ outcome: "created", store });
    const changed = await memories.create({ ...store, name: "other" });
    expect(changed).toStrictEqual({ outcome: "created", store });
    expect(await listAll(memories)).toStrictEqual([store]);
  });

  promises("another tenant's store is absent, and ids differ by letter case", async ({ memories }) => {
    const store = aStore({ id: "memstore_a", collection });
    await memories.create(store);
    expect(await memories.get({ tenant: "globex", id: store.id })).toBeNull();
    expect(await memories.get({ tenant: "Acme", id: store.id })).toBeNull();
    expect(await memories.get({ tenant: "acme", id: "memstore_A" })).toBeNull();
    expect(await memories.findCollection({ tenant: "globex", collection })).toBeNull();
    const list = { includeArchived: true, after: null, limit: 10 };
    expect(await memories.list({ tenant: "globex", ...list })).toEqual([]);
    const theirs = aStore({ tenant: "globex", collection });
    expect((await memories.create(theirs)).outcome).toBe("created");
  });
}

function promiseCollections(promises: Promises): void {
  promises("a collection has one store, and a second is told which", async ({ memories }) => {
    const store = aStore({ collection });
    await memories.create(store);
    const second = aStore({ collection });
    expect(await memories.create(second)).toStrictEqual({ outcome: "exists", store });
    expect(await memories.get(second)).toBeNull();
    expect(await memories.findCollection({ tenant: "acme", collection })).toStrictEqual(store);
  });

  promises("of many that race for one collection exactly one store is created", async ({ memories }) => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => memories.create(aStore({ collection }))),
    );
    expect(countOutcome(answers, "created")).toBe(1);
    const stored = await memories.findCollection({ tenant: "acme", collection });
    for (const answer of answers) expect(answer.store).toStrictEqual(stored);
  });

  promises(
    "collections differ in every part, by letter case and by where a part ends",
    async ({ memories }) => {
      const keys = [
        collection,
        { ...collection, observer: "Ann" },
        { ...collection, observed: "Bob" },
        { ...collection, workspaceId: "W1" },
        { ...collection, observer: "ann:bob", observed: "" },
        { ...collection, observer: "ann", observed: ":bob" },
      ];
      for (const key of keys)
        expect((await memories.create(aStore({ collection: key }))).outcome).toBe("created");
      for (const key of keys) {
        expect(await memories.findCollection({ tenant: "acme", collection: key })).toMatchObject({
          collection: key,
        });
      }
    },
  );

  promises("stores without a collection are in nobody's way", async ({ memories }) => {
    for (let index = 0; index < 3; index += 1) {
      expect((await memories.create(aStore())).outcome).toBe("created");
    }
    const other = { ...collection, observed: "nobody" };
    expect(await memories.findCollection({ tenant: "acme", collection: other })).toBeNull();
  });
}

function promiseStoreLists(promises: Promises): void {
  promises("stores are listed newest first, equal times by id, in stable pages", async ({ memories }) => {
    for (const id of ["memstore_B", "memstore_b", "memstore_a"]) await memories.create(aStore({ id }));
    await memories.create(aStore({ id: "memstore_new", createdAt: someTime + 1 }));
    const first = await memories.list({ ...acme, includeArchived: false, after: null, limit: 2 });
    expect(idsOf(first)).toEqual(["memstore_new", "memstore_b"]);
    await memories.create(aStore({ createdAt: someTime + 2 }));
    const after = { createdAt: someTime, id: "memstore_b" };
    const second = await memories.list({ ...acme, includeArchived: false, after, limit: 5 });
    expect(idsOf(second)).toEqual(["memstore_a", "memstore_B"]);
  });

  promises("archived stores are listed only when asked for", async ({ memories }) => {
    const open = aStore({ createdAt: someTime + 1 });
    const archived = aStore({ archivedAt: someTime + 2 });
    await memories.create(open);
    await memories.create(archived);
    expect(await listAll(memories)).toStrictEqual([open, archived]);
    const shown = await memories.list({ ...acme, includeArchived: false, after: null, limit: 10 });
    expect(shown).toStrictEqual([open]);
  });
}

function promiseCounts(promises: Promises): void {
  promises("stores are counted, archived ones too, and no further than asked", async ({ memories }) => {
    const count = (max: number, tenant = "acme") => memories.count({ tenant, max });
    expect(await count(10)).toBe(0);
    await memories.create(aStore({ archivedAt: someTime }));
    const stores = [aStore(), aStore(), aStore()];
    for (const store of stores) await memories.create(store);
    await memories.create(aStore({ tenant: "globex" }));
    for (const [max, counted] of [
      [100, 4],
      [4, 4],
      [3, 3],
      [1, 1],
    ] as const) {
      expect(await count(max)).toBe(counted);
    }
    expect(await count(10, "Acme")).toBe(0);
    await memories.delete(stores[0] ?? aStore());
    expect(await count(100)).toBe(3);
  });
}

function promiseSaves(promises: Promises): void {
  const changed = (read: MemoryStore): MemoryStore => ({
    ...read,
    name: hardText,
    description: "",
    metadata: { "a.b": hardText },
    protectedPaths: [hardText, "/b/"],
    edition: read.edition + 1,
    updatedAt: someTime + 5,
    archivedAt: someTime + 6,
  });

  promises("a save writes all but the head, which may have moved on", async ({ memories }) => {
    const read = aStore({ head: "head1", collection, metadata: { old: "1" } });
    await memories.create(read);
    await switchHead(memories, read, "head1", "head2");
    const next = changed(read);
    const stored = { ...next, head: "head2", revision: 1 };
    expect(await memories.save({ read, next })).toStrictEqual({ outcome: "saved", store: stored });
    expect(await memories.get(read)).toStrictEqual(stored);
    expect(await memories.findCollection({ ...acme, collection })).toStrictEqual(stored);
    expect(idsOf(await memories.list({ ...acme, includeArchived: false, after: null, limit: 9 }))).toEqual(
      [],
    );
    // A repeat after a lost answer is saved, and it does not matter that the head moved meanwhile.
    await switchHead(memories, read, "head2", "head3", true);
    const moved = { ...next, head: "head3", revision: 2 };
    expect(await memories.save({ read, next })).toStrictEqual({ outcome: "saved", store: moved });
    const open = { ...moved, archivedAt: null, edition: moved.edition + 1 };
    expect(await memories.save({ read: moved, next: open })).toStrictEqual({ outcome: "saved", store: open });
  });

  promises("a save over another edition is stale and writes nothing", async ({ memories }) => {
    const read = aStore();
    await memories.create(read);
    const first = { ...read, name: "first", edition: 2 };
    await memories.save({ read, next: first });
    const late = await memories.save({ read, next: changed(read) });
    expect(late).toStrictEqual({ outcome: "stale", store: first });
    expect(await memories.get(read)).toStrictEqual(first);
    for (const other of [{ tenant: "globex" }, { id: "memstore_none" }]) {
      const absent = { ...read, ...other };
      const refused = await memories.save({ read: absent, next: changed(absent) });
      expect(refused).toStrictEqual({ outcome: "stale", store: null });
      expect(await memories.get(absent)).toBeNull();
    }
  });

  promises("of many saves over one edition exactly one is made", async ({ memories }) => {
    const read = aStore();
    await memories.create(read);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        memories.save({ read, next: { ...read, name: `name ${index}`, edition: 2 } }),
      ),
    );
    expect(countOutcome(answers, "saved")).toBe(1);
    const winner = answers.findIndex((answer) => answer.outcome === "saved");
    expect(await memories.get(read)).toStrictEqual({ ...read, name: `name ${winner}`, edition: 2 });
  });
}

function promiseDeletions(promises: Promises): void {
  promises("a deleted store is absent for every call", async ({ memories }) => {
    const [store, other] = [aStore({ collection }), aStore()];
    await memories.create(store);
    await memories.create(other);
    for (const wrong of [{ tenant: "globex" }, { id: store.id.toUpperCase() }]) {
      expect(await memories.delete({ ...store, ...wrong })).toBe(false);
    }
    expect(await memories.get(store)).toStrictEqual(store);
    expect(await memories.delete(store)).toBe(true);
    expect(await memories.delete(store)).toBe(false);
    expect(await memories.get(store)).toBeNull();
    expect(await memories.findCollection({ ...acme, collection })).toBeNull();
    expect(await listAll(memories)).toStrictEqual([other]);
    const gone = { outcome: "stale", store: null };
    expect(await memories.save({ read: store, next: { ...store, edition: 2 } })).toStrictEqual(gone);
    expect(await switchHead(memories, store, store.head, "next", true)).toMatchObject({ store: null });
    expect(await memories.get(store)).toBeNull();
  });

  promises("the collection of a deleted store is free, its id is not yet", async ({ memories, sweep }) => {
    const store = aStore({ collection });
    await memories.create(store);
    await memories.delete(store);
    await expect(memories.create(store)).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringContaining("is being deleted"),
    });
    const heir = aStore({ collection });
    expect(await memories.create(heir)).toStrictEqual({ outcome: "created", store: heir });
    expect(await memories.findCollection({ ...acme, collection })).toStrictEqual(heir);
    const theirs = { ...store, tenant: "globex" };
    expect(await memories.create(theirs)).toStrictEqual({ outcome: "created", store: theirs });
    while (!(await sweep.removeStore({ ...acme, storeId: store.id, limit: 10 })));
    const again = { ...store, collection: null };
    expect(await memories.create(again)).toStrictEqual({ outcome: "created", store: again });
  });
}

function promiseSwitch(promises: Promises): void {
  promises("a head is switched only from the base it shows", async ({ memories }) => {
    const store = aStore({ head: "head1" });
    await memories.create(store);
    const first = await switchHead(memories, store, "head1", "head2");
    expect(first).toMatchObject({ outcome: "switched", store: { id: store.id, head: "head2" } });
    const late = await switchHead(memories, store, "head1", "head3");
    expect(late).toMatchObject({ outcome: "moved", store: { head: "head2" } });
    expect(await memories.get(store)).toMatchObject({ head: "head2" });
  });

  promises("a switch repeated after a lost answer is switched", async ({ memories }) => {
    const store = aStore({ head: "head1" });
    await memories.create(store);
    const request = { ...acme, storeId: store.id, base: "head1", next: "head2", commit: aCommit() };
    await memories.switchHead({ ...request, evenArchived: false });
    const again = await memories.switchHead({ ...request, evenArchived: false });
    expect(again).toMatchObject({ outcome: "switched", store: { head: "head2" } });
  });

  promises("of many switches at once exactly one is made", async ({ memories }) => {
    const store = aStore({ head: "head1" });
    await memories.create(store);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => switchHead(memories, store, "head1", `next${index}`)),
    );
    expect(countOutcome(answers, "switched")).toBe(1);
    const shown = await memories.get(store);
    const winner = answers.findIndex((answer) => answer.outcome === "switched");
    expect(shown?.head).toBe(`next${winner}`);
  });

  promises("an archived store and an absent one are not switched", async ({ memories }) => {
    const archived = aStore({ head: "head1", archivedAt: someTime });
    await memories.create(archived);
    const refused = await switchHead(memories, archived, "head1", "head2");
    expect(refused).toStrictEqual({ outcome: "moved", store: archived });
    const stranger = { ...archived, tenant: "globex" };
    const absent = await switchHead(memories, stranger, "head1", "head2");
    expect(absent).toStrictEqual({ outcome: "moved", store: null });
    expect(await memories.get(archived)).toStrictEqual(archived);
  });

  promises("an archived store is switched for whoever may, and stays archived", async ({ memories }) => {
    const archived = aStore({ head: "head1", archivedAt: someTime });
    await memories.create(archived);
    const stale = await switchHead(memories, archived, "head0", "head2", true);
    expect(stale).toStrictEqual({ outcome: "moved", store: archived });
    const switched = { ...archived, head: "head2", revision: 1 };
    const answer = await switchHead(memories, archived, "head1", "head2", true);
    expect(answer).toStrictEqual({ outcome: "switched", store: switched });
    expect(await memories.get(archived)).toStrictEqual(switched);
  });
}

function promiseContents(promises: Promises): void {
  promises("texts come back byte for byte", async ({ memories }) => {
    const long = "Größe 🌙\n".repeat(Math.ceil(102_400 / 13));
    const contents = [hardText, "$text", "", " ", long].map(aContent);
    await memories.putContents({ ...acme, contents, now: someTime });
    const hashes = contents.map((content) => content.hash);
    const found = await memories.getContents({ ...acme, hashes: [...hashes, "unknown"] });
    expect(found.size).toBe(5);
    for (const content of contents) {
      expect(Buffer.from(found.get(content.hash) ?? "missing")).toEqual(Buffer.from(content.text));
    }
  });

  promises("putting a text twice is putting it once", async ({ memories }) => {
    const content = aContent("twice");
    const contents = [content, content];
    await Promise.all([
      memories.putContents({ ...acme, contents, now: someTime }),
      memories.putContents({ ...acme, contents, now: someTime + 1 }),
    ]);
    await memories.putContents({ ...acme, contents: [], now: someTime });
    const found = await memories.getContents({ ...acme, hashes: [content.hash] });
    expect([...found]).toEqual([[content.hash, "twice"]]);
  });

  promises("no tenant reads another's parts", async ({ memories }) => {
    const content = aContent("secret");
    const bucket = aBucket();
    const head = aHead(bucket.hash);
    await memories.putContents({ ...acme, contents: [content], now: someTime });
    await memories.putBuckets({ ...acme, buckets: [bucket], now: someTime });
    await memories.putHead({ ...acme, head, now: someTime });
    const tenant = "globex";
    expect((await memories.getContents({ tenant, hashes: [content.hash] })).size).toBe(0);
    expect(await memories.getBuckets({ tenant, hashes: [bucket.hash] })).toEqual([]);
    expect(await memories.getHead({ tenant, hash: head.hash })).toBeNull();
    // The same text put by the other is theirs alone.
    await memories.putContents({ tenant, contents: [content], now: someTime });
    expect((await memories.getContents({ tenant, hashes: [content.hash] })).size).toBe(1);
  });
}

function promiseBucketsAndHeads(promises: Promises): void {
  promises("buckets come in the order asked for, without those unknown", async ({ memories }) => {
    const buckets = ["/a$.b/é.md", "/🌙/x.md", "/c.md"].map((path) =>
      aBucket(anEntry({ path, createdAt: someTime + 1 }), anEntry({ path: `${path}2`, version: 3 })),
    );
    await memories.putBuckets({ ...acme, buckets, now: someTime });
    await memories.putBuckets({ ...acme, buckets: buckets.slice(1), now: someTime + 1 });
    const asked = buckets.toReversed();
    const hashes = [...asked.map((bucket) => bucket.hash), "unknown"];
    expect(await memories.getBuckets({ ...acme, hashes })).toStrictEqual(asked);
    expect(await memories.getBuckets({ ...acme, hashes: [] })).toEqual([]);
  });

  promises("a head comes back as it was put, however often", async ({ memories }) => {
    const head = aHead(aBucket().hash, 3, 5_000_000_000);
    await memories.putHead({ ...acme, head, now: someTime });
    await memories.putHead({ ...acme, head, now: someTime + 1 });
    expect(await memories.getHead({ ...acme, hash: head.hash })).toStrictEqual(head);
    expect(await memories.getHead({ ...acme, hash: head.hash.toUpperCase() })).toBeNull();
  });
}

function promiseChanges(promises: Promises): void {
  const key = { tenant: "acme", dreamId: "drm_1", attempt: 1 };
  const changes = Array.from({ length: 25 }, (_, index) => aRecordedChange({ path: `/n/${index}.md` }));

  promises("a large change set is put in parts and read in pages", async ({ memories }) => {
    await memories.putChanges({ ...key, first: 10, changes: changes.slice(10) });
    await memories.putChanges({ ...key, first: 0, changes: changes.slice(0, 10) });
    const pages = [];
    for (let first = 0; first < 27; first += 9) {
      pages.push(await memories.listChanges({ ...key, first, limit: 9 }));
    }
    expect(pages.map((page) => page.length)).toEqual([9, 9, 7]);
    expect(pages.flat()).toStrictEqual(changes);
    expect(await memories.listChanges({ ...key, first: 25, limit: 9 })).toEqual([]);
  });

  promises("putting the same changes again changes nothing", async ({ memories }) => {
    await memories.putChanges({ ...key, first: 0, changes: changes.slice(0, 4) });
    await memories.putChanges({ ...key, first: 0, changes: changes.slice(0, 4) });
    await memories.putChanges({ ...key, first: 2, changes: changes.slice(2, 6) });
    await memories.putChanges({ ...key, first: 6, changes: [] });
    expect(await memories.listChanges({ ...key, first: 0, limit: 100 })).toStrictEqual(changes.slice(0, 6));
  });

  promises("a change put where another stands replaces it", async ({ memories }) => {
    await memories.putChanges({ ...key, first: 0, changes: changes.slice(0, 3) });
    const rebased = aRecordedChange({ path: "/n/1.md", conflict: true });
    await memories.putChanges({ ...key, first: 1, changes: [rebased] });
    const stored = await memories.listChanges({ ...key, first: 0, limit: 100 });
    expect(stored).toStrictEqual([changes[0], rebased, changes[2]]);
  });

  promises("changes keep every field and their attempts and tenants apart", async ({ memories }) => {
    const quote = { path: "/a", memoryId: "mem_1", versionId: "memver_1", trust: "tool", quote: hardText };
    const change = aRecordedChange({
      kind: "rename",
      toPath: "/b $.md",
      beforeHash: null,
      conflict: true,
      trust: "tool",
      flags: ["unseen_number"],
      edits: [
        {
          kind: "merge",
          before: null,
          after: hardText,
          reason: "",
          sources: [{ kind: "memory", ...quote, trust: "tool" }],
        },
      ],
    });
    await memories.putChanges({ ...key, first: 0, changes: [change] });
    await memories.putChanges({ ...key, attempt: 2, first: 0, changes: changes.slice(0, 2) });
    expect(await memories.listChanges({ ...key, first: 0, limit: 10 })).toStrictEqual([change]);
    expect(await memories.listChanges({ ...key, attempt: 2, first: 0, limit: 10 })).toHaveLength(2);
    expect(await memories.listChanges({ ...key, tenant: "globex", first: 0, limit: 10 })).toEqual([]);
    expect(await memories.listChanges({ ...key, dreamId: "DRM_1", first: 0, limit: 10 })).toEqual([]);
  });
}

function switchHead(
  memories: MemoryStores,
  store: MemoryStore,
  base: string,
  next: string,
  evenArchived = false,
) {
  const { tenant, id: storeId } = store;
  return memories.switchHead({ tenant, storeId, base, next, commit: aCommit(), evenArchived });
}

function listAll(memories: MemoryStores): Promise<MemoryStore[]> {
  return memories.list({ ...acme, includeArchived: true, after: null, limit: 100 });
}

function idsOf(stores: readonly MemoryStore[]): string[] {
  return stores.map((store) => store.id);
}
