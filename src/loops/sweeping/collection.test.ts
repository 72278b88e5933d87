/** What is named stays and what is not goes, seen through the use cases. */
import { expect, test } from "vitest";
import { setup } from "../../../test/support/bundle.ts";
import { aRecordedChange, aStore } from "../../../test/support/factories.ts";
import { createScriptedEngine, noteWhatWasRead, nothingNew } from "../../../test/support/scripted-engine.ts";
import {
  confirmMs,
  countParts,
  dreamOver,
  hashesOf,
  loseRace,
  put,
  storeOf,
  sweeperOf,
} from "../../../test/support/sweeping.ts";
import type { Change } from "../../core/change-set.ts";
import { limits } from "../../core/limits.ts";

const none = { head: 0, bucket: 0, content: 0 };
const dayMs = 86_400_000;

test("what a lost race left goes after the grace, and never before", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const sweeper = sweeperOf(world);
  const before = await countParts(world.deps, "acme");
  await loseRace(world, "lost");
  world.clock.jumpWall(limits.partGraceMs - 60_000);
  await sweeper.sweep();
  expect(await countParts(world.deps, "acme")).toEqual({
    head: before.head + 1,
    bucket: before.bucket + 1,
    content: before.content + 1,
  });
  world.clock.jumpWall(60_000);
  await sweeper.sweep();
  expect(await countParts(world.deps, "acme")).toEqual(before);
});

test("all that stores, copies and copies of copies show can be read after any number of sweeps", async () => {
  await using world = await setup();
  world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
  const storeId = await storeOf(world, { "/a.md": "a", "/b.md": "b" });
  const copy = await dreamOver(world, storeId, false);
  await put(world, storeId, { "/a.md": "a, later" });
  const ofCopy = await dreamOver(world, copy.outputId, false);
  await put(world, copy.outputId, { "/b.md": "b, later" });
  const sweeper = sweeperOf(world);
  for (let day = 0; day < 3; day += 1) {
    world.clock.jumpWall(dayMs);
    await sweeper.sweep();
  }
  const read = { "/read.md": "Maya leads the platform team." };
  expect(await world.texts(storeId)).toEqual({ "/a.md": "a, later", "/b.md": "b" });
  expect(await world.texts(copy.outputId)).toEqual({ "/a.md": "a", "/b.md": "b, later", ...read });
  expect(await world.texts(ofCopy.outputId)).toEqual({ "/a.md": "a", "/b.md": "b", ...read });
});

test("heads that were replaced go after a day, and the texts of old versions stay with the versions", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "first" });
  await put(world, storeId, { "/a.md": "second" });
  await put(world, storeId, { "/a.md": "third" });
  world.clock.jumpWall(dayMs + 1);
  await sweeperOf(world).sweep();
  expect(await countParts(world.deps, "acme")).toEqual({ head: 1, bucket: 1, content: 3 });
  const { versions } = await world.useCases.listMemoryVersions(world.principal, {
    ...{ memoryStoreId: storeId, memoryId: null, operation: null, actorId: null },
    ...{ createdFrom: null, createdTo: null, pageSize: 10, pageToken: "" },
  });
  const texts = await Promise.all(
    versions.map(({ id }) =>
      world.useCases.getMemoryVersion(world.principal, { memoryStoreId: storeId, id }),
    ),
  );
  expect(texts.map(({ content }) => content)).toEqual(["third", "second", "first"]);
});

test("the diff of a completed dream shows for as long as the dream is there, and its texts with it", async () => {
  await using world = await setup();
  world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
  const storeId = await storeOf(world, { "/read.md": "nothing yet" });
  const { id, outputId } = await dreamOver(world, storeId, false);
  await world.useCases.deleteMemoryStore(world.principal, { id: outputId });
  await world.useCases.deleteMemoryStore(world.principal, { id: storeId });
  world.clock.jumpWall(100 * dayMs);
  await sweeperOf(world).sweep();
  const { changes } = await world.useCases.diffDream(world.principal, { id, pageSize: 10, pageToken: "" });
  expect(changes.map(({ unifiedDiff }) => unifiedDiff).join()).toMatch(/-nothing yet\n(.*\n)*\+Maya leads/);
});

test("what dead attempts recorded goes once the dream has ended for the grace, with its texts", async () => {
  await using world = await setup();
  const { id: dreamId } = await world.dream();
  const record = async (attempt: number, text: string) => {
    const [content] = [{ hash: world.deps.digest.sha256(text), text }];
    await world.storage.memories.putContents({
      tenant: "acme",
      contents: [content],
      now: world.clock.now(),
    });
    const change = aRecordedChange({ kind: "create", beforeHash: null, afterHash: content.hash });
    await world.storage.memories.putChanges({
      tenant: "acme",
      dreamId,
      attempt,
      first: 0,
      changes: [change],
    });
    return content.hash;
  };
  const dead = await record(7, "never shown");
  world.clock.jumpWall(2 * dayMs);
  const sweeper = sweeperOf(world);
  await sweeper.sweep();
  expect(await hashesOf(world.deps, "acme", "content"), "the dream has not ended").toContain(dead);
  world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
  await world.clock.advance(2_000);
  expect((await world.get(dreamId)).status).toBe("completed");
  await sweeper.sweep();
  expect(await hashesOf(world.deps, "acme", "content"), "it ended just now").toContain(dead);
  world.clock.jumpWall(dayMs);
  await sweeper.sweep();
  expect(await hashesOf(world.deps, "acme", "content")).not.toContain(dead);
  const { changes } = await world.useCases.diffDream(world.principal, {
    ...{ id: dreamId, pageSize: 10, pageToken: "" },
  });
  expect(changes.map(({ change }) => change.path)).toEqual(["/read.md"]);
});

test("a canceled dream keeps nothing it recorded", async () => {
  await using world = await setup();
  const { id: dreamId } = await world.dream();
  const at = { tenant: "acme", dreamId, attempt: 1, first: 0 };
  await world.storage.memories.putChanges({ ...at, changes: [aRecordedChange()] });
  await world.useCases.cancelDream(world.principal, { id: dreamId });
  world.clock.jumpWall(dayMs + 1);
  await sweeperOf(world).sweep();
  expect(await world.storage.memories.listChanges({ ...at, limit: 10 })).toEqual([]);
});

test("changes of a dream that is not there wait for it, as an import may bring it, and then go", async () => {
  await using world = await setup();
  const at = { tenant: "acme", dreamId: "drm_gone", attempt: 1, first: 0 };
  await world.storage.memories.putChanges({ ...at, changes: [aRecordedChange()] });
  const recorded = () => world.storage.memories.listChanges({ ...at, limit: 10 });
  const sweeper = sweeperOf(world);
  await sweeper.tick();
  await world.clock.advance(confirmMs);
  await sweeper.tick();
  expect(await recorded()).toHaveLength(1);
  await sweeper.sweep();
  expect(await recorded()).toEqual([]);
});

test("a text that two stores share survives the deletion of one, and goes with the last, though nothing else is left", async () => {
  await using world = await setup();
  const one = await storeOf(world, { "/a.md": "shared", "/own.md": "of one alone" });
  const two = await storeOf(world, { "/b.md": "shared" });
  const sweeper = sweeperOf(world);
  await world.useCases.deleteMemoryStore(world.principal, { id: one });
  world.clock.jumpWall(dayMs + 1);
  await sweeper.sweep();
  expect(await world.texts(two)).toEqual({ "/b.md": "shared" });
  expect((await countParts(world.deps, "acme")).content).toBe(1);
  await world.useCases.deleteMemoryStore(world.principal, { id: two });
  await sweeperOf(world).sweep();
  expect(await countParts(world.deps, "acme")).toEqual(none);
});

test("another tenant's equal text is its own", async () => {
  await using world = await setup();
  const one = await storeOf(world, { "/a.md": "the same words" });
  const other = await storeOf(world, { "/a.md": "the same words" }, "other");
  await world.useCases.deleteMemoryStore(world.principal, { id: one });
  world.clock.jumpWall(dayMs + 1);
  await sweeperOf(world).sweep();
  expect(await countParts(world.deps, "acme")).toEqual(none);
  expect(await countParts(world.deps, "other")).toEqual({ head: 1, bucket: 1, content: 1 });
  const { content } = await world.useCases.getMemory(
    { tenant: "other", keyId: null },
    { memoryStoreId: other, key: { by: "path", path: "/a.md" } },
  );
  expect(content).toBe("the same words");
});

test("archived stores and what dreams that have not ended will read stay", async () => {
  await using world = await setup();
  const archived = await storeOf(world, { "/a.md": "archived" });
  await world.useCases.archiveMemoryStore(world.principal, { id: archived });
  let ended = false;
  const engine = createScriptedEngine(async (input, { signal }) => {
    await world.clock.sleep(10 * dayMs, signal);
    ended = true;
    const [memory] = input.memories;
    return { ...nothingNew, message: (await input.readMemories([memory?.path ?? ""]))[0] ?? "" };
  });
  const storeId = await storeOf(world, { "/a.md": "as frozen" });
  const { sessionId } = await world.inputs();
  const { id } = await world.useCases.createDream(world.principal, {
    inputMemoryStoreId: storeId,
    sessionIds: [sessionId],
    model: "",
    instructions: null,
    outputBehavior: "update_existing",
    type: "omni",
  });
  const worker = world.worker({ engine });
  worker.start();
  await world.clock.advance(1_000);
  await put(world, storeId, { "/a.md": "written meanwhile" });
  const frozen = (await world.get(id)).frozen?.head ?? "";
  world.clock.jumpWall(5 * dayMs);
  await sweeperOf(world, { versionRetentionMs: dayMs }).sweep();
  expect(ended).toBe(false);
  expect(await world.texts(archived)).toEqual({ "/a.md": "archived" });
  const head = await world.deps.heads.load("acme", frozen);
  const [entry] = await world.deps.heads.list("acme", head);
  const hash = entry?.contentHash ?? "";
  const texts = await world.storage.memories.getContents({ tenant: "acme", hashes: [hash] });
  expect(texts.get(hash)).toBe("as frozen");
});

test("a dream can be reverted within the retention of versions, and refuses cleanly after it", async () => {
  await using world = await setup();
  const told = { reason: "said later", edits: [], trust: "user", flags: [] } as const;
  const engine = createScriptedEngine(async (input) => {
    const changes = input.memories.map(
      ({ path, versionId }): Change => ({ ...told, kind: "delete", path, baseVersionId: versionId }),
    );
    return { ...nothingNew, changes };
  });
  world.worker({ engine }).start();
  const storeId = await storeOf(world, { "/a.md": "a", "/b.md": "b" });
  const { id } = await dreamOver(world, storeId, true);
  expect(await world.texts(storeId)).toEqual({});
  const sweeper = sweeperOf(world);
  world.clock.jumpWall(limits.versionRetentionMs - dayMs);
  await sweeper.sweep();
  await world.useCases.revertDream(world.principal, { id });
  expect(await world.texts(storeId)).toEqual({ "/a.md": "a", "/b.md": "b" });
  const again = await dreamOver(world, storeId, true);
  world.clock.jumpWall(limits.versionRetentionMs + 2 * dayMs);
  await sweeper.sweep();
  await expect(world.useCases.revertDream(world.principal, { id: again.id })).rejects.toMatchObject({
    kind: "failed_precondition",
  });
});

test("the head a store was made with by hand, and no history, is as good as any", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "a" });
  const { head } = (await world.storage.memories.get({ tenant: "acme", id: storeId })) ?? aStore();
  const copy = aStore({ head, origin: { storeId, head } });
  await world.storage.memories.create(copy);
  await put(world, copy.id, { "/b.md": "b" });
  await world.useCases.deleteMemoryStore(world.principal, { id: storeId });
  world.clock.jumpWall(dayMs + 1);
  await sweeperOf(world).sweep();
  expect(await world.texts(copy.id)).toEqual({ "/a.md": "a", "/b.md": "b" });
  expect(await world.deps.heads.list("acme", await world.deps.heads.load("acme", head))).toHaveLength(1);
});

test("what a delete left behind is removed, and its tenant is then as if it had never been", async () => {
  await using world = await setup();
  const { storeId, sessionId } = await world.inputs({ "/a.md": "a" });
  await world.storage.memories.delete({ tenant: "acme", id: storeId });
  await world.storage.sessions.delete({ tenant: "acme", id: sessionId });
  const { sweep } = world.deps;
  const page = { tenant: "acme", limit: 10 };
  expect(await sweep.listDeletedStores(page)).toEqual([storeId]);
  expect(await sweep.listDeletedSessions(page)).toEqual([sessionId]);
  await sweeperOf(world).tick();
  expect(await sweep.listDeletedStores(page)).toEqual([]);
  expect(await sweep.listDeletedSessions(page)).toEqual([]);
  expect(await sweep.listVersionRows({ ...page, createdBefore: null, after: null })).toEqual([]);
  world.clock.jumpWall(dayMs + 1);
  await sweeperOf(world).sweep();
  expect(await sweep.listTenants({ after: null, limit: 10 })).toEqual([]);
});
