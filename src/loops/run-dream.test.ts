/** A run against what others do to its dream meanwhile. */
import { expect, test } from "vitest";
import { type Bundle, setup } from "../../test/support/bundle.ts";
import { createScriptedEngine, noteWhatWasRead, nothingNew } from "../../test/support/scripted-engine.ts";
import type { Dream } from "../core/dream.ts";
import { noUsage, totalUsage } from "../core/dream.ts";
import { limits } from "../core/limits.ts";
import type { DreamStore } from "../ports/dream-store.ts";
import type { ServiceDeps } from "../service/deps.ts";

const kinds = (dream: Dream) => dream.events.map((event) => event.kind);
const never = new AbortController().signal;

/** Does something just before the worker writes its commit, or just after. */
function atCommit(
  world: Bundle,
  {
    before = async () => {},
    after = async () => {},
  }: { before?: () => Promise<void>; after?: () => Promise<void> },
): ServiceDeps {
  const { dreams } = world.deps;
  const save: DreamStore["save"] = async (write) => {
    const commits = write.next.commit !== null && write.read.commit === null;
    if (commits) await before();
    const saved = await dreams.save(write);
    if (commits) await after();
    return saved;
  };
  return { ...world.deps, dreams: { ...dreams, save } };
}

/** An update of `/read.md` over a store with `/old.md`, by a worker over `deps`. */
async function updateOver(world: Bundle, depsFor: (created: () => Dream) => ServiceDeps): Promise<Dream> {
  const created = await world.dream({ update: true, texts: ["said"] });
  world.worker({ engine: createScriptedEngine(noteWhatWasRead), deps: depsFor(() => created) }).start();
  await world.clock.settle();
  return created;
}

test("a cancel just before the commit leaves the store as it was", async () => {
  await using world = await setup();
  const dream = await updateOver(world, (created) =>
    atCommit(world, {
      before: async () => void (await world.useCases.cancelDream(world.principal, { id: created().id })),
    }),
  );
  expect(kinds(await world.get(dream.id))).toEqual(["created", "started", "canceled"]);
  expect(await world.texts(dream.inputs.memoryStoreId)).toEqual({ "/old.md": "old" });
});

test("a cancel just after the commit is refused as of a completed dream, and the store shows all of it", async () => {
  await using world = await setup();
  let refusal: unknown = null;
  const dream = await updateOver(world, (created) =>
    atCommit(world, {
      after: () =>
        world.useCases.cancelDream(world.principal, { id: created().id }).then(
          () => {},
          (error: unknown) => {
            refusal = error;
          },
        ),
    }),
  );
  expect(refusal).toMatchObject({
    kind: "failed_precondition",
    message: expect.stringContaining("completed"),
  });
  expect(kinds(await world.get(dream.id))).toEqual(["created", "started", "completed"]);
  expect(await world.texts(dream.inputs.memoryStoreId)).toEqual({ "/old.md": "old", "/read.md": "said" });
});

test("a store archived between commit and switch fails the dream and stays as it was", async () => {
  await using world = await setup();
  const { memories } = world.deps;
  const switchHead: typeof memories.switchHead = async ({ tenant, storeId }) => {
    const store = await memories.get({ tenant, id: storeId });
    return { outcome: "moved", store: store && { ...store, archivedAt: 1 } };
  };
  const dream = await updateOver(world, () => ({ ...world.deps, memories: { ...memories, switchHead } }));
  expect(await world.get(dream.id)).toMatchObject({
    status: "failed",
    error: { type: "input_memory_store_unavailable" },
    holds: [],
  });
  expect(await world.texts(dream.inputs.memoryStoreId)).toEqual({ "/old.md": "old" });
});

test("a worker that lost its dream while its engine failed does not end the attempt of another", async () => {
  await using world = await setup();
  const created = await world.dream();
  const { dreams } = world.deps;
  const engine = createScriptedEngine(async (_input, _context, run) => {
    if (run > 1) return nothingNew;
    await world.reaper().reapAll();
    const ids = { outputStoreId: "unused", sessionId: "unused" };
    const request = { workerId: "other", limit: 1, makeIds: () => ids, accepts: () => true };
    await dreams.claim({ ...request, now: world.clock.now() });
    throw new TypeError("a bug");
  });
  world.worker({ engine, concurrency: 1 }).start();
  await world.clock.settle();
  expect(await world.get(created.id)).toMatchObject({ status: "running", workerId: "other", attempt: 2 });
});

test("what is said after a dream began is not read by it", async () => {
  await using world = await setup();
  const created = await world.dream({ texts: ["before"] });
  const [sessionId = ""] = created.inputs.sessions.kind === "ids" ? created.inputs.sessions.ids : [];
  const engine = createScriptedEngine(async (input) => {
    const block = { type: "text", text: "after" } as const;
    const event = { id: "", speaker: "user", trust: "user", blocks: [block], at: null } as const;
    await world.useCases.appendSessionEvents(world.principal, { sessionId, events: [event] });
    return noteWhatWasRead(input);
  });
  world.worker({ engine }).start();
  await world.clock.settle();
  const dream = await world.get(created.id);
  expect(await world.texts(dream.ids?.outputStoreId ?? "")).toMatchObject({ "/read.md": "before" });
});

test("a memory has the time of the dream's first start, whichever attempt wrote it", async () => {
  await using world = await setup();
  const engine = createScriptedEngine(async (input) => {
    await world.clock.sleep(20_000, never);
    return noteWhatWasRead(input);
  });
  world.worker({ engine }).start();
  const created = await world.dream();
  await world.clock.advance(25_000);
  const dream = await world.get(created.id);
  const { entry } = await world.useCases.getMemory(world.principal, {
    memoryStoreId: dream.ids?.outputStoreId ?? "",
    key: { by: "path", path: "/read.md" },
  });
  expect(entry.updatedAt).toBe(dream.events[1]?.at);
});

test("the usage an engine answers with is the dream's, though it ends within a second", async () => {
  await using world = await setup();
  const usage = { ...noUsage, inputTokens: 1_200, outputTokens: 34 };
  world.worker({ engine: createScriptedEngine(async () => ({ ...nothingNew, usage })) }).start();
  const created = await world.dream();
  await world.clock.settle();
  expect(totalUsage(await world.get(created.id))).toEqual(usage);
});

test("a dream that was started too often fails and runs no engine", async () => {
  await using world = await setup();
  const engine = createScriptedEngine(async () => nothingNew);
  const { dreams } = world.deps;
  const claim: DreamStore["claim"] = async (request) =>
    (await dreams.claim(request)).map((dream) => ({ ...dream, attempt: limits.claimsMax + 1 }));
  world.worker({ engine, deps: { ...world.deps, dreams: { ...dreams, claim } } }).start();
  const created = await world.dream();
  await world.clock.settle();
  expect(await world.get(created.id)).toMatchObject({
    status: "failed",
    error: { type: "too_many_attempts" },
  });
  expect(engine.runs()).toBe(0);
});
