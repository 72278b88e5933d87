import { expect, test } from "vitest";
import { setup } from "../../test/support/bundle.ts";
import { createScriptedEngine, noteWhatWasRead, nothingNew } from "../../test/support/scripted-engine.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";

const kinds = (dream: { events: readonly { kind: string }[] }) => dream.events.map((event) => event.kind);

test("a created dream wakes the worker at once and completes without time passing", async () => {
  await using world = await setup();
  world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
  await world.clock.settle();
  const created = await world.dream({ texts: ["Maya moved to Lisbon."] });
  await world.clock.settle();
  const dream = await world.get(created.id);
  expect(dream.status).toBe("completed");
  expect(kinds(dream)).toEqual(["created", "started", "completed"]);
  expect(dream.ids && (await world.texts(dream.ids.outputStoreId))).toEqual({
    "/old.md": "old",
    "/read.md": "Maya moved to Lisbon.",
  });
  expect(await world.texts(dream.inputs.memoryStoreId)).toEqual({ "/old.md": "old" });
});

test("update_existing writes into the input store and frees its hold", async () => {
  await using world = await setup();
  world.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
  const created = await world.dream({ update: true });
  await world.clock.settle();
  const dream = await world.get(created.id);
  expect(dream.status).toBe("completed");
  expect(Object.keys(await world.texts(dream.inputs.memoryStoreId))).toEqual(["/old.md", "/read.md"]);
  expect(dream.holds).toEqual([]);
});

test("what an agent writes while the dream runs stays, and the change set says so", async () => {
  await using world = await setup();
  const { storeId, sessionId } = await world.inputs({ "/read.md": "before", "/old.md": "old" }, ["after"]);
  const engine = createScriptedEngine(async (input) => {
    const result = await noteWhatWasRead(input);
    await world.useCases.putMemories(world.principal, {
      memoryStoreId: storeId,
      memories: [{ path: "/read.md", content: "the agent's" }],
    });
    return result;
  });
  world.worker({ engine }).start();
  const request = {
    inputMemoryStoreId: storeId,
    sessionIds: [sessionId],
    model: "",
    instructions: null,
  } as const;
  const created = await world.useCases.createDream(world.principal, {
    ...request,
    outputBehavior: "update_existing",
    type: "omni",
  });
  await world.clock.settle();
  const dream = await world.get(created.id);
  expect(dream).toMatchObject({ status: "completed", summary: { updated: 0, conflicts: 1 } });
  expect(await world.texts(storeId)).toEqual({ "/read.md": "the agent's", "/old.md": "old" });
  const diff = await world.useCases.diffDream(world.principal, { id: dream.id, pageSize: 0, pageToken: "" });
  expect(diff.changes).toMatchObject([{ change: { path: "/read.md", conflict: true } }]);
});

test("a canceled dream's engine is aborted and its worker changes nothing more", async () => {
  await using world = await setup();
  let aborted: unknown = null;
  const engine = createScriptedEngine(
    (_input, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted = signal.reason;
          reject(signal.reason);
        });
      }),
  );
  world.worker({ engine }).start();
  const created = await world.dream();
  await world.clock.settle();
  expect((await world.get(created.id)).status).toBe("running");
  const canceled = await world.useCases.cancelDream(world.principal, { id: created.id });
  expect(canceled.status).toBe("canceled");
  await world.clock.advance(limits.progressIntervalMs);
  expect(aborted).toMatchObject({ details: { reason: "fenced" } });
  expect(kinds(await world.get(created.id))).toEqual(["created", "started", "canceled"]);
  const again = await world.useCases.cancelDream(world.principal, { id: created.id });
  expect(again.seq).toBe(3);
});

test("an engine's failure fails the dream with its word, and a bug with a fixed message", async () => {
  await using world = await setup();
  const engine = createScriptedEngine(async (_input, _context, run) => {
    if (run === 1)
      throw new ReveriedError("resource_exhausted", "out of budget", { details: { reason: "budget" } });
    throw new TypeError("secret detail");
  });
  world.worker({ engine, concurrency: 1 }).start();
  const first = await world.dream();
  await world.clock.settle();
  const second = await world.dream();
  await world.clock.settle();
  expect(await world.get(first.id)).toMatchObject({
    status: "failed",
    error: { type: "budget", message: "out of budget" },
  });
  const failed = await world.get(second.id);
  expect(failed).toMatchObject({ status: "failed", error: { type: "internal_error" } });
  expect(JSON.stringify(failed)).not.toContain("secret detail");
});

test("an engine whose provider is away defers the dream, and it runs later", async () => {
  await using world = await setup();
  const engine = createScriptedEngine(async (_input, _context, run) => {
    if (run === 1) throw new ReveriedError("unavailable", "the provider is away");
    return nothingNew;
  });
  world.worker({ engine }).start();
  const created = await world.dream();
  await world.clock.settle();
  expect(await world.get(created.id)).toMatchObject({
    status: "pending",
    waitReason: "the provider is away",
  });
  await world.clock.advance(limits.deferBackoffMs + limits.pollIntervalMs * 2);
  const dream = await world.get(created.id);
  expect(kinds(dream)).toEqual(["created", "started", "deferred", "started", "completed"]);
  expect(dream.leasesLost).toBe(0);
});

test("a store archived mid-run fails the dream with the contract's word", async () => {
  await using world = await setup();
  const engine = createScriptedEngine(
    (_input, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  world.worker({ engine }).start();
  const created = await world.dream();
  await world.clock.settle();
  const { memories } = world.storage;
  const get = memories.get.bind(memories);
  memories.get = async (key) => {
    const store = await get(key);
    return store === null ? null : { ...store, archivedAt: 1 };
  };
  await world.clock.advance(limits.beatIntervalMs + 2 * limits.progressIntervalMs);
  expect(await world.get(created.id)).toMatchObject({
    status: "failed",
    error: { type: "input_memory_store_unavailable" },
  });
});

test("stop lets a running dream end within its grace and claims nothing more", async () => {
  await using world = await setup();
  let finish = () => {};
  const engine = createScriptedEngine(
    () =>
      new Promise((resolve) => {
        finish = () => resolve(nothingNew);
      }),
  );
  const worker = world.worker({ engine, concurrency: 1 });
  worker.start();
  const running = await world.dream();
  await world.clock.settle();
  const waiting = await world.dream();
  const stopping = worker.stop(8_000);
  await world.clock.settle();
  finish();
  await stopping;
  expect((await world.get(running.id)).status).toBe("completed");
  expect((await world.get(waiting.id)).status).toBe("pending");
});

test("a dream still running after the grace is released and spends nothing", async () => {
  await using world = await setup();
  const engine = createScriptedEngine(
    (_input, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  const worker = world.worker({ engine });
  worker.start();
  const created = await world.dream();
  await world.clock.settle();
  const stopping = worker.stop(8_000);
  await world.clock.advance(8_001);
  await stopping;
  const dream = await world.get(created.id);
  expect(dream).toMatchObject({ status: "pending", leasesLost: 0 });
  expect(kinds(dream)).toEqual(["created", "started", "released"]);
});

test("a dream whose worker vanished is given back after its beat stood still, and never before", async () => {
  await using world = await setup();
  const hanging = createScriptedEngine(() => new Promise(() => {}));
  // This worker's renewals never arrive: to everybody else it is dead.
  const renew = async () => ({ outcome: "renewed" as const });
  const silent = { ...world.deps, dreams: { ...world.deps.dreams, renew } };
  world.worker({ engine: hanging, deps: silent }).start();
  const created = await world.dream();
  await world.clock.settle();
  world.reaper().start();
  await world.clock.advance(limits.leaseStillMs - 1_000);
  expect((await world.get(created.id)).status).toBe("running");
  await world.clock.advance(4_000);
  const dream = await world.get(created.id);
  expect(kinds(dream).slice(0, 3)).toEqual(["created", "started", "released"]);
  expect(dream.leasesLost).toBe(1);
});

test("a dream that killed its worker three times runs by itself", async () => {
  await using world = await setup();
  const { dreams } = world.deps;
  const poison = await world.dream();
  for (let lost = 0; lost < limits.leasesLostMax; lost += 1) {
    const ids = { outputStoreId: "memstore_x", sessionId: "sesn_x" };
    await dreams.claim({
      now: world.clock.now(),
      workerId: "w",
      limit: 1,
      makeIds: () => ids,
      accepts: () => true,
    });
    await world.reaper().reapAll();
  }
  const active: number[] = [];
  const worker = world.worker({
    engine: createScriptedEngine(async (input) => {
      if (input.dreamId === poison.id) active.push(worker.active());
      await world.clock.sleep(100, new AbortController().signal);
      return nothingNew;
    }),
  });
  const others = await Promise.all([world.dream(), world.dream(), world.dream()]);
  worker.start();
  await world.clock.advance(5_000);
  expect(active).toEqual([1]);
  for (const { id } of [poison, ...others]) expect((await world.get(id)).status).toBe("completed");
});

test("a claim that failed when a dream was to run alone does not keep the worker from claiming", async () => {
  await using world = await setup();
  const poison = await world.dream();
  for (let lost = 0; lost < limits.leasesLostMax; lost += 1) {
    const ids = { outputStoreId: "memstore_x", sessionId: "sesn_x" };
    const request = { workerId: "w", limit: 1, makeIds: () => ids, accepts: () => true };
    await world.deps.dreams.claim({ ...request, now: world.clock.now() + lost * 60_000 });
    await world.reaper().reapAll();
  }
  await world.clock.advance(120_000);
  let failures = 0;
  const claim: typeof world.deps.dreams.claim = async (request) => {
    if (failures > 0) return world.deps.dreams.claim(request);
    failures += 1;
    request.accepts(await world.get(poison.id));
    throw new ReveriedError("unavailable", "the storage is away");
  };
  world.worker({ deps: { ...world.deps, dreams: { ...world.deps.dreams, claim } } }).start();
  await world.clock.advance(30_000);
  expect(failures).toBe(1);
  expect((await world.get(poison.id)).status).toBe("completed");
});

test("a dream that waited long before its provider was away for the first time is deferred, not failed", async () => {
  await using world = await setup();
  const created = await world.dream();
  await world.clock.advance(2 * limits.deferDeadlineMs);
  const engine = createScriptedEngine(async (_input, _context, run) => {
    if (run === 1) throw new ReveriedError("unavailable", "the provider is away");
    return nothingNew;
  });
  world.worker({ engine }).start();
  await world.clock.advance(limits.deferBackoffMs + 2 * limits.pollIntervalMs);
  expect(kinds(await world.get(created.id))).toEqual([
    "created",
    "started",
    "deferred",
    "started",
    "completed",
  ]);
});

test("a provider that stays away fails the dream after the deadline, with the provider's error", async () => {
  await using world = await setup();
  const engine = createScriptedEngine(async () => {
    throw new ReveriedError("unavailable", "the provider is away");
  });
  world.worker({ engine }).start();
  const created = await world.dream();
  await world.clock.advance(limits.deferDeadlineMs - 60_000);
  expect((await world.get(created.id)).status).toBe("pending");
  await world.clock.advance(limits.deferDeadlineMs);
  expect(await world.get(created.id)).toMatchObject({
    status: "failed",
    error: { message: "the provider is away" },
  });
});

test("a dream that must run alone waits for those that run, and none starts beside it", async () => {
  await using world = await setup();
  const poison = await world.dream();
  for (let lost = 0; lost < limits.leasesLostMax; lost += 1) {
    const ids = { outputStoreId: "memstore_x", sessionId: "sesn_x" };
    const request = { workerId: "w", limit: 1, makeIds: () => ids, accepts: () => true };
    await world.deps.dreams.claim({ ...request, now: world.clock.now() + lost * 60_000 });
    await world.reaper().reapAll();
  }
  const beside = new Map<string, number>();
  const worker = world.worker({
    engine: createScriptedEngine(async (input) => {
      const started = worker.active();
      await world.clock.sleep(30_000, new AbortController().signal);
      beside.set(input.dreamId, Math.max(started, worker.active()));
      return nothingNew;
    }),
  });
  const other = await world.dream();
  worker.start();
  await world.clock.advance(1_000);
  expect((await world.get(other.id)).status).toBe("running");
  // Its pause is over while the other still runs.
  await world.clock.advance(20_000);
  expect((await world.get(poison.id)).status).toBe("pending");
  const late = await world.dream();
  await world.clock.advance(90_000);
  expect(beside.get(poison.id)).toBe(1);
  for (const { id } of [poison, other, late]) expect((await world.get(id)).status).toBe("completed");
});

test("a dream that comes back to its worker while its lost run still ends is counted and released as its own", async () => {
  await using world = await setup();
  let endFirst = () => {};
  const engine = createScriptedEngine((_input, { signal }, run) => {
    if (run === 1) return new Promise((resolve) => (endFirst = () => resolve(nothingNew)));
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const worker = world.worker({ engine, concurrency: 2 });
  worker.start();
  const created = await world.dream();
  await world.clock.settle();
  await world.reaper().reapAll();
  await world.clock.settle();
  expect(worker.active()).toBe(2);
  endFirst();
  await world.clock.settle();
  expect(worker.active()).toBe(1);
  const stopping = worker.stop(0);
  await world.clock.settle();
  await world.clock.advance(limits.releaseMs);
  await stopping;
  const dream = await world.get(created.id);
  expect(dream).toMatchObject({ status: "pending", leasesLost: 1 });
  expect(kinds(dream)).toEqual(["created", "started", "released", "started", "released"]);
});
