/** What becomes of deleted stores and sessions. */
import { expect } from "vitest";
import { aCommit, aNewVersion, aSession, aSessionEvent, aStore, someTime } from "../support/factories.ts";
import type { Promises, StorageUnderTest } from "./storage.ts";
import { commitsOf, mustCreateStore, mustSwitch } from "./store-steps.ts";
import { allRows } from "./sweep-history.ts";

const acme = { tenant: "acme" };
const globex = { tenant: "globex" };
const later = someTime + 10_000;
/** More calls than any removal of these tests may take. */
const callsMax = 40;

interface Key {
  readonly tenant: string;
  readonly id: string;
}

export function promiseRemoval(promises: Promises): void {
  promiseStoreRemoval(promises);
  promiseSessionRemoval(promises);
}

function promiseStoreRemoval(promises: Promises): void {
  promises("a deleted store is removed in bounded steps, and nothing of another", async (storage) => {
    const { memories, sweep } = storage;
    const [store, other] = [
      await mustCreateStore(memories, aStore()),
      await mustCreateStore(memories, aStore()),
    ];
    const stranger = await mustCreateStore(memories, { ...store, ...globex });
    for (const one of [store, other, stranger]) {
      const switched = await mustSwitch(memories, one, aCommit({ at: someTime }), [
        aNewVersion(),
        aNewVersion(),
      ]);
      await mustSwitch(memories, switched, aCommit({ at: later }), [aNewVersion()]);
    }
    await memories.delete(store);
    expect(await sweep.listDeletedStores({ ...acme, limit: 9 })).toEqual([store.id]);
    expect(await sweep.listDeletedStores({ ...globex, limit: 9 })).toEqual([]);
    const request = { ...acme, storeId: store.id, limit: 2 };
    expect(await sweep.removeStore(request)).toBe(false);
    // Three versions and two revisions: two of the rows are gone.
    const left = (await allRows(sweep, null, 10)).filter(({ storeId }) => storeId === store.id);
    expect(left.length).toBeGreaterThanOrEqual(1);
    expect(await sweep.listDeletedStores({ ...acme, limit: 9 })).toEqual([store.id]);
    await removeStore(storage, store);
    expect(await sweep.removeStore(request)).toBe(true);
    expect(await sweep.listDeletedStores({ ...acme, limit: 9 })).toEqual([]);
    const rows = await allRows(sweep, null, 10);
    expect(rows.map(({ storeId }) => storeId)).toEqual([other.id, other.id, other.id]);
    expect(await commitsOf(memories, other)).toHaveLength(2);
    expect(await commitsOf(memories, stranger)).toHaveLength(2);
    const again = await mustCreateStore(memories, store);
    expect(await commitsOf(memories, again)).toEqual([]);
    const commits = [aCommit(), aCommit()];
    let switched = again;
    for (const commit of commits) switched = await mustSwitch(memories, switched, commit);
    expect(switched).toMatchObject({ revision: 2 });
    expect(await commitsOf(memories, again)).toEqual(commits.map(({ id }) => id));
  });

  promises("a store that is not deleted is not removed", async ({ memories, sweep }) => {
    const store = await mustCreateStore(memories, aStore());
    const switched = await mustSwitch(memories, store, aCommit(), [aNewVersion()]);
    await sweep.removeStore({ ...acme, storeId: store.id, limit: 9 });
    expect(await sweep.removeStore({ ...acme, storeId: "memstore_none", limit: 9 })).toBe(true);
    expect(await memories.get(store)).toStrictEqual(switched);
    expect(await allRows(sweep, null, 10)).toHaveLength(1);
  });

  promises("deleted stores are listed up to a number", async ({ memories, sweep }) => {
    for (const id of ["memstore_c", "memstore_a", "memstore_b"]) {
      await memories.delete(await mustCreateStore(memories, aStore({ id })));
    }
    const listed = await sweep.listDeletedStores({ ...acme, limit: 2 });
    expect(new Set(listed).size).toBe(2);
    expect(await sweep.listDeletedStores({ ...acme, limit: 9 })).toHaveLength(3);
  });
}

function promiseSessionRemoval(promises: Promises): void {
  promises("a deleted session is removed in bounded steps, and nothing of another", async (storage) => {
    const { sessions, sweep } = storage;
    const [session, other] = [aSession(), aSession()];
    const events = [1, 2, 3, 4, 5].map(() => aSessionEvent());
    const stranger = { ...session, ...globex };
    for (const one of [session, other, stranger]) {
      await sessions.create(one);
      for (const event of events) await append(storage, one, event);
    }
    await sessions.delete(session);
    expect(await sweep.listDeletedSessions({ ...acme, limit: 9 })).toEqual([session.id]);
    expect(await sweep.listDeletedSessions({ ...globex, limit: 9 })).toEqual([]);
    const request = { ...acme, sessionId: session.id, limit: 2 };
    expect(await sweep.removeSession(request)).toBe(false);
    expect(await sweep.removeSession(request)).toBe(false);
    expect(await sweep.listDeletedSessions({ ...acme, limit: 9 })).toEqual([session.id]);
    await removeSession(storage, session);
    expect(await sweep.removeSession(request)).toBe(true);
    expect(await sweep.listDeletedSessions({ ...acme, limit: 9 })).toEqual([]);
    for (const one of [other, stranger]) expect(await numbersOf(storage, one)).toEqual([1, 2, 3, 4, 5]);
    await sessions.create(session);
    expect(await numbersOf(storage, session)).toEqual([]);
    expect(await append(storage, session, events[0])).toMatchObject([{ number: 1 }]);
  });

  promises("a session that is not deleted is not removed", async (storage) => {
    const session = aSession();
    await storage.sessions.create(session);
    await append(storage, session);
    await storage.sweep.removeSession({ ...acme, sessionId: session.id, limit: 9 });
    expect(await storage.sweep.removeSession({ ...acme, sessionId: "sesn_none", limit: 9 })).toBe(true);
    expect(await numbersOf(storage, session)).toEqual([1]);
  });

  promises("an append at the moment of the deletion leaves nothing behind", async (storage) => {
    const session = aSession();
    await storage.sessions.create(session);
    await Promise.all([
      append(storage, session),
      storage.sessions.delete(session),
      append(storage, session),
      removeSession(storage, session),
      append(storage, session),
    ]);
    await removeSession(storage, session);
    await storage.sessions.create(session);
    // A number that somebody left taken would be skipped.
    expect(await append(storage, session)).toMatchObject([{ number: 1 }]);
    expect(await numbersOf(storage, session)).toEqual([1]);
  });
}

/** Calls until nothing of the deleted store is left. */
export async function removeStore({ sweep }: StorageUnderTest, { tenant, id }: Key): Promise<void> {
  for (let calls = 0; calls < callsMax; calls += 1) {
    if (await sweep.removeStore({ tenant, storeId: id, limit: 2 })) return;
  }
  throw new Error("the removal of the store has no end");
}

/** Calls until nothing of the deleted session is left. */
export async function removeSession({ sweep }: StorageUnderTest, { tenant, id }: Key): Promise<void> {
  for (let calls = 0; calls < callsMax; calls += 1) {
    if (await sweep.removeSession({ tenant, sessionId: id, limit: 2 })) return;
  }
  throw new Error("the removal of the session has no end");
}

function append({ sessions }: StorageUnderTest, { tenant, id }: Key, event = aSessionEvent()) {
  return sessions.append({ tenant, sessionId: id, events: [event], now: later });
}

async function numbersOf({ sessions }: StorageUnderTest, { tenant, id }: Key): Promise<number[]> {
  const events = await sessions.readEvents({ tenant, sessionId: id, after: 0, upTo: 99, limit: 99 });
  return events.map((event) => event.number);
}
