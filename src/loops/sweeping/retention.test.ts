/** Old versions go, and what a memory is now stays, in stores and in copies. */
import { expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { createScriptedEngine, noteWhatWasRead } from "../../../test/support/scripted-engine.ts";
import { confirmMs, countParts, dreamOver, put, storeOf, sweeperOf } from "../../../test/support/sweeping.ts";
import { limits } from "../../core/limits.ts";
import { bucketOf } from "../../core/memory.ts";

const dayMs = 86_400_000;
const retentionMs = limits.versionRetentionMs;
const tenant = "acme";

async function versionsOf(world: Bundle, memoryStoreId: string) {
  const { versions } = await world.useCases.listMemoryVersions(world.principal, {
    ...{ memoryStoreId, memoryId: null, operation: null, actorId: null },
    ...{ createdFrom: null, createdTo: null, pageSize: 100, pageToken: "" },
  });
  return versions;
}

async function textsOf(world: Bundle, memoryStoreId: string): Promise<(string | null)[]> {
  const { principal, useCases } = world;
  const versions = await versionsOf(world, memoryStoreId);
  const read = versions.map(({ id }) => useCases.getMemoryVersion(principal, { memoryStoreId, id }));
  return (await Promise.all(read)).map(({ content }) => content);
}

async function storeRow(world: Bundle, id: string) {
  const store = await world.storage.memories.get({ tenant, id });
  if (store === null) throw new Error(`store ${id} is gone`);
  return store;
}

test("versions go once they are older than the retention, but for those that memories are now", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "a1", "/b.md": "b1" });
  await put(world, storeId, { "/a.md": "a2" });
  world.clock.jumpWall(retentionMs - dayMs);
  await put(world, storeId, { "/a.md": "a3" });
  const sweeper = sweeperOf(world);
  await sweeper.sweep();
  expect(await textsOf(world, storeId)).toEqual(["a3", "a2", "b1", "a1"]);
  world.clock.jumpWall(dayMs + 60_000);
  await sweeper.sweep();
  expect(await textsOf(world, storeId)).toEqual(["a3", "b1"]);
  expect((await countParts(world.deps, tenant)).content).toBe(2);
  world.clock.jumpWall(10 * retentionMs);
  await sweeper.sweep();
  expect(await textsOf(world, storeId)).toEqual(["a3", "b1"]);
  expect(await world.texts(storeId)).toEqual({ "/a.md": "a3", "/b.md": "b1" });
});

test("with a retention of null every version stays for ever", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "a1" });
  await put(world, storeId, { "/a.md": "a2" });
  world.clock.jumpWall(100 * retentionMs);
  await sweeperOf(world, { versionRetentionMs: null }).sweep();
  expect(await textsOf(world, storeId)).toEqual(["a2", "a1"]);
  expect((await storeRow(world, storeId)).revision).toBe(2);
});

test("deletions and redacted versions age like others, and revisions without versions go", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "a", "/b.md": "b" });
  const [, first] = await versionsOf(world, storeId);
  await put(world, storeId, { "/a.md": "a, later" });
  await world.useCases.redactMemoryVersion(world.principal, {
    memoryStoreId: storeId,
    id: first?.id ?? "",
  });
  const { id } = await world.useCases.getMemory(world.principal, {
    ...{ memoryStoreId: storeId, key: { by: "path", path: "/b.md" } },
  });
  await world.useCases.deleteMemory(world.principal, {
    ...{ memoryStoreId: storeId, id, expectedSha256: null, expectedVersion: null, sessionId: null },
  });
  const listRevisions = () => world.storage.memories.listRevisions({ tenant, storeId, after: 0, limit: 10 });
  expect((await listRevisions()).map(({ number }) => number)).toEqual([1, 2, 3]);
  world.clock.jumpWall(retentionMs + dayMs);
  await sweeperOf(world).sweep();
  expect(await textsOf(world, storeId)).toEqual(["a, later"]);
  expect((await listRevisions()).map(({ number }) => number)).toEqual([2]);
  expect((await storeRow(world, storeId)).revision).toBe(3);
});

test("rows that no commit ever showed go with the rest, and those of a store that is gone go sooner", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "a" });
  const stage = (store: string, id: string) =>
    world.storage.memories.putVersions({
      tenant,
      storeId: store,
      commit: { id: `cmt_${id}`, origin: null, actor: null, at: world.clock.now() },
      first: 0,
      versions: [
        {
          ...{ id: `memver_${id}`, memoryId: "mem_one", operation: "created", path: "/a.md", version: 1 },
          ...{ contentHash: world.deps.digest.sha256(id), sizeBytes: 1 },
        },
      ],
    });
  await stage(storeId, "lost");
  await stage("memstore_gone", "late");
  const rows = async () => {
    const query = { tenant, createdBefore: null, after: null, limit: 10 };
    return (await world.deps.sweep.listVersionRows(query)).map(({ id }) => id).filter((id) => /_l/.test(id));
  };
  const sweeper = sweeperOf(world);
  await sweeper.tick();
  await world.clock.advance(confirmMs);
  await sweeper.tick();
  expect(await rows(), "the store may be on its way").toHaveLength(2);
  await sweeper.sweep();
  expect(await rows()).toEqual(["memver_lost"]);
  world.clock.jumpWall(retentionMs + dayMs);
  await sweeper.sweep();
  expect(await rows()).toEqual([]);
  expect(await textsOf(world, storeId)).toEqual(["a"]);
});

test("while it cannot be seen what a store shows all its versions stay", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "a1" });
  await put(world, storeId, { "/a.md": "a2" });
  const { head } = await storeRow(world, storeId);
  const all = { tenant, kind: "head", untouchedSince: Number.MAX_SAFE_INTEGER, after: null } as const;
  const parts = await world.deps.sweep.listParts({ ...all, limit: 10 });
  const shown = parts.filter(({ hash }) => hash === head);
  await world.deps.sweep.deleteParts({ tenant, kind: "head", parts: shown });
  world.clock.jumpWall(2 * retentionMs);
  await sweeperOf(world).sweep();
  const rows = await world.deps.sweep.listVersionRows({
    tenant,
    createdBefore: null,
    after: null,
    limit: 10,
  });
  expect(rows).toHaveLength(2);
});

test("what a copy began with is narrowed to what it still is, and copies of copies have their own", async () => {
  await using world = await setup();
  world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
  expect(bucketOf("/a.md"), "a bucket that is narrowed, and others that go or stay").toBe(
    bucketOf("/a22.md"),
  );
  const storeId = await storeOf(world, { "/a.md": "a", "/a22.md": "b", "/c.md": "c" });
  const { outputId: copy } = await dreamOver(world, storeId, false);
  const { outputId: ofCopy } = await dreamOver(world, copy, false);
  await put(world, copy, { "/a22.md": "b, later" });
  await put(world, ofCopy, { "/a.md": "a, elsewhere", "/a22.md": "b, elsewhere", "/c.md": "c, elsewhere" });
  await put(world, ofCopy, { "/read.md": "read, elsewhere" });
  await world.useCases.deleteMemoryStore(world.principal, { id: storeId });
  const said = "Maya leads the platform team.";
  const sweeper = sweeperOf(world);
  world.clock.jumpWall(retentionMs - dayMs);
  await sweeper.sweep();
  expect(await textsOf(world, copy)).toEqual(["b, later", said, "a", "b", "c"]);
  world.clock.jumpWall(2 * dayMs);
  await sweeper.sweep();
  expect(await textsOf(world, copy)).toEqual(["b, later", said, "a", "c"]);
  expect(await textsOf(world, ofCopy)).toHaveLength(4);
  const copied = await storeRow(world, copy);
  const origin = await world.deps.heads.load(tenant, copied.origin?.head ?? "");
  expect({ ...origin, ...copied.origin }).toMatchObject({ storeId, entryCount: 2, totalBytes: 2 });
  expect((await storeRow(world, ofCopy)).origin).toBeNull();
  const edition = copied.edition;
  world.clock.jumpWall(dayMs);
  await sweeper.sweep();
  expect((await storeRow(world, copy)).edition, "narrowed once").toBe(edition);
  expect(await world.texts(copy)).toEqual({
    ...{ "/a.md": "a", "/a22.md": "b, later", "/c.md": "c", "/read.md": said },
  });
  const { content } = await countParts(world.deps, tenant);
  // The dreams' diffs name what was said, too; b itself is nobody's any more.
  expect(content).toBe(8);
});

test("a copy that was changed while its origin was narrowed keeps the change", async () => {
  await using world = await setup();
  world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
  const storeId = await storeOf(world, { "/a.md": "a", "/b.md": "b" });
  const { outputId: copy } = await dreamOver(world, storeId, false);
  await put(world, copy, { "/b.md": "b, later" });
  world.clock.jumpWall(retentionMs + dayMs);
  const { memories } = world.deps;
  let renamed = 0;
  const save: typeof memories.save = async (write) => {
    renamed += 1;
    const { read } = write;
    if (renamed === 1) {
      const next = { ...read, name: "renamed meanwhile", edition: read.edition + 1 };
      await memories.save({ read, next });
    }
    return memories.save(write);
  };
  const deps = { ...world.deps, memories: { ...memories, save } };
  await sweeperOf({ ...world, deps }).sweep();
  const { name, origin } = await storeRow(world, copy);
  expect(name).toBe("renamed meanwhile");
  expect((await world.deps.heads.load(tenant, origin?.head ?? "")).entryCount).toBe(1);
});
