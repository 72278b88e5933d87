/** What every storage must do for its sweeper: see all there is, delete only what is still as it was seen, in bounded steps. */
import { describe, expect } from "vitest";
import type { MemoryStores } from "../../src/ports/memory-store.ts";
import {
  type ChangePosition,
  type ChangeRow,
  type PartKind,
  type PartMark,
  partKinds,
  type Sweep,
} from "../../src/ports/sweep.ts";
import {
  aBucket,
  aCommit,
  aContent,
  aDream,
  aHead,
  aNewVersion,
  anEntry,
  aRecordedChange,
  aSession,
  aStore,
  someTime,
} from "../support/factories.ts";
import {
  type ContractOptions,
  type MakeStorage,
  mustCreate,
  type Promises,
  registerPromises,
} from "./storage.ts";
import { mustCreateStore } from "./store-steps.ts";
import { promiseHistorySweep } from "./sweep-history.ts";
import { promiseRemoval, removeSession, removeStore } from "./sweep-removal.ts";

const acme = { tenant: "acme" };
const globex = { tenant: "globex" };
const later = someTime + 10_000;
const pagesMax = 40;

export function testSweep(name: string, make: MakeStorage, options: ContractOptions): void {
  describe(`${name} sweep`, () => {
    registerPromises(make, options, (promises) => {
      promiseTenants(promises);
      promiseParts(promises);
      promiseHistorySweep(promises);
      promiseChanges(promises);
      promiseRemoval(promises);
      promisePurge(promises);
    });
  });
}

function promiseTenants(promises: Promises): void {
  promises(
    "tenants with a store, a session or a dream are listed once each, in pages",
    async ({ memories, sessions, dreams, sweep }) => {
      expect(await sweep.listTenants({ after: null, limit: 10 })).toEqual([]);
      for (const tenant of ["delta", "beta", "Beta"]) await memories.create(aStore({ tenant }));
      for (const tenant of ["beta", "a-b_c"]) await sessions.create(aSession({ tenant }));
      for (const tenant of ["beta", "zeta"]) await mustCreate(dreams, aDream({ tenant }));
      await memories.create(aStore({ tenant: "delta" }));
      const all = ["Beta", "a-b_c", "beta", "delta", "zeta"];
      expect(await sweep.listTenants({ after: null, limit: 10 })).toEqual(all);
      expect(await sweep.listTenants({ after: null, limit: 2 })).toEqual(all.slice(0, 2));
      expect(await sweep.listTenants({ after: "a-b_c", limit: 2 })).toEqual(["beta", "delta"]);
      expect(await sweep.listTenants({ after: "zeta", limit: 2 })).toEqual([]);
    },
  );

  promises("a tenant is listed as long as parts, versions or changes are left of it", async (storage) => {
    const { memories, sweep } = storage;
    const names = ["a", "a-", "a-b", "a-b-c", "a-c", "a0", "aa", "b", "b-b", "c_"];
    for (const [index, tenant] of names.toReversed().entries()) {
      const kind = partKinds[index % partKinds.length] ?? "head";
      await putPart(memories, kind, tenant, index, someTime);
    }
    const staged = { storeId: "memstore_gone", commit: aCommit(), first: 0, versions: [aNewVersion()] };
    await memories.putVersions({ tenant: "versions", ...staged });
    const recorded = { dreamId: "drm_1", attempt: 1, first: 0, changes: [aRecordedChange()] };
    await memories.putChanges({ tenant: "changes", ...recorded });
    const all = [...names, "changes", "versions"];
    expect(await sweep.listTenants({ after: null, limit: 99 })).toEqual(all);
    for (const [index, after] of all.entries()) {
      expect(await sweep.listTenants({ after, limit: 99 })).toEqual(all.slice(index + 1));
    }
    expect(await sweep.listTenants({ after: "a-a", limit: 2 })).toEqual(["a-b", "a-b-c"]);
  });

  promises("a tenant is listed while anything deleted of it is left", async (storage) => {
    const { memories, sessions, sweep } = storage;
    const store = aStore({ tenant: "stores" });
    const session = aSession({ tenant: "sessions" });
    await memories.create(store);
    await sessions.create(session);
    await memories.delete(store);
    await sessions.delete(session);
    expect(await sweep.listTenants({ after: null, limit: 10 })).toEqual(["sessions", "stores"]);
    await removeStore(storage, store);
    await removeSession(storage, session);
    expect(await sweep.listTenants({ after: null, limit: 10 })).toEqual([]);
  });
}

function promiseParts(promises: Promises): void {
  for (const kind of partKinds) {
    promises(`a ${kind} is listed by when it was last put, in pages by hash`, async ({ memories, sweep }) => {
      const hashes: string[] = [];
      for (const index of [1, 2, 3, 4]) hashes.push(await putPart(memories, kind, "acme", index, someTime));
      const stranger = await putPart(memories, kind, "globex", 9, someTime);
      await putPart(memories, kind, "acme", 1, later);
      // A late put says little new: what was put last counts, if by a moment more in some storages.
      await putPart(memories, kind, "acme", 1, someTime);
      const untouched = hashes.slice(1).toSorted();
      const list = (untouchedSince: number, after: string | null = null, limit = 10) =>
        sweep.listParts({ ...acme, kind, untouchedSince, after, limit });
      expect(hashesOf(await list(someTime))).toEqual([]);
      expect(await list(later)).toEqual(untouched.map((hash) => ({ hash, touchedAt: someTime })));
      expect(hashesOf(await list(later + 2))).toEqual(hashes.toSorted());
      expect(hashesOf(await list(later, null, 2))).toEqual(untouched.slice(0, 2));
      expect(hashesOf(await list(later, untouched[1], 2))).toEqual(untouched.slice(2));
      expect(hashesOf(await list(later))).not.toContain(stranger);
    });

    promises(`each put of a ${kind} is seen, though a clock stands still or is behind`, async (storage) => {
      const { memories, sweep } = storage;
      const all = { ...acme, kind, untouchedSince: Number.MAX_SAFE_INTEGER, after: null, limit: 9 } as const;
      let before: readonly PartMark[] = [];
      for (const now of [someTime, someTime, someTime - 5, later]) {
        const hash = await putPart(memories, kind, "acme", 1, now);
        expect(await sweep.deleteParts({ ...acme, kind, parts: before })).toBe(0);
        const marks = await sweep.listParts(all);
        expect(hashesOf(marks)).toEqual([hash]);
        expect(marks[0]?.touchedAt).toBeGreaterThanOrEqual(Math.max(now, (before[0]?.touchedAt ?? 0) + 1));
        before = marks;
      }
    });

    promises(`a ${kind} is deleted only while nobody has put it again`, async ({ memories, sweep }) => {
      const kept = await putPart(memories, kind, "acme", 1, someTime);
      const gone = await putPart(memories, kind, "acme", 2, someTime);
      await putPart(memories, kind, "globex", 2, someTime);
      const marks = [kept, gone, "unknown"].map((hash) => ({ hash, touchedAt: someTime }));
      await putPart(memories, kind, "acme", 1, someTime + 1);
      expect(await sweep.deleteParts({ ...acme, kind, parts: marks })).toBe(1);
      expect(await hasPart(memories, kind, "acme", kept)).toBe(true);
      expect(await hasPart(memories, kind, "acme", gone)).toBe(false);
      expect(await hasPart(memories, kind, "globex", gone)).toBe(true);
      expect(await sweep.deleteParts({ ...acme, kind, parts: marks })).toBe(0);
      expect(await sweep.deleteParts({ ...acme, kind, parts: [] })).toBe(0);
      await putPart(memories, kind, "acme", 2, later);
      expect(await hasPart(memories, kind, "acme", gone)).toBe(true);
    });
  }
}

function promiseChanges(promises: Promises): void {
  promises("recorded changes are seen in order, whatever the page", async ({ memories, sweep }) => {
    const expected: ChangeRow[] = [];
    for (const dreamId of ["drm_A", "drm_a", "drm_b"]) {
      for (const attempt of [1, 2, 10]) {
        const changes = [1, 2, 3].map((n) => aRecordedChange({ path: `/${dreamId}/${attempt}/${n}.md` }));
        await memories.putChanges({ ...acme, dreamId, attempt, first: 0, changes });
        expected.push(...changes.map((change, index) => ({ dreamId, attempt, index, change })));
      }
    }
    await memories.putChanges({
      ...globex,
      dreamId: "drm_a",
      attempt: 1,
      first: 0,
      changes: [aRecordedChange()],
    });
    for (const limit of [2, 7, 100]) expect(await allChanges(sweep, limit)).toStrictEqual(expected);
  });

  promises("changes of one attempt are deleted, others are not", async ({ memories, sweep }) => {
    for (const tenant of ["acme", "globex"]) {
      for (const attempt of [1, 10]) {
        const changes = [aRecordedChange(), aRecordedChange()];
        await memories.putChanges({ tenant, dreamId: "drm_1", attempt, first: 0, changes });
      }
    }
    for (let again = 0; again < 2; again += 1) {
      await sweep.deleteChanges({ ...acme, dreamId: "drm_1", attempt: 1 });
      const left = await sweep.listChangeRows({ ...acme, after: null, limit: 9 });
      expect(left.map(({ attempt, index }) => [attempt, index])).toEqual([
        [10, 0],
        [10, 1],
      ]);
    }
    const key = { dreamId: "drm_1", attempt: 1, first: 0, limit: 9 };
    expect(await memories.listChanges({ ...acme, ...key })).toEqual([]);
    expect(await memories.listChanges({ ...globex, ...key })).toHaveLength(2);
  });
}

function promisePurge(promises: Promises): void {
  promises("a purge takes nothing that is there", async (storage) => {
    const store = await mustCreateStore(storage.memories, aStore());
    const content = aContent("kept");
    await storage.memories.putContents({ ...acme, contents: [content], now: someTime });
    await storage.sweep.purge();
    expect(await storage.memories.get(store)).toStrictEqual(store);
    expect(await hasPart(storage.memories, "content", "acme", content.hash)).toBe(true);
  });
}

/** Puts the part of this number, and answers with its hash. */
async function putPart(
  memories: MemoryStores,
  kind: PartKind,
  tenant: string,
  index: number,
  now: number,
): Promise<string> {
  const bucket = aBucket(anEntry({ memoryId: `mem_${index}`, versionId: "memver_1" }));
  switch (kind) {
    case "head": {
      const head = aHead(bucket.hash);
      await memories.putHead({ tenant, head, now });
      return head.hash;
    }
    case "bucket":
      await memories.putBuckets({ tenant, buckets: [bucket], now });
      return bucket.hash;
    case "content": {
      const content = aContent(`text ${index}`);
      await memories.putContents({ tenant, contents: [content], now });
      return content.hash;
    }
  }
}

async function hasPart(
  memories: MemoryStores,
  kind: PartKind,
  tenant: string,
  hash: string,
): Promise<boolean> {
  switch (kind) {
    case "head":
      return (await memories.getHead({ tenant, hash })) !== null;
    case "bucket":
      return (await memories.getBuckets({ tenant, hashes: [hash] })).length > 0;
    case "content":
      return (await memories.getContents({ tenant, hashes: [hash] })).size > 0;
  }
}

function hashesOf(marks: readonly PartMark[]): string[] {
  return marks.map(({ hash }) => hash);
}

async function allChanges(sweep: Sweep, limit: number): Promise<ChangeRow[]> {
  const rows: ChangeRow[] = [];
  let after: ChangePosition | null = null;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page: ChangeRow[] = await sweep.listChangeRows({ ...acme, after, limit });
    rows.push(...page);
    after = page.at(-1) ?? null;
    if (page.length < limit) return rows;
  }
  throw new Error("the pages of changes have no end");
}
