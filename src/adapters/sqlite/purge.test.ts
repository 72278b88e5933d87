/** What was deleted must stand in no file of the storage, wherever SQLite kept a copy of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aBucket,
  aCommit,
  aContent,
  aNewVersion,
  anEntry,
  aRecordedChange,
  aSession,
  aSessionEvent,
  aStore,
} from "../../../test/support/factories.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import { createSystemClock } from "../system/clock.ts";
import { openSqliteStorage, type SqliteStorage } from "./storage.ts";

const acme = { tenant: "acme" };
const limit = limits.sweepBatch;
const now = 1;

describe("what was deleted", () => {
  let dir: string;
  let storage: SqliteStorage;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "reveried-"));
    storage = await openSqliteStorage({ clock: createSystemClock() }, { dir });
  });

  afterEach(async () => {
    await storage.close();
    rmSync(dir, { recursive: true });
  });

  test("is in no file after a purge, and all else is where it was", async () => {
    const gone = await writeAll(storage, "erased");
    const kept = await writeAll(storage, "staying");
    const places = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(wordsIn(dir, /erased\d/g)).toEqual(places.map((place) => `erased${place}`));
    await gone.delete();
    await storage.sweep.purge();
    expect(wordsIn(dir, /erased\d/g)).toEqual([]);
    expect(wordsIn(dir, /staying\d/g)).toEqual(places.map((place) => `staying${place}`));
    expect(statSync(join(dir, "reveried.db-wal")).size).toBe(0);
    expect(await storage.memories.get(kept.store)).toMatchObject({ name: "staying0", revision: 1 });
    const events = { ...acme, sessionId: kept.sessionId, after: 0, upTo: 9, limit: 9 };
    expect(await storage.sessions.readEvents(events)).toHaveLength(1);
    await kept.delete();
    await storage.sweep.purge();
    expect(wordsIn(dir, /staying\d/g)).toEqual([]);
  });

  test("is overwritten without a purge, once the log is in the file", async () => {
    const gone = await writeAll(storage, "erased");
    await gone.delete();
    await storage.close();
    expect(wordsIn(dir, /erased\d/g)).toEqual([]);
  });

  test("of a store or a session is unreadable before the sweeper comes, but for its rows", async () => {
    const { store, sessionId } = await writeAll(storage, "erased");
    await storage.memories.delete(store);
    await storage.sessions.delete({ ...acme, id: sessionId });
    await storage.sweep.purge();
    // The names, the tag and the title are gone; text, path, version, change and event are rows of their own.
    expect(wordsIn(dir, /erased\d/g)).toEqual(["erased2", "erased3", "erased4", "erased5", "erased7"]);
  });

  test("leaves no copy on the pages that its row was moved from as others grew", async () => {
    const { memories, sweep } = storage;
    const chance = chances(2);
    let stores = Array.from({ length: 1_000 }, (_, index) => aStore({ name: `word${index}x` }));
    await Promise.all(stores.map((store) => memories.create(store)));
    for (let round = 1; round < 10; round += 1) {
      const grown = stores.map((read): MemoryStore => {
        if (chance() >= 0.5) return read;
        return { ...read, edition: read.edition + 1, description: "z".repeat(300 * chance()) };
      });
      const saved = grown.map((next, index) => [next, stores[index] ?? next] as const);
      const writes = saved.filter(([next, read]) => next !== read);
      await Promise.all(writes.map(([next, read]) => memories.save({ read, next })));
      stores = grown;
    }
    const gone = stores.filter(() => chance() < 0.3);
    await Promise.all(gone.map((store) => memories.delete(store)));
    await Promise.all(gone.map(({ id }) => sweep.removeStore({ ...acme, storeId: id, limit })));
    await sweep.purge();
    const found = new Set(wordsIn(dir, /word\d+x/g));
    const names = (those: readonly MemoryStore[]) => those.map(({ name }) => name);
    expect(names(gone).filter((name) => found.has(name))).toEqual([]);
    expect(found.size).toBe(stores.length - gone.length);
  });
});

/** Writes the word, with a number for each, into all places that a text can be in. */
async function writeAll(storage: SqliteStorage, word: string) {
  const { memories, sessions, sweep } = storage;
  const store = aStore({ name: `${word}0`, metadata: { of: `${word}1` } });
  const content = aContent(`${word}2 ${"x".repeat(9_000)}`);
  const bucket = aBucket(anEntry({ path: `/${word}3.md` }));
  const commit = aCommit();
  const change = { ...acme, dreamId: `drm_${word}`, attempt: 1 };
  const session = aSession({
    title: `${word}6`,
    tags: [`${word}6`],
    metadata: { of: `${word}6` },
    agentId: `${word}6`,
    workspaceId: `${word}6`,
    memoryStoreIds: [`${word}6`],
  });
  const event = aSessionEvent({ blocks: [{ type: "text", text: `${word}7` }] });
  await memories.create(store);
  await memories.putContents({ ...acme, contents: [content], now });
  await memories.putBuckets({ ...acme, buckets: [bucket], now });
  const key = { ...acme, storeId: store.id, commit };
  await memories.putVersions({ ...key, first: 0, versions: [aNewVersion({ path: `/${word}4.md` })] });
  await memories.switchHead({ ...key, base: store.head, next: "next", evenArchived: false });
  await memories.putChanges({ ...change, first: 0, changes: [aRecordedChange({ path: `/${word}5.md` })] });
  await sessions.create(session);
  await sessions.append({ ...acme, sessionId: session.id, events: [event], now });
  return {
    store,
    sessionId: session.id,
    async delete() {
      await memories.delete(store);
      await sessions.delete(session);
      while (!(await sweep.removeStore({ ...acme, storeId: store.id, limit })));
      while (!(await sweep.removeSession({ ...acme, sessionId: session.id, limit })));
      const [part, other] = [content, bucket].map(({ hash }) => [{ hash, touchedAt: now }]);
      await sweep.deleteParts({ ...acme, kind: "content", parts: part ?? [] });
      await sweep.deleteParts({ ...acme, kind: "bucket", parts: other ?? [] });
      await sweep.deleteChanges(change);
    },
  };
}

/** All matches in the bytes of all files, once each, sorted. */
function wordsIn(dir: string, pattern: RegExp): string[] {
  const texts = readdirSync(dir).map((name) => readFileSync(join(dir, name)).toString("latin1"));
  return [...new Set(texts.flatMap((text) => text.match(pattern) ?? []))].toSorted();
}

/** Numbers from 0 to 1 that look like chance and are always the same. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
