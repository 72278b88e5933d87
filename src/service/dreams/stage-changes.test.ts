/** What becomes of an engine's changes when agents write into the same store, and when the store can take no more. */
import { expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { createScriptedEngine, nothingNew } from "../../../test/support/scripted-engine.ts";
import type { Change } from "../../core/change-set.ts";
import type { Dream } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { EngineInput } from "../../ports/engine.ts";

const told = { reason: "said later", edits: [], trust: "user", flags: [] } as const;

type Wanted =
  | { readonly create: string }
  | { readonly delete: string }
  | { readonly rename: string; readonly to: string };

function changeOf(input: EngineInput, wanted: Wanted): Change {
  if ("create" in wanted) return { ...told, kind: "create", path: wanted.create, content: "dreamt" };
  const path = "delete" in wanted ? wanted.delete : wanted.rename;
  const baseVersionId = input.memories.find((memory) => memory.path === path)?.versionId ?? "";
  return "delete" in wanted
    ? { ...told, kind: "delete", path, baseVersionId }
    : { ...told, kind: "rename", path, toPath: wanted.to, baseVersionId };
}

/** Runs a dream that updates a store of these memories, while an agent writes those of `agent`. */
async function dreamOver(
  world: Bundle,
  memories: Record<string, string>,
  wanted: readonly Wanted[],
  agent: Record<string, string> = {},
): Promise<{ readonly dream: Dream; readonly texts: Record<string, string> }> {
  const { storeId, sessionId } = await world.inputs(memories);
  const engine = createScriptedEngine(async (input) => {
    const puts = Object.entries(agent).map(([path, content]) => ({ path, content }));
    if (puts.length > 0) {
      await world.useCases.putMemories(world.principal, { memoryStoreId: storeId, memories: puts });
    }
    return { ...nothingNew, changes: wanted.map((one) => changeOf(input, one)) };
  });
  world.worker({ engine }).start();
  const created = await world.useCases.createDream(world.principal, {
    inputMemoryStoreId: storeId,
    sessionIds: [sessionId],
    model: "",
    instructions: null,
    outputBehavior: "update_existing",
    type: "omni",
  });
  await world.clock.settle();
  return { dream: await world.get(created.id), texts: await world.texts(storeId) };
}

test("a rename takes the text along", async () => {
  await using world = await setup();
  const { dream, texts } = await dreamOver(world, { "/a": "old" }, [{ rename: "/a", to: "/b" }]);
  expect(dream).toMatchObject({ status: "completed", summary: { renamed: 1, conflicts: 0 } });
  expect(texts).toEqual({ "/b": "old" });
});

test.each([
  ["a rename onto a memory nobody was to touch", { rename: "/a", to: "/b" }],
  ["a create over a memory", { create: "/b" }],
  ["a delete of nothing", { delete: "/c" }],
  ["a rename of nothing", { rename: "/c", to: "/d" }],
] as const)("an engine that wants %s fails the dream and changes nothing", async (_, wanted) => {
  await using world = await setup();
  const memories = { "/a": "mine", "/b": "dear to me" };
  const { dream, texts } = await dreamOver(world, memories, [wanted]);
  expect(dream).toMatchObject({ status: "failed", error: { type: "invalid_argument" } });
  expect(texts).toEqual(memories);
});

test("a folder that an agent made where the dream wants a memory is a conflict", async () => {
  await using world = await setup();
  const wanted = [{ create: "/a" }, { create: "/b" }];
  const { dream, texts } = await dreamOver(world, {}, wanted, { "/a/agent.md": "the agent's" });
  expect(dream).toMatchObject({ status: "completed", summary: { created: 1, conflicts: 1 } });
  expect(texts).toEqual({ "/a/agent.md": "the agent's", "/b": "dreamt" });
});

test("a delete that gives way to an agent takes what was to come in its place with it", async () => {
  await using undisturbed = await setup();
  const wanted = [{ delete: "/a" }, { create: "/a/b" }];
  const alone = await dreamOver(undisturbed, { "/a": "old" }, wanted);
  expect(alone.texts).toEqual({ "/a/b": "dreamt" });
  await using world = await setup();
  const { dream, texts } = await dreamOver(world, { "/a": "old" }, wanted, { "/a": "the agent's" });
  expect(dream).toMatchObject({ status: "completed", summary: { created: 0, deleted: 0, conflicts: 2 } });
  expect(texts).toEqual({ "/a": "the agent's" });
});

test("a rename that gives way keeps its memory, and with it what was to come below", async () => {
  await using world = await setup();
  const wanted = [{ rename: "/a", to: "/c" }, { create: "/a/b" }];
  const { dream, texts } = await dreamOver(world, { "/a": "old" }, wanted, { "/c/d": "the agent's" });
  expect(dream).toMatchObject({ status: "completed", summary: { renamed: 0, created: 0, conflicts: 2 } });
  expect(texts).toEqual({ "/a": "old", "/c/d": "the agent's" });
});

test("a store that was filled between commit and switch fails the dream, which is then not met for ever", async () => {
  await using world = await setup();
  const { memories, heads } = world.deps;
  let switches = 0;
  const switchHead: typeof memories.switchHead = async (request) => {
    switches += 1;
    if (switches === 1) {
      const writes = [{ path: "/agent.md", content: "the agent's" }];
      await world.useCases.putMemories(world.principal, { memoryStoreId: request.storeId, memories: writes });
    }
    return memories.switchHead(request);
  };
  let derived = 0;
  const derive: typeof heads.derive = async (...args) => {
    derived += 1;
    if (derived > 1) throw new ReveriedError("resource_exhausted", "the store would have 10001 memories");
    return heads.derive(...args);
  };
  const deps = { ...world.deps, memories: { ...memories, switchHead }, heads: { ...heads, derive } };
  const change = { ...told, kind: "create", path: "/b", content: "dreamt" } as const;
  const engine = createScriptedEngine(async () => ({ ...nothingNew, changes: [change] }));
  world.worker({ engine, deps }).start();
  const created = await world.dream({ update: true });
  await world.clock.advance(60_000);
  const dream = await world.get(created.id);
  expect(dream).toMatchObject({ status: "failed", error: { type: "resource_exhausted" }, holds: [] });
  expect(Object.keys(await world.texts(created.inputs.memoryStoreId))).toEqual(["/agent.md", "/old.md"]);
});
