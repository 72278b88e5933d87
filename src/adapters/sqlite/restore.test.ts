import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aCommit, aNewVersion, aSession, aSessionEvent, aStore } from "../../../test/support/factories.ts";
import { createSystemClock } from "../system/clock.ts";
import { openSqliteStorage, type SqliteStorage } from "./storage.ts";

const acme = { tenant: "acme" };

describe("a restore", () => {
  let storage: SqliteStorage;

  beforeEach(async () => {
    storage = await openSqliteStorage({ clock: createSystemClock() }, { inMemory: true });
  });

  afterEach(() => storage.close());

  test("takes no revision that the store has not come to, or its next switch could not be made", async () => {
    const { memories, restore } = storage;
    const store = aStore({ revision: 1, head: "one" });
    await restore.store(store);
    const revision = { ...aCommit(), storeId: store.id, number: 2, base: "one", next: "two" };
    expect(await restore.revision({ ...acme, revision })).toBe("differs");
    const request = { ...acme, storeId: store.id, base: "one", next: "two", evenArchived: false };
    const switched = await memories.switchHead({ ...request, commit: aCommit() });
    expect(switched).toMatchObject({ outcome: "switched", store: { revision: 2 } });
  });

  test("of a revision that gets its versions later leaves it to the sweeper only when they are gone", async () => {
    const { restore, sweep } = storage;
    const store = aStore({ revision: 1 });
    const commit = aCommit({ at: 5 });
    const revision = { ...commit, storeId: store.id, number: 1, base: "zero", next: "one" };
    const made = { storeId: store.id, revision: 1, number: 0, actor: null, createdAt: 5 };
    const version = { ...aNewVersion(), ...made, redactedAt: null, redactedBy: null };
    await restore.store(store);
    await restore.revision({ ...acme, revision });
    await restore.version({ ...acme, version });
    const page = { ...acme, limit: 10 };
    expect(await sweep.deleteEmptyRevisions({ ...page, before: 6 })).toBe(0);
    const rows = await sweep.listVersionRows({ ...page, createdBefore: null, after: null });
    await sweep.deleteVersionRows({ ...acme, keys: rows.map(({ key }) => key) });
    expect(await sweep.deleteEmptyRevisions({ ...page, before: 6 })).toBe(1);
  });

  test("of events that name one id twice writes none of them", async () => {
    const { restore, sessions } = storage;
    const session = aSession();
    await restore.session(session);
    const event = { ...aSessionEvent(), sessionId: session.id, createdAt: 1 };
    const events = [1, 2].map((number) => ({ ...event, number }));
    expect(await restore.events({ ...acme, sessionId: session.id, events })).toBe("differs");
    expect(await sessions.get(session)).toMatchObject({ lastEvent: 0 });
  });
});
