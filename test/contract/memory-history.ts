/** What every memory store adapter must do for the history of stores: switches made once, versions shown with their switch. */
import { describe, expect } from "vitest";
import type { MemoryStore } from "../../src/core/memory.ts";
import type { MemoryVersion, NewVersion, StoreCommit } from "../../src/core/memory-version.ts";
import type { MemoryStores, VersionFilter, VersionPosition } from "../../src/ports/memory-store.ts";
import { aCommit, aContent, aNewVersion, aStore, someTime } from "../support/factories.ts";
import {
  type ContractOptions,
  countOutcome,
  type MakeStorage,
  type Promises,
  registerPromises,
} from "./storage.ts";
import { commitsOf, headOf, mustCreateStore, mustSwitch } from "./store-steps.ts";

const acme = { tenant: "acme" };
const key1 = { kind: "api_key", id: "key_1" } as const;
const hardText = '/🌙 é e\u0301/\u2028 \ufeff "\\" {"$set":1} a.b\n ';
const anyVersion: VersionFilter = {
  memoryId: null,
  operation: null,
  actorId: null,
  createdFrom: null,
  createdTo: null,
};

export function testMemoryHistory(name: string, make: MakeStorage, options: ContractOptions): void {
  describe(`${name} history of memory stores`, () => {
    registerPromises(make, options, (promises) => {
      promiseOnce(promises);
      promiseRevisions(promises);
      promiseRaces(promises);
      promiseStaging(promises);
      promiseVersions(promises);
      promiseVersionLists(promises);
      promiseRedaction(promises);
      promiseNames(promises);
      promiseDeletion(promises);
    });
  });
}

function promiseOnce(promises: Promises): void {
  promises("a commit is made once, also when others came after it", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore({ head: "first" }));
    const [one, two, late] = [aCommit(), aCommit(), aCommit()];
    let shown = await mustSwitch(memories, store, one);
    shown = await mustSwitch(memories, shown, two);
    for (const base of ["first", shown.head, "nowhere"]) {
      expect(await switchTo(memories, { ...store, head: base }, one)).toStrictEqual({
        outcome: "switched",
        store: shown,
      });
    }
    expect(await switchTo(memories, store, late)).toStrictEqual({ outcome: "moved", store: shown });
    expect(await memories.get(store)).toStrictEqual(shown);
    expect(await commitsOf(memories, store)).toEqual([one.id, two.id]);
  });

  promises("an origin changes a store once, whatever the commit and the base", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    let shown = await mustSwitch(memories, store, aCommit({ id: "cmt_1", origin: "dream:1" }));
    shown = await mustSwitch(memories, shown, aCommit({ id: "cmt_2" }));
    for (const base of [store.head, shown.head, "nowhere"]) {
      const again = await switchTo(memories, { ...store, head: base }, aCommit({ origin: "dream:1" }));
      expect(again).toStrictEqual({ outcome: "switched", store: shown });
    }
    expect(await memories.get(store)).toStrictEqual(shown);
    expect(await commitsOf(memories, store)).toEqual(["cmt_1", "cmt_2"]);
    // Letter for letter: these are others.
    shown = await mustSwitch(memories, shown, aCommit({ id: "CMT_1", origin: "DREAM:1" }));
    expect(shown.revision).toBe(3);
  });

  promises("a commit that was made is switched though the store was archived since", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    const commit = aCommit({ origin: "dream:1" });
    const shown = await mustSwitch(memories, store, commit);
    const next = { ...shown, archivedAt: someTime + 5, edition: 2 };
    expect(await memories.save({ read: shown, next })).toMatchObject({ outcome: "saved" });
    expect(await switchTo(memories, store, commit)).toStrictEqual({ outcome: "switched", store: next });
    expect(await switchTo(memories, next, aCommit())).toStrictEqual({ outcome: "moved", store: next });
  });

  promises("commits and origins are each store's own", async ({ memories }) => {
    const commit = aCommit({ origin: "dream:1" });
    const stores = [aStore({ id: "memstore_a" }), aStore({ id: "memstore_A" })];
    stores.push(aStore({ id: "memstore_a", tenant: "globex" }));
    for (const store of stores) {
      await mustCreateStore(memories, store);
      expect(await mustSwitch(memories, store, commit)).toMatchObject({ tenant: store.tenant, revision: 1 });
    }
  });
}

function promiseRevisions(promises: Promises): void {
  promises("a revision comes back exactly as its commit said", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore({ head: "first" }));
    const commits = [
      aCommit({ origin: hardText, actor: { kind: "session", id: hardText }, at: someTime + 1 }),
      aCommit({ actor: { kind: "dream", id: "drm_1" }, at: someTime - 1 }),
      aCommit(),
    ];
    let shown = store;
    for (const commit of commits) shown = await mustSwitch(memories, shown, commit);
    const heads = ["first", ...commits.map(headOf)];
    const expected = commits.map((commit, index) => ({
      ...commit,
      storeId: store.id,
      number: index + 1,
      base: heads[index],
      next: heads[index + 1],
    }));
    const key = { ...acme, storeId: store.id };
    expect(await memories.listRevisions({ ...key, after: 0, limit: 10 })).toStrictEqual(expected);
    expect(await memories.listRevisions({ ...key, after: 1, limit: 1 })).toStrictEqual([expected[1]]);
    expect(await memories.listRevisions({ ...key, after: 3, limit: 10 })).toEqual([]);
    expect(await memories.findRevision({ ...key, origin: hardText })).toStrictEqual(expected[0]);
    expect(await memories.findRevision({ ...key, origin: "dream:9" })).toBeNull();
    expect(shown).toStrictEqual({ ...store, head: heads[3], revision: 3 });
    for (const other of [
      { tenant: "globex", storeId: store.id },
      { ...acme, storeId: "memstore_none" },
    ]) {
      expect(await memories.findRevision({ ...other, origin: hardText })).toBeNull();
      expect(await memories.listRevisions({ ...other, after: 0, limit: 10 })).toEqual([]);
    }
  });

  promises("a switch back to an earlier head is a revision of its own", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore({ head: "one" }));
    const switches = [
      ["one", "two"],
      ["two", "one"],
      ["one", "two"],
      ["two", "two"],
    ] as const;
    for (const [base, next] of switches) {
      const request = { ...acme, storeId: store.id, base, next, commit: aCommit(), evenArchived: false };
      expect(await memories.switchHead(request)).toMatchObject({
        outcome: "switched",
        store: { head: next },
      });
    }
    expect(await memories.get(store)).toMatchObject({ head: "two", revision: 4 });
    expect(await commitsOf(memories, store)).toHaveLength(4);
  });
}

function promiseRaces(promises: Promises): void {
  promises("of racing commits of one origin one is made, and all are switched", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    const commits = Array.from({ length: 6 }, () => aCommit({ origin: "dream:1" }));
    const answers = await Promise.all(commits.map((commit) => switchTo(memories, store, commit)));
    expect(countOutcome(answers, "switched")).toBe(6);
    const made = await commitsOf(memories, store);
    expect(made).toHaveLength(1);
    const winner = commits.find((commit) => commit.id === made[0]);
    const shown = await memories.get(store);
    expect(shown).toMatchObject({ head: winner === undefined ? "" : headOf(winner), revision: 1 });
    for (const answer of answers) expect(answer.store).toStrictEqual(shown);
  });

  promises("racing writers each add a revision, numbered without gap", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore({ head: "first" }));
    await Promise.all(Array.from({ length: 5 }, () => untilSwitched(memories, store, aCommit())));
    const revisions = await memories.listRevisions({ ...acme, storeId: store.id, after: 0, limit: 10 });
    expect(revisions.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    const bases = ["first", ...revisions.map(({ next }) => next)];
    expect(revisions.map(({ base }) => base)).toEqual(bases.slice(0, 5));
    expect(await memories.get(store)).toMatchObject({ head: bases[5], revision: 5 });
  });

  promises("saves and switches that race lose nothing of each other", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore({ head: "first" }));
    const rename = async (name: string) => {
      for (;;) {
        const read = await memories.get(store);
        if (read === null) throw new Error("the store went");
        const next = { ...read, name, edition: read.edition + 1 };
        if ((await memories.save({ read, next })).outcome === "saved") return;
      }
    };
    const work = Array.from({ length: 4 }, (_, index) => [
      rename(`name ${index}`),
      untilSwitched(memories, store, aCommit()),
    ]);
    await Promise.all(work.flat());
    const made = await commitsOf(memories, store);
    expect(made).toHaveLength(4);
    const shown = await memories.get(store);
    expect(shown).toMatchObject({ head: `head-${made[3]}`, revision: 4, edition: 5 });
    expect(shown?.name).toMatch(/^name \d$/);
  });
}

function promiseStaging(promises: Promises): void {
  promises(
    "staged versions are shown from their switch on, those of a lost commit never",
    async (storage) => {
      const { memories } = storage;
      const store = await mustCreateStore(memories, aStore());
      const [won, lost] = [aCommit(), aCommit()];
      const ours = aNewVersion({ contentHash: aContent("ours").hash });
      const theirs = aNewVersion({ contentHash: aContent("theirs").hash });
      const isShown = async (version: NewVersion) => {
        const key = { ...acme, storeId: store.id };
        const found = await memories.getVersion({ ...key, id: version.id });
        const listed = await list(memories, store, { memoryId: version.memoryId });
        expect(listed).toStrictEqual(found === null ? [] : [found]);
        expect(idsOf(await list(memories, store)).includes(version.id)).toBe(found !== null);
        expect(await memories.isContentNamed({ ...acme, hash: version.contentHash ?? "" })).toBe(
          found !== null,
        );
        return found !== null;
      };
      await stage(memories, store, won, [ours]);
      await stage(memories, store, lost, [theirs]);
      expect([await isShown(ours), await isShown(theirs)]).toEqual([false, false]);
      await mustSwitch(memories, store, won);
      expect([await isShown(ours), await isShown(theirs)]).toEqual([true, false]);
      expect(await switchTo(memories, store, lost)).toMatchObject({ outcome: "moved" });
      expect([await isShown(ours), await isShown(theirs)]).toEqual([true, false]);
      const unknown = { ...acme, storeId: store.id, id: theirs.id, by: null, now: someTime };
      expect(await memories.redactVersion(unknown)).toBeNull();
    },
  );

  promises("versions put in parts, out of order and again are there once", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    const commit = aCommit();
    const versions = Array.from({ length: 7 }, () => aNewVersion());
    await stage(memories, store, commit, versions.slice(3), 3);
    await stage(memories, store, commit, versions.slice(0, 4));
    await stage(memories, store, commit, []);
    await stage(memories, store, commit, versions.slice(2, 5), 2);
    await mustSwitch(memories, store, commit);
    await stage(memories, store, commit, versions.slice(0, 2));
    const listed = await list(memories, store);
    expect(idsOf(listed)).toEqual(idsOf(versions).toReversed());
    expect(listed.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });

  promises(
    "a version staged under several commits is shown by the one that was made",
    async ({ memories }) => {
      const store = await mustCreateStore(memories, aStore());
      const version = aNewVersion();
      const [before, made, after] = [aCommit({ at: 1 }), aCommit({ at: 2 }), aCommit({ at: 3 })];
      for (const commit of [before, made, after]) await stage(memories, store, commit, [version]);
      await mustSwitch(memories, store, made);
      const key = { ...acme, storeId: store.id };
      expect(await memories.getVersion({ ...key, id: version.id })).toMatchObject({ createdAt: 2 });
      expect(await list(memories, store)).toMatchObject([{ id: version.id, createdAt: 2 }]);
      expect(await list(memories, store, { memoryId: version.memoryId })).toHaveLength(1);
      const redacted = await memories.redactVersion({ ...key, id: version.id, by: null, now: someTime });
      expect(redacted).toMatchObject({ createdAt: 2, path: null });
    },
  );
}

function promiseVersions(promises: Promises): void {
  promises("a version comes back exactly as it was staged", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    const commit = aCommit({ actor: { kind: "session", id: hardText }, at: someTime + 3 });
    const versions: NewVersion[] = [
      aNewVersion({ path: hardText, sizeBytes: 0 }),
      aNewVersion({ operation: "modified", version: 41 }),
      aNewVersion({ operation: "deleted", contentHash: null, sizeBytes: null, version: 3 }),
    ];
    await mustSwitch(memories, store, aCommit());
    const shown = await memories.get(store);
    await mustSwitch(memories, shown ?? store, commit, versions);
    const expected = versions.map((version, number) => ({
      ...version,
      storeId: store.id,
      revision: 2,
      number,
      actor: commit.actor,
      createdAt: commit.at,
      redactedAt: null,
      redactedBy: null,
    }));
    expect(await list(memories, store)).toStrictEqual(expected.toReversed());
    for (const version of expected) {
      const key = { ...acme, storeId: store.id, id: version.id };
      expect(await memories.getVersion(key)).toStrictEqual(version);
      expect(await memories.getVersion({ ...key, tenant: "globex" })).toBeNull();
      expect(await memories.getVersion({ ...key, storeId: "memstore_other" })).toBeNull();
      expect(await memories.getVersion({ ...key, id: version.id.toUpperCase() })).toBeNull();
    }
  });
}

function promiseVersionLists(promises: Promises): void {
  const threeRevisions = async (memories: MemoryStores): Promise<MemoryStore> => {
    let store = await mustCreateStore(memories, aStore());
    const revisions: [Partial<StoreCommit>, Partial<NewVersion>[]][] = [
      [{ at: 30, actor: key1 }, [{ id: "memver_1a" }, { id: "memver_1b", memoryId: "mem_b" }]],
      [
        { at: 10, actor: { kind: "dream", id: "drm_1" } },
        [{ id: "memver_2", memoryId: "mem_b", operation: "modified" }],
      ],
      [
        { at: 20 },
        [
          { id: "memver_3a", memoryId: "mem_b", operation: "deleted", contentHash: null, sizeBytes: null },
          { id: "memver_3b", memoryId: "mem_B" },
        ],
      ],
    ];
    for (const [commit, versions] of revisions) {
      store = await mustSwitch(memories, store, aCommit(commit), versions.map(aNewVersion));
    }
    return store;
  };

  promises("versions are listed by revision, newest first, whatever their times", async ({ memories }) => {
    const store = await threeRevisions(memories);
    const all = ["memver_3b", "memver_3a", "memver_2", "memver_1b", "memver_1a"];
    expect(idsOf(await list(memories, store))).toEqual(all);
    expect(idsOf(await list(memories, { ...store, tenant: "globex" }))).toEqual([]);
    expect(idsOf(await list(memories, { ...store, id: "memstore_none" }))).toEqual([]);
  });

  promises(
    "versions are filtered by memory, operation, actor and time, ends included",
    async ({ memories }) => {
      const store = await threeRevisions(memories);
      const found = async (filter: Partial<VersionFilter>) => idsOf(await list(memories, store, filter));
      expect(await found({ memoryId: "mem_b" })).toEqual(["memver_3a", "memver_2", "memver_1b"]);
      expect(await found({ memoryId: "mem_B" })).toEqual(["memver_3b"]);
      expect(await found({ operation: "created" })).toEqual(["memver_3b", "memver_1b", "memver_1a"]);
      expect(await found({ operation: "deleted" })).toEqual(["memver_3a"]);
      expect(await found({ actorId: "key_1" })).toEqual(["memver_1b", "memver_1a"]);
      expect(await found({ actorId: "KEY_1" })).toEqual([]);
      expect(await found({ createdFrom: 20 })).toEqual(["memver_3b", "memver_3a", "memver_1b", "memver_1a"]);
      expect(await found({ createdTo: 20 })).toEqual(["memver_3b", "memver_3a", "memver_2"]);
      expect(await found({ createdFrom: 11, createdTo: 29 })).toEqual(["memver_3b", "memver_3a"]);
      const all = { memoryId: "mem_b", actorId: "drm_1", createdFrom: 10, createdTo: 10 };
      expect(await found({ ...all, operation: "modified" })).toEqual(["memver_2"]);
      expect(await found({ ...all, operation: "created" })).toEqual([]);
    },
  );

  promises("pages of versions are stable while the store is written", async ({ memories }) => {
    let store = await threeRevisions(memories);
    const bOnly = { memoryId: "mem_b" };
    const walks: [Partial<VersionFilter>, string[]][] = [
      [{}, ["memver_3b", "memver_3a", "memver_2", "memver_1b", "memver_1a"]],
      [bOnly, ["memver_3a", "memver_2", "memver_1b"]],
      [{ operation: "created" }, ["memver_3b", "memver_1b", "memver_1a"]],
    ];
    for (const [filter, expected] of walks) {
      const seen: MemoryVersion[] = [];
      for (let after: VersionPosition | null = null; ; after = seen.at(-1) ?? null) {
        const page = await list(memories, store, filter, after, 1);
        seen.push(...page);
        if (page.length === 0) break;
        store = await mustSwitch(memories, store, aCommit(), [aNewVersion({ memoryId: "mem_new" })]);
      }
      expect(idsOf(seen).filter((id) => expected.includes(id))).toEqual(expected);
      const newest = seen[0]?.revision ?? 0;
      expect(seen.filter(({ revision }) => revision > newest)).toEqual([]);
    }
  });
}

function promiseRedaction(promises: Promises): void {
  promises("redaction empties a version for good and keeps what it did and when", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    const commit = aCommit({ actor: key1 });
    const [version, other] = [aNewVersion({ operation: "modified", version: 4 }), aNewVersion()];
    await mustSwitch(memories, store, commit, [version, other]);
    const key = { ...acme, storeId: store.id, id: version.id };
    const before = await memories.getVersion(key);
    const by = { kind: "session", id: "sesn_1" } as const;
    const redacted = await memories.redactVersion({ ...key, by, now: someTime + 7 });
    const expected = {
      ...before,
      path: null,
      contentHash: null,
      sizeBytes: null,
      redactedAt: someTime + 7,
      redactedBy: by,
    };
    expect(redacted).toStrictEqual(expected);
    expect(await memories.redactVersion({ ...key, by: null, now: someTime + 8 })).toStrictEqual(expected);
    // A late try to stage it brings nothing back.
    await stage(memories, store, commit, [version]);
    expect(await memories.getVersion(key)).toStrictEqual(expected);
    expect(await list(memories, store)).toMatchObject([{ id: other.id, path: other.path }, expected]);
    const unnamed = await memories.redactVersion({ ...key, id: other.id, by: null, now: 1 });
    expect(unnamed).toMatchObject({ redactedAt: 1, redactedBy: null, path: null });
  });

  promises("only a version of the store and the tenant is redacted", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    const version = aNewVersion();
    await mustSwitch(memories, store, aCommit(), [version]);
    const key = { ...acme, storeId: store.id, id: version.id };
    for (const wrong of [{ tenant: "globex" }, { storeId: "memstore_x" }, { id: "memver_x" }]) {
      expect(await memories.redactVersion({ ...key, ...wrong, by: null, now: 1 })).toBeNull();
    }
    expect(await memories.getVersion(key)).toMatchObject({ path: version.path, redactedAt: null });
  });
}

function promiseNames(promises: Promises): void {
  promises("a content is named while a version shown by some store names it", async ({ memories }) => {
    const { hash } = aContent("named");
    const isNamed = (tenant = "acme") => memories.isContentNamed({ tenant, hash });
    const [one, two] = [aStore(), aStore()];
    const [first, second] = [aNewVersion({ contentHash: hash }), aNewVersion({ contentHash: hash })];
    await mustSwitch(memories, await mustCreateStore(memories, one), aCommit(), [aNewVersion(), first]);
    await mustSwitch(memories, await mustCreateStore(memories, two), aCommit(), [second]);
    expect([await isNamed(), await isNamed("globex")]).toEqual([true, false]);
    await memories.redactVersion({ ...acme, storeId: one.id, id: first.id, by: null, now: someTime });
    expect(await isNamed()).toBe(true);
    await memories.delete(two);
    expect(await isNamed()).toBe(false);
    expect(await memories.isContentNamed({ ...acme, hash: "unknown" })).toBe(false);
  });
}

function promiseDeletion(promises: Promises): void {
  promises("a deleted store has no history and is not switched", async ({ memories }) => {
    const store = await mustCreateStore(memories, aStore());
    const [commit, version] = [aCommit({ origin: "dream:1" }), aNewVersion()];
    const shown = await mustSwitch(memories, store, commit, [version]);
    await memories.delete(store);
    const gone = { outcome: "moved", store: null };
    for (const again of [commit, aCommit()]) {
      expect(await switchTo(memories, store, again)).toStrictEqual(gone);
      expect(await switchTo(memories, shown, again)).toStrictEqual(gone);
    }
    const key = { ...acme, storeId: store.id };
    expect(await memories.getVersion({ ...key, id: version.id })).toBeNull();
    expect(await memories.redactVersion({ ...key, id: version.id, by: null, now: 1 })).toBeNull();
    expect(await memories.findRevision({ ...key, origin: "dream:1" })).toBeNull();
    expect(await commitsOf(memories, store)).toEqual([]);
    expect(await list(memories, store)).toEqual([]);
    expect(await list(memories, store, { memoryId: version.memoryId })).toEqual([]);
    // A write that was on its way when the store was deleted shows nothing either.
    await stage(memories, store, commit, [version]);
    expect(await list(memories, store)).toEqual([]);
  });
}

function switchTo(memories: MemoryStores, store: MemoryStore, commit: StoreCommit) {
  const { tenant, id: storeId, head: base } = store;
  return memories.switchHead({ tenant, storeId, base, next: headOf(commit), commit, evenArchived: false });
}

/** Switches the store over whatever it shows, as a writer does that lost a race. */
async function untilSwitched(memories: MemoryStores, store: MemoryStore, commit: StoreCommit): Promise<void> {
  for (;;) {
    const read = await memories.get(store);
    if (read === null) throw new Error("the store went");
    if ((await switchTo(memories, read, commit)).outcome === "switched") return;
  }
}

function stage(
  memories: MemoryStores,
  { tenant, id: storeId }: MemoryStore,
  commit: StoreCommit,
  versions: readonly NewVersion[],
  first = 0,
): Promise<void> {
  return memories.putVersions({ tenant, storeId, commit, first, versions });
}

function list(
  memories: MemoryStores,
  { tenant, id: storeId }: MemoryStore,
  filter: Partial<VersionFilter> = {},
  after: VersionPosition | null = null,
  limit = 100,
): Promise<MemoryVersion[]> {
  return memories.listVersions({ tenant, storeId, filter: { ...anyVersion, ...filter }, after, limit });
}

function idsOf(versions: readonly { readonly id: string }[]): string[] {
  return versions.map(({ id }) => id);
}
