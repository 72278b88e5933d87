import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aCommit, aNewVersion, aSessionEvent, aStore, someTime } from "../../../test/support/factories.ts";
import { createSystemClock } from "../system/clock.ts";
import { openSqliteStorage } from "./storage.ts";

const clock = createSystemClock();
const acme = { tenant: "acme" };

describe("a database of version 1", () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "reveried-"));
    const sql = readFileSync(new URL("../../../test/fixtures/sqlite/version-1.sql", import.meta.url), "utf8");
    const old = new DatabaseSync(join(dir, "reveried.db"));
    old.exec(sql);
    old.close();
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  const open = () => openSqliteStorage({ clock }, { dir });

  test("has its stores with all they held, and their history begins now", async () => {
    await using storage = await open();
    expect(storage.migrated.from).toBe(1);
    const store = await storage.memories.get({ ...acme, id: "memstore_1" });
    const head = store?.head ?? "";
    expect(store).toStrictEqual(
      aStore({
        id: "memstore_1",
        metadata: { a: "b" },
        collection: { workspaceId: "w", observer: "ann", observed: "bob" },
        head,
        origin: { storeId: null, head },
      }),
    );
    const list = { ...acme, after: null, limit: 10 };
    expect(await storage.memories.list({ ...list, includeArchived: false })).toStrictEqual([store]);
    expect(await storage.memories.list({ ...list, includeArchived: true })).toHaveLength(2);
    const shown = await storage.memories.getHead({ ...acme, hash: head });
    const buckets = await storage.memories.getBuckets({ ...acme, hashes: shown?.buckets ?? [] });
    const [entry] = buckets.flatMap((bucket) => bucket.entries);
    const texts = await storage.memories.getContents({ ...acme, hashes: [entry?.contentHash ?? ""] });
    expect([...texts.values()]).toEqual(["Stand-up is at ten. é e\u0301 🌙"]);

    const commit = aCommit();
    const key = { ...acme, storeId: "memstore_1" };
    await storage.memories.putVersions({ ...key, commit, first: 0, versions: [aNewVersion()] });
    const switched = await storage.memories.switchHead({
      ...key,
      base: head,
      next: "next",
      commit,
      evenArchived: false,
    });
    expect(switched).toMatchObject({ outcome: "switched", store: { revision: 1, head: "next" } });
  });

  test("has its sessions and dreams, and both go on", async () => {
    await using storage = await open();
    const filter = { kind: "conversation", includeArchived: true, workspaceId: null, agentId: null } as const;
    const tagged = { ...filter, memoryStoreId: "memstore_1", tag: "t" };
    const [session] = await storage.sessions.list({ ...acme, filter: tagged, after: null, limit: 10 });
    expect(session).toMatchObject({ id: "sesn_1", title: "Monday", lastEvent: 1, edition: 1 });
    const events = [aSessionEvent()];
    const appended = await storage.sessions.append({ ...acme, sessionId: "sesn_1", events, now: someTime });
    expect(appended).toMatchObject([{ number: 2 }]);
    const dream = await storage.dreams.get({ ...acme, id: "drm_1" });
    expect(dream).toMatchObject({ status: "pending", holds: ["once:acme:1"] });
  });

  test("is changed once and opens again", async () => {
    await (await open()).close();
    await using storage = await open();
    expect(storage.migrated).toEqual({ from: 2, to: 2 });
  });
});
