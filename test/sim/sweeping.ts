/** The sweeper in a simulated world: short waits, stores to delete, and what must be readable whatever was swept. */
import assert from "node:assert";
import { isReveriedError } from "../../src/core/errors.ts";
import type { MemoryStore } from "../../src/core/memory.ts";
import { resolveSweepOptions } from "../../src/loops/sweeping/chores.ts";
import { partKinds } from "../../src/ports/sweep.ts";
import { markParts } from "../../src/service/sweeping/mark-parts.ts";
import { createTestSweeper } from "../support/sweeping.ts";
import { textsOf } from "./checkers.ts";
import type { World } from "./world.ts";

const principal = { tenant: "acme", keyId: null };
const { tenant } = principal;
const versionRetentionMs = 3_600_000;

/**
 * Clocks differ by ten minutes at most, so the grace protects nothing here: what is in hand is safe by the second look,
 * which comes later than any process is paused. Versions are kept for longer than clocks differ.
 */
export const simSweeping = resolveSweepOptions({
  graceMs: 10_000,
  confirmMs: 45_000,
  tickMs: 5_000,
  roundMs: 15_000,
  versionRetentionMs,
});

/** A store that is dreamt over, and deleted at some moment of the dream: the copy must be whole, if one is made. */
export async function dropStore(world: World): Promise<void> {
  const { useCases, chance, clock } = world;
  const { store } = await useCases.createMemoryStore(principal, {
    ...{ name: "dropped", description: "", metadata: {}, protectedPaths: [] },
  });
  const memories = Array.from({ length: 3 }, (_, index) => ({
    ...{ path: `/${index}.md`, content: `${chance.below(100)}` },
  }));
  await useCases.putMemories(principal, { memoryStoreId: store.id, memories });
  await useCases.createDream(principal, {
    ...{ inputMemoryStoreId: store.id, sessionIds: [], model: "", instructions: null, type: "omni" },
    outputBehavior: "create_new",
  });
  const deleteLater = async () => {
    await clock.sleep(chance.below(10_000), new AbortController().signal);
    await useCases.deleteMemoryStore(principal, { id: store.id });
  };
  deleteLater().catch((error: unknown) => assert(isReveriedError(error), String(error)));
}

/** Every store reads in full, every version is there and has its text, and every diff of a completed dream shows. */
export async function checkStored(world: World): Promise<void> {
  const { memories, dreams } = world.deps;
  const query = { tenant, after: null, limit: 1_000 };
  const stores: MemoryStore[] = await memories.list({ ...query, includeArchived: true });
  for (const { id } of stores) {
    await textsOf(world, tenant, id);
    await checkVersions(world, id);
  }
  const filter = { includeArchived: true, createdAfter: null, createdBefore: null, memoryStoreId: null };
  for (const dream of await dreams.list({ ...query, filter: { ...filter, statuses: ["completed"] } })) {
    assert(dream.status === "completed");
    const { id, summary } = dream;
    const diff = await world.useCases.diffDream(principal, { id, pageSize: 100, pageToken: "" });
    const { created, updated, deleted, renamed, conflicts } = summary;
    const told = created + updated + deleted + renamed + conflicts;
    assert.equal(diff.changes.length, told, `${id}: the diff shows what the summary tells`);
    for (const { change } of diff.changes) {
      const removed = change.flags.some((flag) => flag.includes("removed"));
      assert(!removed, `${id}: the diff shows the texts of ${change.path}`);
    }
  }
}

async function checkVersions(world: World, memoryStoreId: string): Promise<void> {
  const { versions } = await world.useCases.listMemoryVersions(principal, {
    ...{ memoryStoreId, memoryId: null, operation: null, actorId: null },
    ...{ createdFrom: null, createdTo: null, pageSize: 100, pageToken: "" },
  });
  const listed = new Set(versions.map(({ id }) => id));
  const { memories } = await world.useCases.listMemories(principal, {
    ...{ memoryStoreId, pathPrefix: "", depth: 0, pageSize: 100, pageToken: "", includeContent: false },
  });
  for (const { versionId } of memories) {
    assert(listed.has(versionId), `${memoryStoreId}: what a memory is now is one of its versions`);
  }
  for (const { id } of versions) {
    const version = await world.useCases.getMemoryVersion(principal, { memoryStoreId, id });
    const readable = version.contentHash === null || version.content !== null;
    assert(readable, `version ${id} of ${memoryStoreId} has its text`);
  }
}

/** Sweeps a world at rest until there is nothing to sweep, and checks that nothing but what is named is left. */
export async function sweepAll(world: World): Promise<void> {
  world.clock.jumpWall(2 * versionRetentionMs);
  const sweeper = createTestSweeper(world.deps, world.clock, {
    ...simSweeping,
    confirmMs: 1_000,
    roundMs: 1_000,
  });
  await sweeper.sweep();
  await checkStored(world);
  const { signal } = new AbortController();
  const options = { now: world.clock.now(), graceMs: 0, keepRevertibleSince: null, signal };
  const marks = await markParts(world.deps, tenant, options);
  for (const kind of partKinds) {
    const all = { tenant, kind, untouchedSince: Number.MAX_SAFE_INTEGER, after: null, limit: 10_000 };
    for (const { hash } of await world.deps.sweep.listParts(all)) {
      assert(marks.has(kind, hash), `${kind} ${hash} is left and nothing names it`);
    }
  }
}
