/** One seeded run: clients at work in a faulty world, then the faults end and everything must come to its end. */
import assert from "node:assert";
import { isReveriedError } from "../../src/core/errors.ts";
import type { NewSessionEvent } from "../../src/core/session.ts";
import { type Accepted, checkDream, textsOf } from "./checkers.ts";
import type { FaultRates } from "./faults.ts";
import { checkStored, dropStore, sweepAll } from "./sweeping.ts";
import { createWorld, type SimSweeper, type World } from "./world.ts";

const principal = { tenant: "acme", keyId: null };

export interface RunReport {
  readonly dreams: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly crashes: number;
  readonly attempts: number;
  /** Parts that were deleted while others worked. */
  readonly swept: number;
}

/** Virtual time within which a healed world must be at rest: a lost lease, alone, eight times over, and some. */
const restWithinMs = 600_000;
const quietMs = 40_000;

export const faultRates: FaultRates = {
  crashBefore: 0.004,
  crashAfter: 0.004,
  unavailable: 0.02,
  lostAck: 0.02,
  twice: 0.03,
  slow: 0.02,
};

export async function runSeed(seed: number, rates: Partial<FaultRates> = faultRates): Promise<RunReport> {
  const world = await createWorld(seed, rates);
  const accepted: Accepted[] = [];
  let crashes = 0;
  try {
    for (let i = 0; i < 3; i += 1) world.startProcess();
    for (let step = 0; step < 30; step += 1) {
      await clientStep(world, accepted);
      if (world.chance.hit(0.1)) await dropStore(world);
      disturb(world);
      // Long enough for the sweepers to come round while others are at work.
      await world.clock.advance(step % 10 === 9 ? quietMs : world.chance.below(5_000));
    }
    crashes = world.processes.filter(({ fate }) => fate.dead).length;
    world.heal();
    await rest(world, accepted);
    const swept = world.swept();
    const byStatus: Record<string, number> = {};
    let attempts = 0;
    for (const one of accepted) {
      const dream = await checkDream(world, one);
      byStatus[dream.status] = (byStatus[dream.status] ?? 0) + 1;
      attempts += dream.attempt;
    }
    await checkStored(world);
    await world.stop();
    await sweepAll(world);
    return { dreams: accepted.length, byStatus, crashes, attempts, swept };
  } finally {
    await world.close();
  }
}

/** Kills or pauses a process now and then, and keeps two of each kind alive. */
function disturb(world: World): void {
  strike(world, world.processes, 0.1);
  strike(world, world.sweepers, 0.05);
  while (world.processes.filter(({ fate }) => !fate.dead).length < 2) world.startProcess();
  while (world.sweepers.filter(({ fate }) => !fate.dead).length < 2) world.startSweeper();
}

function strike({ chance, clock }: World, processes: readonly SimSweeper[], probability: number): void {
  const alive = processes.filter(({ fate }) => !fate.dead);
  if (alive.length === 0 || !chance.hit(probability)) return;
  const { fate } = chance.pick(alive);
  if (chance.hit(0.5)) fate.dead = true;
  else if (fate.pausedUntil <= clock.monotonic()) fate.pausedUntil = clock.monotonic() + chance.below(40_000);
}

async function rest(world: World, accepted: readonly Accepted[]): Promise<void> {
  const until = world.clock.monotonic() + restWithinMs;
  while (world.clock.monotonic() < until) {
    await world.clock.advance(5_000);
    const dreams = await Promise.all(accepted.map((one) => world.deps.dreams.get(one)));
    if (
      dreams.every(
        (dream) =>
          dream !== null &&
          dream.status !== "pending" &&
          dream.status !== "running" &&
          dream.live.publishedTo === dream.seq,
      )
    )
      return;
  }
}

async function clientStep(world: World, accepted: Accepted[]): Promise<void> {
  const { chance } = world;
  if (accepted.length === 0 || chance.hit(0.6)) return createDream(world, accepted);
  const one = chance.pick(accepted);
  const live = world.processes.filter(({ fate }) => !fate.dead && fate.pausedUntil === 0);
  const useCases = live.length > 0 ? chance.pick(live).useCases : world.useCases;
  const action = chance.hit(0.5) ? useCases.cancelDream : useCases.archiveDream;
  // The answer is not waited for: its process may die before it comes.
  action(principal, { id: one.id }).catch((error: unknown) =>
    assert(isReveriedError(error) && error.kind !== "internal", String(error)),
  );
  if (one.update && chance.hit(0.3)) {
    await world.useCases.putMemories(principal, {
      memoryStoreId: one.storeId,
      memories: [{ path: "/agent.md", content: `${chance.below(1_000)}` }],
    });
  }
}

async function createDream(world: World, accepted: Accepted[]): Promise<void> {
  const { useCases, chance } = world;
  const update = chance.hit(0.4);
  const { store } = await useCases.createMemoryStore(principal, {
    name: "s",
    description: "",
    metadata: {},
    protectedPaths: [],
  });
  await useCases.putMemories(principal, {
    memoryStoreId: store.id,
    memories: [{ path: "/a.md", content: `${chance.below(100)}` }],
  });
  const session = await useCases.createSession(principal, {
    title: "",
    agentId: null,
    workspaceId: null,
    memoryStoreIds: [],
    tags: [],
    metadata: {},
  });
  const expected = `said ${chance.below(1_000)}`;
  const event: NewSessionEvent = {
    id: "",
    speaker: "user",
    trust: "user",
    blocks: [{ type: "text", text: expected }],
    at: null,
  };
  await useCases.appendSessionEvents(principal, { sessionId: session.id, events: [event] });
  const dream = await useCases.createDream(principal, {
    inputMemoryStoreId: store.id,
    sessionIds: [session.id],
    model: "",
    instructions: null,
    outputBehavior: update ? "update_existing" : "create_new",
    type: "omni",
  });
  const before = await textsOf(world, principal.tenant, store.id);
  accepted.push({ id: dream.id, tenant: principal.tenant, storeId: store.id, update, expected, before });
}
