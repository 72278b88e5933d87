/** What the sweeper sees and deletes of the histories of stores. */
import { expect } from "vitest";
import type { Sweep, VersionRow } from "../../src/ports/sweep.ts";
import { aCommit, aNewVersion, aStore, someTime } from "../support/factories.ts";
import type { Promises } from "./storage.ts";
import { commitsOf, headOf, mustCreateStore, mustSwitch } from "./store-steps.ts";

const acme = { tenant: "acme" };
const globex = { tenant: "globex" };
const later = someTime + 10_000;
const pagesMax = 40;

export function promiseHistorySweep(promises: Promises): void {
  promiseHeads(promises);
  promiseVersionRows(promises);
  promiseRevisions(promises);
}

function promiseHeads(promises: Promises): void {
  promises("heads of revisions since a time are all there, in pages", async ({ memories, sweep }) => {
    const since = someTime + 2;
    const expected: string[] = [];
    for (const head of ["one", "two", "three"]) {
      let store = await mustCreateStore(memories, aStore({ head }));
      for (const at of [someTime, someTime + 1, since, since + 1]) {
        const commit = aCommit({ at });
        const base = store.head;
        store = await mustSwitch(memories, store, commit);
        if (at >= since) expected.push(base, headOf(commit));
      }
    }
    const stranger = await mustCreateStore(memories, aStore({ ...globex, head: "theirs" }));
    await mustSwitch(memories, stranger, aCommit({ at: since }));
    for (const limit of [1, 4, 100]) {
      const found = await allHeads(sweep, since, limit);
      expect([...new Set(found)].toSorted()).toEqual([...new Set(expected)].toSorted());
    }
    expect(await allHeads(sweep, since + 2, 10)).toEqual([]);
  });

  promises("heads of a revision are found by its origin", async ({ memories, sweep }) => {
    let store = await mustCreateStore(memories, aStore({ head: "first" }));
    const [plain, ofDream, ofOther] = [
      aCommit(),
      aCommit({ origin: "dream:1" }),
      aCommit({ origin: "dream:2" }),
    ];
    for (const commit of [plain, ofDream, ofOther]) store = await mustSwitch(memories, store, commit);
    const second = await mustCreateStore(memories, aStore({ head: "second" }));
    await mustSwitch(memories, second, aCommit({ id: "cmt_second", origin: "dream:1" }));
    const find = async (tenant: string, ...origins: string[]) =>
      [...new Set(await sweep.originHeads({ tenant, origins }))].toSorted();
    expect(await find("acme", "dream:1", "dream:9")).toEqual(
      [headOf(plain), headOf(ofDream), "second", "head-cmt_second"].toSorted(),
    );
    expect(await find("acme", "dream:2")).toEqual([headOf(ofDream), headOf(ofOther)].toSorted());
    expect(await find("acme", "dream:9")).toEqual([]);
    expect(await find("acme")).toEqual([]);
    expect(await find("globex", "dream:1")).toEqual([]);
  });
}

function promiseVersionRows(promises: Promises): void {
  promises(
    "version rows are listed whether their commit was made or not, and of deleted stores",
    async ({ memories, sweep }) => {
      const made = aNewVersion({ path: "/made.md" });
      const staged = aNewVersion({ path: "/staged.md" });
      const ofDeleted = aNewVersion({ path: "/deleted.md" });
      const removal = aNewVersion({ operation: "deleted", contentHash: null, sizeBytes: null });
      const store = await mustCreateStore(memories, aStore());
      const deleted = await mustCreateStore(memories, aStore());
      await mustSwitch(memories, store, aCommit({ at: someTime + 1 }), [made, removal]);
      const key = { ...acme, storeId: store.id, first: 0 };
      await memories.putVersions({ ...key, commit: aCommit({ at: someTime + 2 }), versions: [staged] });
      await mustSwitch(memories, deleted, aCommit({ at: someTime }), [ofDeleted]);
      await memories.delete(deleted);
      await memories.redactVersion({ ...acme, storeId: store.id, id: made.id, by: null, now: later });
      const rows = await allRows(sweep, null, 10);
      const row = (storeId: string, version: typeof made, createdAt: number) => ({
        key: expect.any(String),
        storeId,
        id: version.id,
        path: version.path,
        contentHash: version.contentHash,
        createdAt,
      });
      expect(byId(rows)).toEqual(
        byId([
          { ...row(store.id, made, someTime + 1), path: null, contentHash: null },
          row(store.id, removal, someTime + 1),
          row(store.id, staged, someTime + 2),
          row(deleted.id, ofDeleted, someTime),
        ]),
      );
      expect(await sweep.listVersionRows({ ...globex, createdBefore: null, after: null, limit: 9 })).toEqual(
        [],
      );
    },
  );

  promises("version rows come in pages that sort by their keys, and by age", async ({ memories, sweep }) => {
    const store = await mustCreateStore(memories, aStore());
    const key = { ...acme, storeId: store.id, first: 0 };
    for (const at of [someTime + 3, someTime, someTime + 1, someTime + 2, someTime]) {
      await memories.putVersions({
        ...key,
        commit: aCommit({ at }),
        versions: [aNewVersion(), aNewVersion()],
      });
    }
    for (const createdBefore of [null, someTime + 2]) {
      const rows = await allRows(sweep, createdBefore, 100);
      expect(rows).toHaveLength(createdBefore === null ? 10 : 6);
      const keys = rows.map((row) => row.key);
      expect(new Set(keys).size).toBe(keys.length);
      for (const limit of [1, 4]) expect(await allRows(sweep, createdBefore, limit)).toEqual(rows);
    }
    const old = await allRows(sweep, someTime + 2, 100);
    expect(Math.max(...old.map((row) => row.createdAt))).toBe(someTime + 1);
  });

  promises("deleted version rows are gone from the history, others are not", async ({ memories, sweep }) => {
    const store = await mustCreateStore(memories, aStore());
    const [kept, gone] = [aNewVersion(), aNewVersion()];
    await mustSwitch(memories, store, aCommit(), [kept, gone]);
    const row = (await allRows(sweep, null, 10)).find(({ id }) => id === gone.id);
    const keys = [row?.key ?? ""];
    await sweep.deleteVersionRows({ ...globex, keys });
    expect(await allRows(sweep, null, 10)).toHaveLength(2);
    await sweep.deleteVersionRows({ ...acme, keys });
    await sweep.deleteVersionRows({ ...acme, keys });
    await sweep.deleteVersionRows({ ...acme, keys: [] });
    expect((await allRows(sweep, null, 10)).map(({ id }) => id)).toEqual([kept.id]);
    const key = { ...acme, storeId: store.id };
    expect(await memories.getVersion({ ...key, id: gone.id })).toBeNull();
    expect(await memories.getVersion({ ...key, id: kept.id })).toMatchObject({ id: kept.id, revision: 1 });
  });
}

function promiseRevisions(promises: Promises): void {
  promises("only old revisions without a version are deleted", async ({ memories, sweep }) => {
    let store = await mustCreateStore(memories, aStore());
    const bare = aCommit({ at: someTime, origin: "dream:bare" });
    const full = aCommit({ at: someTime + 1 });
    const emptied = aCommit({ at: someTime + 2, origin: "dream:emptied" });
    const young = aCommit({ at: later });
    store = await mustSwitch(memories, store, bare);
    store = await mustSwitch(memories, store, full, [aNewVersion(), aNewVersion()]);
    store = await mustSwitch(memories, store, emptied, [aNewVersion({ path: "/gone.md" })]);
    store = await mustSwitch(memories, store, young);
    const stranger = await mustCreateStore(memories, aStore(globex));
    await mustSwitch(memories, stranger, aCommit({ at: someTime }));
    const rows = (await allRows(sweep, null, 10)).filter(({ path }) => path === "/gone.md");
    // The first version of a commit may go before the others.
    const some = (await allRows(sweep, null, 10))
      .filter(({ createdAt }) => createdAt === full.at)
      .slice(0, 1);
    await sweep.deleteVersionRows({ ...acme, keys: [...rows, ...some].map(({ key }) => key) });
    const remove = (limit: number) => sweep.deleteEmptyRevisions({ ...acme, before: later, limit });
    expect(await remove(1)).toBe(1);
    expect(await remove(5)).toBe(1);
    expect(await remove(5)).toBe(0);
    expect(await commitsOf(memories, store)).toEqual([full.id, young.id]);
    expect(await commitsOf(memories, stranger)).toHaveLength(1);
    const key = { ...acme, storeId: store.id };
    for (const { origin } of [bare, emptied]) {
      expect(await memories.findRevision({ ...key, origin: origin ?? "" })).toBeNull();
    }
    expect(await memories.get(store)).toStrictEqual(store);
  });

  promises("a store whose newest revision went is switched on from its number", async (storage) => {
    const { memories, sweep } = storage;
    const stores = [];
    for (const head of ["a", "b", "c"]) {
      const store = await mustCreateStore(memories, aStore({ head }));
      stores.push(await mustSwitch(memories, store, aCommit({ at: someTime })));
    }
    const remove = (limit: number) => sweep.deleteEmptyRevisions({ ...acme, before: later, limit });
    expect(await remove(2)).toBe(2);
    expect(await remove(2)).toBe(1);
    for (const store of stores) {
      expect(await commitsOf(memories, store)).toEqual([]);
      expect(await memories.get(store)).toStrictEqual(store);
      const commit = aCommit({ at: later });
      expect(await mustSwitch(memories, store, commit, [aNewVersion()])).toMatchObject({ revision: 2 });
      expect(await memories.listRevisions({ ...acme, storeId: store.id, after: 0, limit: 9 })).toMatchObject([
        { id: commit.id, number: 2 },
      ]);
    }
  });
}

async function allHeads(sweep: Sweep, since: number, limit: number): Promise<string[]> {
  const heads: string[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page: Awaited<ReturnType<Sweep["listRevisionHeads"]>> = await sweep.listRevisionHeads({
      ...acme,
      since,
      after,
      limit,
    });
    heads.push(...page.heads);
    if (page.next === null) return heads;
    after = page.next;
  }
  throw new Error("the pages of heads have no end");
}

/** All version rows of the tenant, read in pages of this size. */
export async function allRows(
  sweep: Sweep,
  createdBefore: number | null,
  limit: number,
): Promise<VersionRow[]> {
  const rows: VersionRow[] = [];
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const after = rows.at(-1)?.key ?? null;
    const page = await sweep.listVersionRows({ ...acme, createdBefore, after, limit });
    rows.push(...page);
    if (page.length < limit) {
      expect(rows.map(({ key }) => key)).toEqual(rows.map(({ key }) => key).toSorted());
      return rows;
    }
  }
  throw new Error("the pages of version rows have no end");
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
