/** A dream that wrote into its input store is undone, but for what somebody changed since. */
import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { createScriptedEngine, nothingNew } from "../../../test/support/scripted-engine.ts";
import type { Change } from "../../core/change-set.ts";
import { limits } from "../../core/limits.ts";
import { revertOrigin } from "../../core/memory-version.ts";
import type { EngineInput } from "../../ports/engine.ts";

const told = { reason: "said later", edits: [], trust: "user", flags: [] } as const;

const before = { "/changed.md": "old", "/gone.md": "dear", "/moved.md": "here", "/same.md": "as ever" };

/** Changes, deletes, moves and creates a memory each. */
function everyChange(input: EngineInput): Change[] {
  const versionAt = (path: string) => input.memories.find((memory) => memory.path === path)?.versionId ?? "";
  const base = (path: string) => ({ ...told, path, baseVersionId: versionAt(path) });
  return [
    { ...base("/changed.md"), kind: "update", content: "dreamt" },
    { ...base("/gone.md"), kind: "delete" },
    { ...base("/moved.md"), kind: "rename", toPath: "/there.md" },
    { ...told, kind: "create", path: "/new.md", content: "dreamt" },
  ];
}

const after = { "/changed.md": "dreamt", "/new.md": "dreamt", "/same.md": "as ever", "/there.md": "here" };

async function dreamt(world: Bundle, changes: (input: EngineInput) => Change[] = everyChange) {
  const { storeId, sessionId } = await world.inputs(before);
  world
    .worker({
      engine: createScriptedEngine(async (input) => ({ ...nothingNew, changes: changes(input) })),
    })
    .start();
  const { id } = await world.useCases.createDream(world.principal, {
    inputMemoryStoreId: storeId,
    sessionIds: [sessionId],
    model: "",
    instructions: null,
    outputBehavior: "update_existing",
    type: "omni",
  });
  await world.clock.settle();
  expect((await world.get(id)).status).toBe("completed");
  const revert = () => world.useCases.revertDream(world.principal, { id });
  const put = (path: string, content: string) =>
    world.useCases.putMemories(world.principal, {
      memoryStoreId: storeId,
      memories: [{ path, content }],
    });
  return { id, storeId, revert, put };
}

describe("a revert", () => {
  test("brings back every text and path, under the ids the memories had", async () => {
    await using world = await setup();
    const { storeId, revert } = await dreamt(world);
    expect(await world.texts(storeId)).toEqual(after);
    const answer = await revert();
    expect(answer.conflictingPaths).toEqual([]);
    expect(await world.texts(storeId)).toEqual(before);
    const versions = await world.deps.memories.listVersions({
      tenant: world.principal.tenant,
      storeId,
      filter: { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null },
      after: null,
      limit: 100,
    });
    const restored = versions.filter((version) => version.path === "/gone.md").map((one) => one.operation);
    expect(restored).toEqual(["created", "deleted", "created"]);
    expect(new Set(versions.filter((one) => one.path === "/gone.md").map((one) => one.memoryId)).size).toBe(
      1,
    );
    const numbers = versions.filter((version) => version.path === "/gone.md").map((one) => one.version);
    expect(numbers).toEqual([3, 2, 1]);
  });

  test("leaves alone what somebody changed since, and names it", async () => {
    await using world = await setup();
    const { storeId, revert, put } = await dreamt(world);
    await put("/changed.md", "the agent's");
    await put("/new.md", "mine now");
    await put("/gone.md", "written anew");
    const { conflictingPaths } = await revert();
    expect(conflictingPaths).toEqual(["/changed.md", "/gone.md", "/new.md"]);
    expect(await world.texts(storeId)).toEqual({
      "/changed.md": "the agent's",
      "/gone.md": "written anew",
      "/moved.md": "here",
      "/new.md": "mine now",
      "/same.md": "as ever",
    });
  });

  test("does not put a memory where others need a folder by now", async () => {
    await using world = await setup();
    const { storeId, revert, put } = await dreamt(world);
    await put("/moved.md/inside.md", "the agent's");
    expect((await revert()).conflictingPaths).toEqual(["/there.md"]);
    expect(await world.texts(storeId)).toMatchObject({ "/there.md": "here", "/gone.md": "dear" });
  });

  test("made twice, or by two at once, is made once", async () => {
    await using world = await setup();
    const { id, storeId, revert, put } = await dreamt(world);
    await put("/changed.md", "the agent's");
    const answers = await Promise.all([revert(), revert()]);
    for (const answer of answers) expect(answer.conflictingPaths).toEqual(["/changed.md"]);
    const store = await world.deps.memories.get({ tenant: world.principal.tenant, id: storeId });
    await put("/gone.md", "changed after the revert");
    expect((await revert()).conflictingPaths).toEqual(["/changed.md"]);
    expect(await world.texts(storeId)).toMatchObject({ "/gone.md": "changed after the revert" });
    const made = await world.deps.memories.findRevision({
      tenant: world.principal.tenant,
      storeId,
      origin: revertOrigin(id),
    });
    expect(made?.number).toBe(store?.revision);
  });

  test("of a dream that changed nothing changes nothing", async () => {
    await using world = await setup();
    const { storeId, revert } = await dreamt(world, () => []);
    expect((await revert()).conflictingPaths).toEqual([]);
    expect(await world.texts(storeId)).toEqual(before);
  });

  test("is refused for a dream that made a new store, and for one that did not complete", async () => {
    await using world = await setup();
    const made = await world.dream();
    const revert = () => world.useCases.revertDream(world.principal, { id: made.id });
    await expect(revert()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: /is pending/,
    });
    world.worker().start();
    await world.clock.settle();
    await expect(revert()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: /made a new store/,
    });
  });

  test("is refused in an archived store", async () => {
    await using world = await setup();
    const { storeId, revert } = await dreamt(world);
    await world.useCases.archiveMemoryStore(world.principal, { id: storeId });
    await expect(revert()).rejects.toMatchObject({ kind: "failed_precondition" });
  });

  test("is refused once the old texts are no longer kept", async () => {
    await using world = await setup();
    const { storeId, revert } = await dreamt(world);
    const { tenant } = world.principal;
    const parts = await world.deps.sweep.listParts({
      tenant,
      kind: "head",
      untouchedSince: world.clock.now() + 1,
      after: null,
      limit: limits.sweepBatch,
    });
    const { head } = (await world.deps.memories.get({ tenant, id: storeId })) ?? { head: "" };
    await world.deps.sweep.deleteParts({
      tenant,
      kind: "head",
      parts: parts.filter(({ hash }) => hash !== head),
    });
    await expect(revert()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: /no longer kept/,
    });
  });
});
