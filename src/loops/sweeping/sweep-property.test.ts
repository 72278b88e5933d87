/** Whatever was written, dreamt, reverted, redacted and deleted, and whenever it is swept: what can be read stays as it was. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { createScriptedEngine, nothingNew } from "../../../test/support/scripted-engine.ts";
import {
  confirmMs,
  countParts,
  loseRace,
  put,
  storeOf,
  sweeperOf,
  type TestSweeper,
} from "../../../test/support/sweeping.ts";
import type { Change } from "../../core/change-set.ts";
import { isReveriedError } from "../../core/errors.ts";
import type { EngineInput } from "../../ports/engine.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const retentionMs = 3 * dayMs;

const index = fc.nat({ max: 7 });
// The first two lie in one bucket.
const path = fc.constantFrom("/a.md", "/a22.md", "/c/d.md", "/c/e.md");
const text = fc.constantFrom("one", "two", "three", "four");
const plan = fc.constantFrom("write", "delete", "rename", "nothing");

const often = fc.oneof(
  fc.record({ kind: fc.constant("put"), store: index, path, text }),
  fc.record({ kind: fc.constant("dream"), store: index, update: fc.boolean(), plan, text }),
  fc.record({ kind: fc.constant("wait"), hours: fc.constantFrom(1, 12, 25, 80) }),
  fc.record({ kind: fc.constant("sweep") }),
);
const seldom = fc.oneof(
  fc.record({ kind: fc.constant("create"), path, text }),
  fc.record({ kind: fc.constant("remove"), store: index, path }),
  fc.record({ kind: fc.constant("rename"), store: index, path, to: path }),
  fc.record({ kind: fc.constant("revert"), dream: index }),
  fc.record({ kind: fc.constant("redact"), store: index, version: index }),
  fc.record({ kind: fc.constant("drop"), store: index }),
  fc.record({ kind: fc.constant("lose"), text }),
  // A walk that stands still while others write, or is lost with its process.
  fc.record({ kind: fc.constant("walk"), runs: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant("restart") }),
);
const step = fc.oneof(often, seldom);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Run {
  readonly world: Bundle;
  readonly stores: string[];
  readonly dreams: string[];
  sweeper: TestSweeper;
  plan: "write" | "delete" | "rename" | "nothing";
  text: string;
}

function changesOf({ plan, text }: Run, input: EngineInput): Change[] {
  const told = { reason: "so it is", edits: [], trust: "user", flags: [] } as const;
  const [first] = input.memories;
  if (plan === "nothing") return [];
  const created: Change = { ...told, kind: "create", path: "/dreamt.md", content: `dreamt ${text}` };
  if (first === undefined) return [created];
  const base = { ...told, path: first.path, baseVersionId: first.versionId };
  if (plan === "delete") return [{ ...base, kind: "delete" }];
  const toPath = "/moved.md";
  if (plan === "rename" && !input.memories.some((memory) => memory.path === toPath)) {
    return [{ ...base, kind: "rename", toPath }];
  }
  return [{ ...base, kind: "update", content: `dreamt ${text}` }];
}

const at = <T>(items: readonly T[], place: number): T | undefined => items[place % Math.max(1, items.length)];

async function take(run: Run, one: Step): Promise<void> {
  const { world } = run;
  switch (one.kind) {
    case "create":
      run.stores.push(await storeOf(world, { [one.path]: one.text }));
      return;
    case "lose":
      await loseRace(world, one.text);
      return;
    case "wait":
      world.clock.jumpWall(one.hours * hourMs);
      return;
    case "sweep":
      return sweepAndCompare(run);
    case "walk":
      await world.clock.advance(confirmMs);
      for (let runs = 0; runs < one.runs; runs += 1) {
        for (const chore of run.sweeper.chores) {
          await chore.run(world.clock.now(), new AbortController().signal);
        }
      }
      return;
    case "restart":
      run.sweeper = sweeperOf(world, { versionRetentionMs: retentionMs });
      return;
    default:
      // What a use case refuses is as good a step as any: only a missing part is not.
      await change(run, one).catch((error: unknown) => {
        if (!isReveriedError(error) || error.kind === "internal") throw error;
      });
  }
}

type Written = Extract<Step, { kind: "put" | "remove" | "rename" | "dream" | "revert" | "redact" | "drop" }>;

async function change(run: Run, one: Written): Promise<void> {
  const { world } = run;
  const { principal, useCases } = world;
  if (one.kind === "revert") {
    const id = at(run.dreams, one.dream);
    if (id !== undefined) await useCases.revertDream(principal, { id });
    return;
  }
  const memoryStoreId = at(run.stores, one.store);
  if (memoryStoreId === undefined) return;
  switch (one.kind) {
    case "put":
      return put(world, memoryStoreId, { [one.path]: one.text });
    case "drop":
      await useCases.deleteMemoryStore(principal, { id: memoryStoreId });
      run.stores.splice(run.stores.indexOf(memoryStoreId), 1);
      return;
    case "redact": {
      const version = at(await versionsOf(world, memoryStoreId), one.version);
      if (version !== undefined) {
        await useCases.redactMemoryVersion(principal, { memoryStoreId, id: version.id });
      }
      return;
    }
    case "dream":
      return dream(run, memoryStoreId, one);
    default: {
      const key = { by: "path", path: one.path } as const;
      const { id } = await useCases.getMemory(principal, { memoryStoreId, key });
      const asked = { memoryStoreId, id, expectedSha256: null, expectedVersion: null, sessionId: null };
      if (one.kind === "remove") await useCases.deleteMemory(principal, asked);
      else await useCases.updateMemory(principal, { ...asked, content: null, path: one.to });
    }
  }
}

async function dream(
  run: Run,
  inputMemoryStoreId: string,
  { update, plan, text }: Extract<Step, { kind: "dream" }>,
): Promise<void> {
  const { world } = run;
  Object.assign(run, { plan, text });
  const { id } = await world.useCases.createDream(world.principal, {
    inputMemoryStoreId,
    ...{ sessionIds: [], model: "", instructions: null, type: "omni" },
    outputBehavior: update ? "update_existing" : "create_new",
  });
  await world.clock.advance(2_000);
  const { status, ids } = await world.get(id);
  if (status !== "completed") return;
  run.dreams.push(id);
  if (!update && ids !== null) run.stores.push(ids.outputStoreId);
}

async function versionsOf({ useCases, principal }: Bundle, memoryStoreId: string) {
  const query = { memoryStoreId, memoryId: null, operation: null, actorId: null };
  const page = { createdFrom: null, createdTo: null, pageSize: 100, pageToken: "" };
  return (await useCases.listMemoryVersions(principal, { ...query, ...page })).versions;
}

/** All that can be read; a text that is missing where there should be one fails. */
async function readAll({ world, stores, dreams }: Run) {
  const { principal, useCases } = world;
  const texts: Record<string, Record<string, string>> = {};
  const versions = new Map<string, { content: string | null; old: boolean }>();
  for (const memoryStoreId of stores) {
    texts[memoryStoreId] = await world.texts(memoryStoreId);
    for (const { id } of await versionsOf(world, memoryStoreId)) {
      const version = await useCases.getMemoryVersion(principal, { memoryStoreId, id });
      if (version.contentHash !== null) expect(version.content, `version ${id}`).not.toBeNull();
      const old = version.createdAt < world.clock.now() - retentionMs;
      versions.set(id, { content: version.content, old });
    }
  }
  const diffs: unknown[] = [];
  for (const id of dreams)
    diffs.push(await useCases.diffDream(principal, { id, pageSize: 50, pageToken: "" }));
  return { texts, versions, diffs };
}

async function sweepAndCompare(run: Run): Promise<void> {
  const before = await readAll(run);
  await run.sweeper.sweep();
  const after = await readAll(run);
  expect(after.texts).toEqual(before.texts);
  expect(after.diffs).toEqual(before.diffs);
  const shown = new Set<string>();
  for (const memoryStoreId of run.stores) {
    const page = { pathPrefix: "", depth: 0, pageSize: 100, pageToken: "", includeContent: false } as const;
    const { memories } = await run.world.useCases.listMemories(run.world.principal, {
      ...{ memoryStoreId, ...page },
    });
    for (const { versionId } of memories) shown.add(versionId);
  }
  for (const [id, { content, old }] of before.versions) {
    const still = after.versions.get(id);
    if (still === undefined) expect(old && !shown.has(id), `version ${id} went`).toBe(true);
    else expect(still.content).toBe(content);
    // Sweeps take a few seconds, in which a version may come of age.
    if (old && !shown.has(id)) expect(still, `version ${id} is old`).toBeUndefined();
  }
}

test("nothing that can be read is ever swept, and nothing else stays", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      await using world = await setup();
      const sweeper = sweeperOf(world, { versionRetentionMs: retentionMs });
      const run: Run = { world, stores: [], dreams: [], sweeper, plan: "nothing", text: "" };
      const engine = createScriptedEngine(async (input) => ({
        ...nothingNew,
        changes: changesOf(run, input),
      }));
      world.worker({ engine }).start();
      for (const text of ["one", "two"])
        run.stores.push(await storeOf(world, { "/a.md": text, "/a22.md": "one" }));
      for (const one of steps) await take(run, one);
      await sweepAndCompare(run);
      for (const id of run.stores.splice(0)) await world.useCases.deleteMemoryStore(world.principal, { id });
      world.clock.jumpWall(retentionMs + 2 * dayMs);
      await sweepAndCompare(run);
      expect(await countParts(world.deps, "acme")).toMatchObject({ head: 0, bucket: 0 });
    }),
    { numRuns: 60 },
  );
});
