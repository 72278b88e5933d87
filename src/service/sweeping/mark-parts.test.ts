/** Marks are what is named, however names move while they are made. */
import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { createScriptedEngine, noteWhatWasRead, nothingNew } from "../../../test/support/scripted-engine.ts";
import { dreamOver, looseParts, loseRace, put, putParts, storeOf } from "../../../test/support/sweeping.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";
import type { ServiceDeps } from "../deps.ts";
import { finishCommit } from "../dreams/finish-commit.ts";
import { type MarkOptions, type Marks, markParts } from "./mark-parts.ts";

const dayMs = 86_400_000;
const tenant = "acme";

function mark(world: Bundle, deps: ServiceDeps, options: Partial<MarkOptions> = {}): Promise<Marks> {
  const { signal } = new AbortController();
  const now = world.clock.now();
  return markParts(deps, tenant, { now, graceMs: dayMs, keepRevertibleSince: null, signal, ...options });
}

/** The head the store shows now, with its only bucket and its only text. */
async function shown(world: Bundle, storeId: string) {
  const { head } = await world.useCases.getMemoryStore(world.principal, { id: storeId });
  const [entry] = await world.deps.heads.list(tenant, head);
  return {
    head: head.hash,
    bucket: head.buckets.find((bucket) => bucket !== "") ?? "",
    content: entry?.contentHash ?? "",
  };
}

/** A dream that was committed and whose store was not switched, for its worker was cut off. */
async function committed(world: Bundle) {
  const switchHead: MemoryStores["switchHead"] = async () => {
    throw new ReveriedError("unavailable", "the storage is away");
  };
  const memories = { ...world.deps.memories, switchHead };
  const { id } = await world.dream({ update: true });
  const engine = createScriptedEngine(noteWhatWasRead);
  const worker = world.worker({ engine, deps: { ...world.deps, memories } });
  worker.start();
  await world.clock.advance(2_000);
  await worker.stop(0);
  const dream = await world.get(id);
  if (dream.status !== "running" || dream.commit === null) throw new Error("the dream has no commit");
  return { id, dream: { ...dream, commit: dream.commit } };
}

/** The same dependencies, with something that happens once, just before the first call of a port's method. */
function beforeFirst<P extends "memories" | "dreams" | "sweep", M extends keyof ServiceDeps[P]>(
  deps: ServiceDeps,
  port: P,
  method: M,
  happens: () => Promise<void>,
): ServiceDeps {
  let happened = false;
  const proxy = new Proxy(deps[port], {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (name !== method || typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        if (!happened) {
          happened = true;
          await happens();
        }
        return value.apply(target, args);
      };
    },
  });
  return { ...deps, [port]: proxy };
}

describe("what is marked", () => {
  test("heads that were replaced are named for the grace, unless it is left out", async () => {
    await using world = await setup();
    const storeId = await storeOf(world, { "/a.md": "old" });
    const old = await shown(world, storeId);
    await put(world, storeId, { "/a.md": "new" });
    world.clock.jumpWall(dayMs - 1);
    const kept = await mark(world, world.deps);
    expect(kept.has("head", old.head) && kept.has("bucket", old.bucket)).toBe(true);
    const bare = await mark(world, world.deps, { graceMs: 0 });
    expect(bare.has("head", old.head) || bare.has("bucket", old.bucket)).toBe(false);
    expect(bare.has("content", old.content), "a version names it").toBe(true);
    world.clock.jumpWall(2);
    expect((await mark(world, world.deps)).has("head", old.head)).toBe(false);
  });

  test("heads that a revert needs are named while the dream's end is not too long ago", async () => {
    await using world = await setup();
    world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
    const storeId = await storeOf(world, { "/read.md": "old" });
    const before = await shown(world, storeId);
    const { id } = await dreamOver(world, storeId, true);
    const after = await shown(world, storeId);
    await put(world, storeId, { "/read.md": "new" });
    world.clock.jumpWall(10 * dayMs);
    const since = world.clock.now() - 11 * dayMs;
    const kept = await mark(world, world.deps, { keepRevertibleSince: since });
    for (const { head, bucket } of [before, after]) {
      expect(kept.has("head", head) && kept.has("bucket", bucket)).toBe(true);
    }
    const later = await mark(world, world.deps, { keepRevertibleSince: since + 2 * dayMs });
    expect(later.has("head", before.head)).toBe(false);
    expect((await mark(world, world.deps)).has("head", before.head)).toBe(false);
    expect((await world.get(id)).status).toBe("completed");
  });

  test("what a dream that has not ended read and is about to show is named for as long as that takes", async () => {
    await using world = await setup();
    const { dream } = await committed(world);
    await put(world, dream.inputs.memoryStoreId, { "/old.md": "written since" });
    world.clock.jumpWall(50 * dayMs);
    const marks = await mark(world, world.deps);
    for (const hash of [dream.frozen?.head ?? "", dream.commit.base, dream.commit.next]) {
      expect(marks.has("head", hash)).toBe(true);
      for (const { contentHash } of await world.deps.heads.list(
        tenant,
        await world.deps.heads.load(tenant, hash),
      )) {
        expect(marks.has("content", contentHash)).toBe(true);
      }
    }
  });

  test("of what is deleted, lost or another tenant's, nothing is", async () => {
    await using world = await setup();
    const gone = await storeOf(world, { "/a.md": "gone" });
    const was = await shown(world, gone);
    await world.storage.memories.delete({ tenant, id: gone });
    await storeOf(world, { "/a.md": "other" }, "other");
    const lost = looseParts("lost");
    await putParts(world, lost);
    const marks = await mark(world, world.deps, { graceMs: 0 });
    expect(marks.has("head", was.head)).toBe(false);
    expect(marks.has("content", was.content), "its version rows are still there").toBe(false);
    expect(marks.has("head", lost.head.hash)).toBe(false);
    expect(marks.has("content", world.deps.digest.sha256("other"))).toBe(false);
  });
});

describe("names that move while they are marked", () => {
  test("a store that is switched after it was looked at", async () => {
    await using world = await setup();
    const storeId = await storeOf(world, { "/a.md": "old" });
    const old = await shown(world, storeId);
    world.clock.jumpWall(10 * dayMs);
    const marks = await mark(
      world,
      beforeFirst(world.deps, "memories", "list", () => put(world, storeId, { "/a.md": "new" })),
    );
    const now = await shown(world, storeId);
    expect(marks.has("head", old.head), "a copy in hand may be of it").toBe(true);
    expect(marks.has("head", now.head) && marks.has("content", now.content)).toBe(true);
  });

  test.each(["memories", "dreams"] as const)(
    "a commit of days ago that is rolled forward as the walk reads %s",
    async (port) => {
      await using world = await setup();
      const { id, dream } = await committed(world);
      const { next, base } = dream.commit;
      world.clock.jumpWall(5 * dayMs);
      const finish = async () => {
        await finishCommit(world.deps, dream);
      };
      const deps =
        port === "memories"
          ? beforeFirst(world.deps, "memories", "list", finish)
          : beforeFirst(world.deps, "dreams", "list", finish);
      const marks = await mark(world, deps);
      expect((await world.get(id)).status).toBe("completed");
      const head = await world.deps.heads.load(tenant, next);
      expect(marks.has("head", next) && marks.has("head", base)).toBe(true);
      for (const bucket of head.buckets) if (bucket !== "") expect(marks.has("bucket", bucket)).toBe(true);
      for (const { contentHash } of await world.deps.heads.list(tenant, head)) {
        expect(marks.has("content", contentHash)).toBe(true);
      }
    },
  );

  test("a head that another sweeper took once its store had left it is no damage", async () => {
    await using world = await setup();
    const storeId = await storeOf(world, { "/a.md": "old" });
    const old = await shown(world, storeId);
    const deps = beforeFirst(world.deps, "memories", "getHead", async () => {
      await put(world, storeId, { "/a.md": "new" });
      const query = { tenant, kind: "head", untouchedSince: Number.MAX_SAFE_INTEGER } as const;
      const parts = await world.deps.sweep.listParts({ ...query, after: null, limit: 10 });
      await world.deps.sweep.deleteParts({
        ...{ tenant, kind: "head" },
        parts: parts.filter(({ hash }) => hash === old.head),
      });
    });
    const now = (marks: Marks, { head, bucket }: typeof old) =>
      marks.has("head", head) && marks.has("bucket", bucket);
    const marks = await mark(world, deps, { graceMs: 0 });
    expect(now(marks, await shown(world, storeId))).toBe(true);
  });

  test("a store whose head is nowhere stops the walk and is named", async () => {
    await using world = await setup();
    const storeId = await storeOf(world, { "/a.md": "a" });
    const [part] = await world.deps.sweep.listParts({
      ...{ tenant, kind: "head", untouchedSince: Number.MAX_SAFE_INTEGER, after: null, limit: 1 },
    });
    if (part === undefined) throw new Error("there is no head");
    await world.deps.sweep.deleteParts({ tenant, kind: "head", parts: [part] });
    await expect(mark(world, world.deps)).rejects.toMatchObject({
      kind: "internal",
      message: expect.stringContaining(storeId),
    });
  });
});

test("a walk ends with the signal's reason, and lets others have their turn", async () => {
  await using world = await setup();
  world.worker({ engine: createScriptedEngine(async () => nothingNew) }).start();
  for (let lost = 0; lost < 20; lost += 1) {
    await storeOf(world, { "/a.md": `${lost}` });
    await loseRace(world, `lost ${lost}`);
  }
  const controller = new AbortController();
  const walk = mark(world, world.deps, {});
  const stopped = markParts(world.deps, tenant, {
    ...{ now: world.clock.now(), graceMs: dayMs, keepRevertibleSince: null, signal: controller.signal },
  });
  let turns = 0;
  let ended = false;
  void walk.finally(() => {
    ended = true;
  });
  await world.clock.nextTurn();
  controller.abort(new ReveriedError("unavailable", "stopped"));
  await expect(stopped).rejects.toThrow("stopped");
  while (!ended) {
    turns += 1;
    await world.clock.nextTurn();
  }
  expect(turns).toBeGreaterThan(20);
});
