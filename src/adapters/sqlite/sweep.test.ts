import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aCommit,
  aNewVersion,
  aRecordedChange,
  aSession,
  aSessionEvent,
  aStore,
} from "../../../test/support/factories.ts";
import { createSystemClock } from "../system/clock.ts";
import { openSqliteStorage, type SqliteStorage } from "./storage.ts";

const acme = { tenant: "acme" };

describe("the sweep", () => {
  let storage: SqliteStorage;

  beforeEach(async () => {
    storage = await openSqliteStorage({ clock: createSystemClock() }, { inMemory: true });
  });

  afterEach(() => storage.close());

  test("removes a session of long events in several steps, each of a bounded size", async () => {
    const { sessions, sweep } = storage;
    const session = aSession();
    await sessions.create(session);
    const blocks = [{ type: "text", text: "x".repeat(1_048_576) } as const];
    for (let batch = 0; batch < 2; batch += 1) {
      const events = Array.from({ length: 10 }, () => aSessionEvent({ blocks }));
      await sessions.append({ ...acme, sessionId: session.id, events, now: 1 });
    }
    await sessions.delete(session);
    const steps: boolean[] = [];
    while (steps.at(-1) !== true) {
      steps.push(await sweep.removeSession({ ...acme, sessionId: session.id, limit: 500 }));
    }
    expect(steps).toEqual([false, false, true]);
    expect(await sweep.listDeletedSessions({ ...acme, limit: 10 })).toEqual([]);
  });

  test("deletes all changes of an attempt, more than fit one transaction", async () => {
    const { memories, sweep } = storage;
    const key = { ...acme, dreamId: "drm_1", attempt: 1 };
    const changes = Array.from({ length: 1_001 }, () => aRecordedChange());
    await memories.putChanges({ ...key, first: 0, changes });
    await memories.putChanges({ ...key, attempt: 2, first: 0, changes: changes.slice(0, 1) });
    await sweep.deleteChanges(key);
    expect(await sweep.listChangeRows({ ...acme, after: null, limit: 10 })).toMatchObject([{ attempt: 2 }]);
  });

  test("does not delete a version under the key of one that is gone", async () => {
    const { memories, sweep } = storage;
    const store = aStore();
    await memories.create(store);
    const stage = (id: string) => {
      const versions = [aNewVersion({ id })];
      return memories.putVersions({ ...acme, storeId: store.id, commit: aCommit(), first: 0, versions });
    };
    const rows = () => sweep.listVersionRows({ ...acme, createdBefore: null, after: null, limit: 10 });
    await stage("memver_old");
    const keys = (await rows()).map(({ key }) => key);
    await sweep.deleteVersionRows({ ...acme, keys });
    await stage("memver_new");
    await sweep.deleteVersionRows({ ...acme, keys });
    expect((await rows()).map(({ id }) => id)).toEqual(["memver_new"]);
  });
});
