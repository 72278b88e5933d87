/** What happens at the same time as a sweep, and what happens to clocks, machines and other sweepers meanwhile. */
import { expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { aStore } from "../../../test/support/factories.ts";
import {
  confirmMs,
  countParts,
  createTestSweeper,
  looseParts,
  loseRace,
  put,
  putParts,
  storeOf,
  sweeperOf,
} from "../../../test/support/sweeping.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Head } from "../../core/memory.ts";
import type { ServiceDeps } from "../../service/deps.ts";

const dayMs = limits.partGraceMs;
const tenant = "acme";

/** Makes the head that of a store, as the last step of a write or a copy does. */
async function show(world: Bundle, head: Pick<Head, "hash">): Promise<string> {
  const store = aStore({ head: head.hash, createdAt: world.clock.now() });
  await world.storage.memories.create(store);
  return store.id;
}

/** The same storage, with something that happens just before each delete of parts. */
function beforeDeletes(world: Bundle, happens: () => Promise<void>): ServiceDeps {
  const { sweep } = world.deps;
  const deleteParts: typeof sweep.deleteParts = async (request) => {
    await happens();
    return sweep.deleteParts(request);
  };
  return { ...world.deps, sweep: { ...sweep, deleteParts } };
}

test("what is put again between the walk and the delete stays", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const parts = looseParts("lost at first");
  const { head } = parts;
  await putParts(world, parts);
  world.clock.jumpWall(dayMs + 1);
  let deletes = 0;
  const deps = beforeDeletes(world, async () => {
    deletes += 1;
    await putParts(world, parts);
  });
  await createTestSweeper(deps, world.clock).sweep();
  expect(deletes).toBeGreaterThan(0);
  const storeId = await show(world, head);
  expect(await world.texts(storeId)).toEqual({ "/lost.md": "lost at first" });
});

test("a put by a process whose clock is days behind counts as any other", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const parts = looseParts("of a slow clock");
  await putParts(world, parts);
  world.clock.jumpWall(2 * dayMs);
  const sweeper = sweeperOf(world);
  await sweeper.tick();
  await world.clock.advance(confirmMs);
  await sweeper.tick();
  await putParts(world, parts, world.clock.now() - 10 * dayMs);
  await world.clock.advance(confirmMs);
  await sweeper.tick();
  const storeId = await show(world, parts.head);
  expect(await world.texts(storeId)).toEqual({ "/lost.md": "of a slow clock" });
});

test("what comes to be named after the first walk stays, however old it is", async () => {
  await using world = await setup();
  const head = await loseRace(world, "put long ago");
  world.clock.jumpWall(10 * dayMs);
  const sweeper = sweeperOf(world);
  await sweeper.tick();
  await world.clock.advance(confirmMs);
  await sweeper.tick();
  const storeId = await show(world, head);
  await sweeper.sweep();
  expect(await world.texts(storeId)).toEqual({ "/lost.md": "put long ago" });
});

test("a copy in hand of a store that is deleted finds what it copies", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "copied" });
  world.clock.jumpWall(10 * dayMs);
  const sweeper = sweeperOf(world);
  await sweeper.tick();
  const read = await world.useCases.getMemoryStore(world.principal, { id: storeId });
  await world.useCases.deleteMemoryStore(world.principal, { id: storeId });
  await world.clock.advance(confirmMs);
  await sweeper.tick();
  const copy = await show(world, read.head);
  await sweeper.sweep();
  expect(await world.texts(copy)).toEqual({ "/a.md": "copied" });
});

test("a write in hand when the wall clock jumps forward by days finds its parts", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const sweeper = sweeperOf(world);
  await sweeper.tick();
  await world.clock.advance(confirmMs);
  const head = await loseRace(world, "in hand");
  world.clock.jumpWall(3 * dayMs);
  await sweeper.tick();
  const storeId = await show(world, head);
  await sweeper.sweep();
  expect(await world.texts(storeId)).toEqual({ "/lost.md": "in hand" });
});

test("a machine that slept for days gives what was in hand its time when it wakes", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "copied" });
  world.clock.jumpWall(10 * dayMs);
  const sweeper = sweeperOf(world, { confirmMs: 10 * confirmMs, tickMs: confirmMs });
  const { head } = await world.useCases.getMemoryStore(world.principal, { id: storeId });
  await world.useCases.deleteMemoryStore(world.principal, { id: storeId });
  for (let ticks = 0; ticks <= 10; ticks += 1) {
    await sweeper.tick();
    await world.clock.advance(confirmMs);
  }
  const before = await countParts(world.deps, tenant);
  await world.clock.advance(5 * dayMs);
  await sweeper.tick();
  expect(await countParts(world.deps, tenant)).toEqual(before);
  const copy = await show(world, head);
  await sweeper.sweep();
  expect(await world.texts(copy)).toEqual({ "/a.md": "copied" });
});

test("a clock that jumps back only keeps things for longer", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const before = await countParts(world.deps, tenant);
  await loseRace(world, "lost");
  world.clock.jumpWall(-5 * dayMs);
  const sweeper = sweeperOf(world);
  await sweeper.sweep();
  world.clock.jumpWall(5 * dayMs);
  await sweeper.sweep();
  expect((await countParts(world.deps, tenant)).content).toBe(before.content + 1);
  world.clock.jumpWall(dayMs + 1);
  await sweeper.sweep();
  expect(await countParts(world.deps, tenant)).toEqual(before);
});

test("a walk that fails half way deletes nothing, and the next one does", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const before = await countParts(world.deps, tenant);
  await loseRace(world, "lost");
  world.clock.jumpWall(dayMs + 1);
  let away = false;
  const { sweep } = world.deps;
  const listVersionRows: typeof sweep.listVersionRows = (query) => {
    // Retention pages, too; the walk of the parts is the one that has looked at the stores before.
    if (away) throw new ReveriedError("unavailable", "the storage is away");
    return sweep.listVersionRows(query);
  };
  const sweeper = createTestSweeper({ ...world.deps, sweep: { ...sweep, listVersionRows } }, world.clock);
  await sweeper.tick();
  await world.clock.advance(confirmMs);
  await sweeper.tick();
  away = true;
  for (let ticks = 0; ticks < 3; ticks += 1) {
    await world.clock.advance(confirmMs);
    await expect(sweeper.tick()).rejects.toMatchObject({ kind: "unavailable" });
  }
  expect((await countParts(world.deps, tenant)).content).toBe(before.content + 1);
  away = false;
  await sweeper.sweep();
  expect(await countParts(world.deps, tenant)).toEqual(before);
});

test("while a store names what is not there nothing of its tenant goes; that of others does", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "kept", "/b.md": "kept, too" });
  const otherId = await storeOf(world, { "/a.md": "kept" }, "other");
  await put(world, otherId, { "/a.md": "kept, later" }, "other");
  await loseRace(world, "lost");
  world.clock.jumpWall(dayMs + 1);
  const untouchedSince = Number.MAX_SAFE_INTEGER;
  const all = { tenant, kind: "bucket", untouchedSince, after: null, limit: 10 } as const;
  const { head } = await world.useCases.getMemoryStore(world.principal, { id: storeId });
  const parts = await world.deps.sweep.listParts(all);
  const [part] = parts.filter(({ hash }) => head.buckets.includes(hash));
  await world.deps.sweep.deleteParts({ tenant, kind: "bucket", parts: part === undefined ? [] : [part] });
  const before = await countParts(world.deps, tenant);
  await sweeperOf(world).sweep();
  expect(await countParts(world.deps, tenant)).toEqual(before);
  expect(await countParts(world.deps, "other")).toEqual({ head: 1, bucket: 1, content: 2 });
});

test("two sweepers, their steps mixed, delete what one would", async () => {
  await using world = await setup();
  const storeId = await storeOf(world, { "/a.md": "first" });
  await put(world, storeId, { "/a.md": "second" });
  const gone = await storeOf(world, { "/b.md": "deleted" });
  await world.useCases.deleteMemoryStore(world.principal, { id: gone });
  for (let lost = 0; lost < 10; lost += 1) await loseRace(world, `lost ${lost}`);
  world.clock.jumpWall(dayMs + 1);
  const sweepers = [sweeperOf(world), sweeperOf(world), sweeperOf(world, { confirmMs: 2 * confirmMs })];
  for (let ticks = 0; ticks < 6; ticks += 1) {
    await Promise.all(sweepers.map((sweeper) => sweeper.tick()));
    await world.clock.advance(confirmMs);
  }
  expect(await world.texts(storeId)).toEqual({ "/a.md": "second" });
  expect(await countParts(world.deps, tenant)).toEqual({ head: 1, bucket: 1, content: 2 });
});

test("a sweeper that begins anew looks twice again before it deletes", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const before = await countParts(world.deps, tenant);
  await loseRace(world, "lost");
  world.clock.jumpWall(dayMs + 1);
  const with1 = await countParts(world.deps, tenant);
  for (let restarts = 0; restarts < 4; restarts += 1) {
    const sweeper = sweeperOf(world);
    await sweeper.tick();
    await world.clock.advance(confirmMs);
    await sweeper.tick();
  }
  expect(await countParts(world.deps, tenant)).toEqual(with1);
  await sweeperOf(world).sweep();
  expect(await countParts(world.deps, tenant)).toEqual(before);
});

test("more than is remembered goes as well, in several walks", async () => {
  await using world = await setup();
  await storeOf(world, { "/a.md": "kept" });
  const before = await countParts(world.deps, tenant);
  for (let lost = 0; lost < 5; lost += 1) await loseRace(world, `lost ${lost}`);
  world.clock.jumpWall(dayMs + 1);
  const left = async () => {
    const { head, bucket, content } = await countParts(world.deps, tenant);
    return head + bucket + content - before.head - before.bucket - before.content;
  };
  const sweeper = sweeperOf(world, { remember: 4, roundMs: 1_000 * confirmMs });
  await sweeper.tick();
  const counts: number[] = [];
  for (let ticks = 0; ticks < 6; ticks += 1) {
    await world.clock.advance(confirmMs);
    await sweeper.tick();
    counts.push(await left());
  }
  expect(counts).toEqual([15, 11, 7, 3, 0, 0]);
});
