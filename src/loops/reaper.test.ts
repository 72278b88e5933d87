import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../test/support/bundle.ts";
import { createScriptedEngine, noteWhatWasRead, nothingNew } from "../../test/support/scripted-engine.ts";
import type { Dream } from "../core/dream.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { ServiceDeps } from "../service/deps.ts";
import { createReaper } from "./reaper.ts";

const never = new AbortController().signal;
const hanging = createScriptedEngine(() => new Promise(() => {}));
const kinds = (dream: Dream) => dream.events.map((event) => event.kind);

/** Claims all pending dreams for a worker that is never heard of again. */
async function claimForNobody(world: Bundle): Promise<void> {
  await world.deps.dreams.claim({
    now: world.clock.now(),
    workerId: "worker_gone",
    limit: 100,
    makeIds: (dream) => ({ outputStoreId: `memstore_${dream.id}`, sessionId: `sesn_${dream.id}` }),
    accepts: () => true,
  });
}

/** The world's storage, which answers nothing while `isAway`. */
function awayStorage(world: Bundle, isAway: () => boolean): ServiceDeps {
  const guard = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          if (isAway()) throw new ReveriedError("unavailable", "the storage is away");
          return method.apply(target, args);
        };
      },
    });
  const { dreams, memories, sessions } = world.deps;
  return { ...world.deps, dreams: guard(dreams), memories: guard(memories), sessions: guard(sessions) };
}

function reaperOver(world: Bundle, deps: Partial<ServiceDeps>) {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  return createReaper({ ...world.deps, ...deps, log });
}

describe("a storage that was away for longer than a lease", () => {
  test("costs no dream its worker: neither could write, and the reaper could not look", async () => {
    await using world = await setup();
    let [isAway, wasAway] = [false, false];
    // The reaper is the first to be back.
    let hasLooked = true;
    const worker = awayStorage(world, () => !hasLooked);
    world.worker({ engine: hanging, deps: worker }).start();
    const created = await world.dream();
    const seen = awayStorage(world, () => isAway);
    const listRunning: typeof seen.dreams.listRunning = async (page) => {
      const leases = await seen.dreams.listRunning(page);
      if (wasAway && !hasLooked) void world.clock.sleep(500, never).then(() => (hasLooked = true));
      return leases;
    };
    const reaper = reaperOver(world, {
      ...seen,
      dreams: { ...seen.dreams, listRunning },
    });
    reaper.start();
    await world.clock.advance(5_000);
    hasLooked = false;
    // Long enough for the reaper to see the last beat there will be.
    await world.clock.advance(2_000);
    isAway = true;
    await world.clock.advance(2 * limits.leaseStillMs);
    [isAway, wasAway] = [false, true];
    await world.clock.advance(60_000);
    await reaper.stop();
    expect(hasLooked).toBe(true);
    expect(kinds(await world.get(created.id))).toEqual(["created", "started"]);
  });

  test("still lets a dead worker's dream be given back", async () => {
    await using world = await setup();
    let isAway = false;
    const created = await world.dream();
    await claimForNobody(world);
    const reaper = reaperOver(
      world,
      awayStorage(world, () => isAway),
    );
    reaper.start();
    await world.clock.advance(5_000);
    isAway = true;
    await world.clock.advance(2 * limits.leaseStillMs);
    isAway = false;
    await world.clock.advance(60_000);
    await reaper.stop();
    expect(kinds(await world.get(created.id))).toEqual(["created", "started", "released"]);
  });
});

test("a dream that cannot be given back keeps no other from it, nor a process from starting", async () => {
  await using world = await setup();
  const [bad, good] = [await world.dream(), await world.dream()];
  await claimForNobody(world);
  const { dreams } = world.deps;
  const get: typeof dreams.get = async (key) => {
    if (key.id === bad.id) throw new TypeError("a bug");
    return dreams.get(key);
  };
  const reaper = reaperOver(world, { dreams: { ...dreams, get } });
  expect(await reaper.reapAll()).toBe(1);
  expect(kinds(await world.get(good.id))).toEqual(["created", "started", "released"]);
  await claimForNobody(world);
  reaper.start();
  await world.clock.advance(limits.leaseStillMs + 5_000);
  await reaper.stop();
  expect(kinds(await world.get(good.id)).at(-1)).toBe("released");
  expect((await world.get(bad.id)).status).toBe("running");
});

test("a dream whose worker renews in time is never given back", async () => {
  await using world = await setup();
  world.worker({ engine: hanging }).start();
  const created = await world.dream();
  world.reaper().start();
  await world.clock.advance(4 * limits.leaseStillMs);
  expect(kinds(await world.get(created.id))).toEqual(["created", "started"]);
});

test("a renewal between the reaper's read and its write wins", async () => {
  await using world = await setup();
  const created = await world.dream();
  await claimForNobody(world);
  const { dreams } = world.deps;
  const save: typeof dreams.save = async (write) => {
    const { tenant, id, fence, attempt } = write.read;
    await dreams.renew({ tenant, id, fence, attempt, progress: null, usage: nothingNew.usage });
    return dreams.save(write);
  };
  expect(await reaperOver(world, { dreams: { ...dreams, save } }).reapAll()).toBe(0);
  expect((await world.get(created.id)).status).toBe("running");
});

test("a dream past its point of no return is finished for its dead worker, once", async () => {
  await using world = await setup();
  const { dreams } = world.deps;
  const save: typeof dreams.save = async (write) => {
    const saved = await dreams.save(write);
    // The worker dies with the commit written and nothing after it.
    return write.next.commit !== null && write.read.commit === null ? new Promise<never>(() => {}) : saved;
  };
  const renew: typeof dreams.renew = async () => ({ outcome: "renewed" });
  world
    .worker({
      engine: createScriptedEngine(noteWhatWasRead),
      deps: { ...world.deps, dreams: { ...dreams, save, renew } },
    })
    .start();
  const created = await world.dream({ update: true, texts: ["said"] });
  await world.clock.settle();
  expect(await world.get(created.id)).toMatchObject({
    status: "running",
    commit: { storeId: created.inputs.memoryStoreId },
  });
  await world.reaper().reapAll();
  const dream = await world.get(created.id);
  expect(kinds(dream)).toEqual(["created", "started", "completed"]);
  expect(dream.leasesLost).toBe(0);
  expect(await world.texts(created.inputs.memoryStoreId)).toEqual({ "/old.md": "old", "/read.md": "said" });
});

test("a dream that lost 3 leases and 5 more while alone fails, and says how often", async () => {
  await using world = await setup();
  const created = await world.dream();
  const losses = limits.leasesLostMax + limits.leasesLostAloneMax;
  for (let lost = 1; lost <= losses; lost += 1) {
    expect((await world.get(created.id)).status).toBe("pending");
    await world.clock.advance(limits.lostLeasePauseMaxMs);
    await claimForNobody(world);
    await world.reaper().reapAll();
  }
  expect(await world.get(created.id)).toMatchObject({
    status: "failed",
    error: { type: "worker_lost", message: expect.stringMatching(/8 times, 5 of them/) },
  });
});
