/** What every storage must do with things of another storage: write them as they were, once, and go on with them. */
import { describe, expect } from "vitest";
import type { MemoryStore } from "../../src/core/memory.ts";
import type { MemoryVersion, StoreRevision } from "../../src/core/memory-version.ts";
import type { Session, SessionEvent } from "../../src/core/session.ts";
import type { MemoryStores, VersionFilter } from "../../src/ports/memory-store.ts";
import {
  aCommit,
  aNewVersion,
  anId,
  aSession,
  aSessionEvent,
  aStore,
  someTime,
} from "../support/factories.ts";
import { promiseRestoredDreams } from "./restore-dreams.ts";
import {
  type ContractOptions,
  type MakeStorage,
  type Promises,
  registerPromises,
  type StorageUnderTest,
} from "./storage.ts";
import { headOf, mustCreateStore, mustSwitch } from "./store-steps.ts";

const acme = { tenant: "acme" };
const later = someTime + 10_000;
const collection = { workspaceId: "w1", observer: "ann", observed: "bob" };
const anyVersion: VersionFilter = {
  memoryId: null,
  operation: null,
  actorId: null,
  createdFrom: null,
  createdTo: null,
};

export function testRestore(name: string, make: MakeStorage, options: ContractOptions): void {
  describe(`${name} restore`, () => {
    registerPromises(make, options, (promises) => {
      promiseStores(promises);
      promiseHistories(promises);
      promiseSessions(promises);
      promiseEvents(promises);
      promiseRestoredDreams(promises);
    });
  });
}

function promiseStores(promises: Promises): void {
  promises("a restored store is as it was, and is restored once", async ({ memories, restore }) => {
    const store = aStore({
      description: "Größe 🌙",
      metadata: { "a.b": "1", $c: "" },
      collection,
      protectedPaths: ["/kept/", "/one.md"],
      head: "head7",
      revision: 7,
      origin: { storeId: "memstore_source", head: "head0" },
      edition: 4,
      updatedAt: someTime + 1,
      archivedAt: someTime + 2,
    });
    expect(await restore.store(store)).toBe("written");
    expect(await memories.get(store)).toStrictEqual(store);
    expect(await memories.findCollection({ ...acme, collection })).toStrictEqual(store);
    expect(await restore.store(store)).toBe("present");
    for (const other of [{ name: "other" }, { head: "head8" }, { revision: 8 }, { edition: 5 }]) {
      expect(await restore.store({ ...store, ...other })).toBe("differs");
    }
    expect(await memories.get(store)).toStrictEqual(store);
  });

  promises("a store whose collection or id is another's differs", async ({ memories, restore }) => {
    const there = await mustCreateStore(memories, aStore({ collection }));
    const sameCollection = aStore({ collection });
    expect(await restore.store(sameCollection)).toBe("differs");
    expect(await memories.get(sameCollection)).toBeNull();
    const deleted = await mustCreateStore(memories, aStore());
    await memories.delete(deleted);
    expect(await restore.store(deleted)).toBe("differs");
    expect(await memories.get(deleted)).toBeNull();
    expect(await restore.store({ ...there, tenant: "globex" })).toBe("written");
    expect(await memories.get(there)).toStrictEqual(there);
  });
}

function promiseHistories(promises: Promises): void {
  promises("a restored store has the history of its original", async (storage) => {
    const { memories } = storage;
    const original = await aStoreWithHistory(memories);
    const history = await historyOf(memories, original);
    expect(history.revisions).toHaveLength(3);
    expect(history.versions).toHaveLength(5);
    const copy = { ...original, tenant: "globex" };
    expect(new Set(await restoreAll(storage, copy, history))).toEqual(new Set(["written"]));
    expect(await memories.get(copy)).toStrictEqual(copy);
    expect(await historyOf(memories, copy)).toStrictEqual(history);
    expect(new Set(await restoreAll(storage, copy, history))).toEqual(new Set(["present"]));
    expect(await historyOf(memories, copy)).toStrictEqual(history);
    const key = { tenant: "globex", storeId: copy.id };
    for (const version of history.versions) {
      expect(await memories.getVersion({ ...key, id: version.id })).toStrictEqual(version);
    }
    const [, second] = history.revisions;
    expect(await memories.findRevision({ ...key, origin: "dream:1" })).toStrictEqual(second);
    const filter = { ...anyVersion, memoryId: history.versions[0]?.memoryId ?? "" };
    const ofMemory = await memories.listVersions({ ...key, filter, after: null, limit: 9 });
    expect(ofMemory).toStrictEqual(history.versions.filter(({ memoryId }) => memoryId === filter.memoryId));
  });

  promises("a restored store is switched on from its number, and by no commit twice", async (storage) => {
    const { memories } = storage;
    const original = await aStoreWithHistory(memories);
    const history = await historyOf(memories, original);
    const copy = { ...original, tenant: "globex" };
    await restoreAll(storage, copy, history);
    const key = { tenant: "globex", storeId: copy.id };
    const repeats = history.revisions.map(({ id }) => aCommit({ id }));
    for (const commit of [...repeats, aCommit({ origin: "dream:1" })]) {
      const answer = await memories.switchHead({
        ...key,
        base: copy.head,
        next: "other",
        commit,
        evenArchived: false,
      });
      expect(answer).toStrictEqual({ outcome: "switched", store: copy });
    }
    const version = aNewVersion();
    const commit = aCommit({ at: later });
    const switched = await mustSwitch(memories, copy, commit, [version]);
    expect(switched).toStrictEqual({ ...copy, head: headOf(commit), revision: 4 });
    const after = await historyOf(memories, copy);
    expect(after.revisions.slice(0, 3)).toStrictEqual(history.revisions);
    expect(after.revisions[3]).toMatchObject({ id: commit.id, number: 4, base: copy.head });
    expect(after.versions[0]).toMatchObject({ id: version.id, revision: 4 });
    expect(after.versions.slice(1)).toStrictEqual(history.versions);
    // The original has gone no further.
    expect(await historyOf(memories, original)).toStrictEqual(history);
  });

  promises("a revision or a version that is another differs, and is not written", async (storage) => {
    const { memories, restore } = storage;
    const store = await aStoreWithHistory(memories);
    const history = await historyOf(memories, store);
    const [first] = history.revisions;
    const version = history.versions.find(({ redactedAt }) => redactedAt === null);
    if (first === undefined || version === undefined) throw new Error("the store has a history");
    const others: Partial<StoreRevision>[] = [{ next: "x" }, { id: "cmt_x" }, { origin: "dream:x" }];
    // Past the store's own number, where its next switch will be.
    others.push({ id: "cmt_x", origin: "dream:x", number: 4 });
    for (const other of [...others, { number: 2 }, { at: later }]) {
      const revision = { ...first, ...other };
      expect(await restore.revision({ ...acme, revision })).toBe("differs");
    }
    const otherVersions: Partial<MemoryVersion>[] = [{ path: "/x.md" }, { id: "memver_x" }, { version: 9 }];
    for (const other of [...otherVersions, { redactedAt: later }]) {
      expect(await restore.version({ ...acme, version: { ...version, ...other } })).toBe("differs");
    }
    expect(await historyOf(memories, store)).toStrictEqual(history);
  });
}

function promiseSessions(promises: Promises): void {
  promises("a restored session is as it was, and is restored once", async ({ sessions, restore }) => {
    const session = aSession({
      kind: "dream",
      dreamId: "drm_1",
      title: "Größe 🌙",
      agentId: "a",
      workspaceId: "w",
      memoryStoreIds: ["m2", "m1"],
      tags: ["b", "a"],
      metadata: { "a.b": "1" },
      lastEvent: 12,
      edition: 3,
      updatedAt: later,
      archivedAt: later + 1,
    });
    expect(await restore.session(session)).toBe("written");
    expect(await sessions.get(session)).toStrictEqual({ ...session, lastEvent: 0 });
    expect(await restore.session(session)).toBe("present");
    expect(await restore.session({ ...session, lastEvent: 7 })).toBe("present");
    expect(await restore.session({ ...session, title: "other" })).toBe("differs");
    expect(await restore.session({ ...session, edition: 4 })).toBe("differs");
    expect(await restore.session({ ...session, tenant: "globex" })).toBe("written");
    const filter = {
      kind: "dream",
      includeArchived: true,
      workspaceId: "w",
      agentId: "a",
      tag: "a",
    } as const;
    const query = { ...acme, filter: { ...filter, memoryStoreId: "m1" }, after: null, limit: 9 };
    expect(await sessions.list(query)).toStrictEqual([{ ...session, lastEvent: 0 }]);
  });

  promises("a session whose id is that of a deleted one differs", async ({ sessions, restore }) => {
    const session = aSession();
    await sessions.create(session);
    await sessions.delete(session);
    expect(await restore.session(session)).toBe("differs");
    expect(await sessions.get(session)).toBeNull();
  });
}

function promiseEvents(promises: Promises): void {
  promises("restored events keep their numbers, ids and times, and more can be appended", async (storage) => {
    const { sessions, restore } = storage;
    const session = aSession({ lastEvent: 7, updatedAt: later });
    const events = someEvents(session, 7);
    await restore.session(session);
    const write = (first: number, last: number) =>
      restore.events({ ...acme, sessionId: session.id, events: events.slice(first - 1, last) });
    expect(await write(1, 3)).toBe("written");
    expect(await read(storage, session)).toStrictEqual(events.slice(0, 3));
    expect(await write(1, 3)).toBe("present");
    expect(await write(2, 2)).toBe("present");
    expect(await write(2, 5)).toBe("written");
    expect(await write(6, 7)).toBe("written");
    expect(await write(1, 7)).toBe("present");
    expect(await restore.events({ ...acme, sessionId: session.id, events: [] })).toBe("present");
    expect(await read(storage, session)).toStrictEqual(events);
    expect(await sessions.get(session)).toStrictEqual(session);
    expect(await restore.session(session)).toBe("present");
    const more = aSessionEvent();
    const request = { ...acme, sessionId: session.id, now: later + 5 };
    expect(await sessions.append({ ...request, events: [more] })).toMatchObject([{ id: more.id, number: 8 }]);
    // An append of events that were restored is a repeat.
    const [first] = events;
    if (first === undefined) throw new Error("there are events");
    const { number, sessionId, createdAt, ...asNew } = first;
    expect(await sessions.append({ ...request, events: [asNew] })).toStrictEqual([first]);
    expect(await read(storage, session)).toHaveLength(8);
  });

  promises("an archived session gets its events, and no others", async (storage) => {
    const { sessions, restore } = storage;
    const session = aSession({ lastEvent: 2, archivedAt: later });
    const events = someEvents(session, 2);
    await restore.session(session);
    expect(await restore.events({ ...acme, sessionId: session.id, events })).toBe("written");
    expect(await read(storage, session)).toStrictEqual(events);
    expect(await sessions.get(session)).toStrictEqual(session);
    const request = { ...acme, sessionId: session.id, now: later };
    expect(await sessions.append({ ...request, events: [aSessionEvent()] })).toBeNull();
  });

  promises("events that differ from those there, or leave a gap, are not written", async (storage) => {
    const { restore } = storage;
    const session = aSession();
    const events = someEvents(session, 5);
    await restore.session(session);
    const write = (some: readonly SessionEvent[]) =>
      restore.events({ ...acme, sessionId: session.id, events: some });
    await write(events.slice(0, 3));
    const change = (index: number, other: Partial<SessionEvent>) =>
      events.map((event, place) => (place === index ? { ...event, ...other } : event));
    expect(await write(change(1, { speaker: "other" }))).toBe("differs");
    expect(await write(change(2, { id: "evt_other" }))).toBe("differs");
    expect(await write(change(0, { createdAt: later + 99 }))).toBe("differs");
    expect(await write(events.slice(4))).toBe("differs");
    // The id of the first event once more, as the fourth.
    expect(await write(change(3, { id: events[0]?.id ?? "" }))).toBe("differs");
    expect(await read(storage, session)).toStrictEqual(events.slice(0, 3));
    expect(await write(events)).toBe("written");
    expect(await read(storage, session)).toStrictEqual(events);
  });

  promises("the same events restored twice at once are there once", async (storage) => {
    const session = aSession();
    const events = someEvents(session, 4);
    await storage.restore.session(session);
    const write = () => storage.restore.events({ ...acme, sessionId: session.id, events });
    for (const outcome of await Promise.all([write(), write()])) expect(outcome).not.toBe("differs");
    expect(await read(storage, session)).toStrictEqual(events);
  });
}

/** A store with three revisions: one of two versions, one by a dream, one that deletes; a version is redacted. */
async function aStoreWithHistory(memories: MemoryStores): Promise<MemoryStore> {
  const begun = await mustCreateStore(memories, aStore({ origin: { storeId: null, head: "head0" } }));
  const memoryId = anId("mem_");
  const [first, second] = [aNewVersion({ memoryId }), aNewVersion({ path: "/other.md" })];
  const actor = { kind: "api_key", id: "key_1" } as const;
  let store = await mustSwitch(memories, begun, aCommit({ actor, at: someTime + 1 }), [first, second]);
  const changed = { memoryId, operation: "modified", path: "/new.md", version: 2 } as const;
  const ofDream = aCommit({
    actor: { kind: "dream", id: "drm_1" },
    origin: "dream:1",
    at: someTime + 2,
  });
  store = await mustSwitch(memories, store, ofDream, [aNewVersion(changed), aNewVersion()]);
  const removed = { memoryId, operation: "deleted", contentHash: null, sizeBytes: null, version: 3 } as const;
  store = await mustSwitch(memories, store, aCommit({ at: someTime + 3 }), [aNewVersion(removed)]);
  await memories.redactVersion({ ...acme, storeId: store.id, id: first.id, by: actor, now: later });
  return store;
}

interface History {
  readonly revisions: readonly StoreRevision[];
  readonly versions: readonly MemoryVersion[];
}

async function historyOf(memories: MemoryStores, { tenant, id }: MemoryStore): Promise<History> {
  const key = { tenant, storeId: id };
  return {
    revisions: await memories.listRevisions({ ...key, after: 0, limit: 99 }),
    versions: await memories.listVersions({ ...key, filter: anyVersion, after: null, limit: 99 }),
  };
}

/** Restores the store and its history; answers with all outcomes. */
async function restoreAll(
  { restore }: StorageUnderTest,
  store: MemoryStore,
  { revisions, versions }: History,
): Promise<string[]> {
  const { tenant } = store;
  const outcomes: string[] = [await restore.store(store)];
  for (const revision of revisions) outcomes.push(await restore.revision({ tenant, revision }));
  for (const version of versions) outcomes.push(await restore.version({ tenant, version }));
  return outcomes;
}

/** Events as a storage has them; the first three were stored together, the others one by one. */
function someEvents(session: Session, count: number): SessionEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    ...aSessionEvent({ at: index % 2 === 0 ? null : someTime + index, speaker: `S${index}` }),
    sessionId: session.id,
    number: index + 1,
    createdAt: later - count + Math.max(index, 2),
  }));
}

function read({ sessions }: StorageUnderTest, { tenant, id }: Session): Promise<SessionEvent[]> {
  return sessions.readEvents({ tenant, sessionId: id, after: 0, upTo: 99, limit: 99 });
}
