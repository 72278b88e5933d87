/** The real service, loops and SQLite adapter in several simulated processes, over one clock and one seed. */
import { openSqliteStorage, type SqliteStorage } from "../../src/adapters/sqlite/storage.ts";
import { createSystemDigest } from "../../src/adapters/system/digest.ts";
import { createSilentLog } from "../../src/adapters/system/log.ts";
import { defaultModelRoutes } from "../../src/core/model-map.ts";
import { createOutboxRelay } from "../../src/loops/outbox-relay.ts";
import { createReaper } from "../../src/loops/reaper.ts";
import { createRunDream } from "../../src/loops/run-dream.ts";
import { createSweeper } from "../../src/loops/sweeper.ts";
import { createSweepChores } from "../../src/loops/sweeping/chores.ts";
import { createWorker } from "../../src/loops/worker.ts";
import type { ServiceDeps } from "../../src/service/deps.ts";
import { createHeads } from "../../src/service/memories/heads.ts";
import { createUseCases, type UseCases } from "../../src/service/use-cases.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { createScriptedEngine, noteWhatWasRead } from "../support/scripted-engine.ts";
import { type Chance, createChance } from "./chance.ts";
import { type FaultRates, faulty, healthy, type ProcessFate, processClock, seldomer } from "./faults.ts";
import { createSimBus, type SimBus } from "./sim-bus.ts";
import { simSweeping } from "./sweeping.ts";

/** A process that only sweeps: others live too short a life for it to come round twice. */
export interface SimSweeper {
  readonly fate: ProcessFate;
  stop(): Promise<void>;
}

export interface SimProcess extends SimSweeper {
  readonly useCases: UseCases;
}

export interface World {
  readonly clock: ManualClock;
  readonly chance: Chance;
  readonly rates: FaultRates;
  readonly storage: SqliteStorage;
  readonly bus: SimBus;
  /** Never faulty: what clients and checkers look through. */
  readonly deps: ServiceDeps;
  readonly useCases: UseCases;
  readonly processes: SimProcess[];
  readonly sweepers: SimSweeper[];
  /** How many parts the sweepers deleted. */
  swept(): number;
  startProcess(): SimProcess;
  startSweeper(): void;
  /** Ends all faults and replaces the dead: from here everything must come to an end. */
  heal(): void;
  /** Stops all processes; clients may still look. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

const log = createSilentLog();

export async function createWorld(seed: number, rates: Partial<FaultRates>): Promise<World> {
  const clock = createManualClock();
  const chance = createChance(seed);
  const digest = createSystemDigest();
  const storage = await openSqliteStorage({ clock }, { inMemory: true });
  const bus = createSimBus();
  const current: FaultRates = { ...healthy, ...rates };
  const faults = { clock, chance, rates: current };
  // A walk makes a hundred calls where a dream makes ten; with the same rates none would ever come to its end.
  const seldom: FaultRates = seldomer(current);
  const sweepFaults = { clock, chance, rates: seldom };
  const heads = createHeads({ memories: storage.memories, digest });
  const deps: ServiceDeps = { ...storage, heads, bus, clock, random: chance, digest };
  const processes: SimProcess[] = [];
  const sweepers: SimSweeper[] = [];
  const wallOffset = () => (chance.hit(0.3) ? (chance.below(600) - 300) * 1_000 : 0);
  let swept = 0;
  const sweep: typeof storage.sweep = {
    ...storage.sweep,
    async deleteParts(request) {
      const count = await storage.sweep.deleteParts(request);
      swept += count;
      return count;
    },
  };

  function startProcess(): SimProcess {
    const fate: ProcessFate = { dead: false, pausedUntil: 0 };
    const wall = wallOffset();
    const own = {
      dreams: faulty(faults, fate, storage.dreams),
      memories: faulty(faults, fate, storage.memories),
      sessions: faulty(faults, fate, storage.sessions),
      outbox: faulty(faults, fate, storage.outbox),
      sweep: faulty(faults, fate, storage.sweep),
      restore: faulty(faults, fate, storage.restore),
      // Hints never wait and never fail; only what is awaited can be faulty.
      bus: { ...bus, publish: faulty(faults, fate, bus).publish },
      clock: processClock(clock, fate, () => wall),
      random: chance,
      digest,
      log,
    };
    const all = { ...own, heads: createHeads({ memories: own.memories, digest }) };
    const engine = createScriptedEngine(async (input, { signal, report }) => {
      for (let step = 0; step < chance.below(6); step += 1) {
        report({
          stage: "reading",
          done: step,
          total: 6,
          usage: { inputTokens: step, outputTokens: 0, cacheCreationInputTokens: 0, cacheReadInputTokens: 0 },
        });
        await own.clock.sleep(chance.below(4_000), signal);
        signal.throwIfAborted();
      }
      return noteWhatWasRead(input);
    });
    const runDream = createRunDream({ ...all, engineFor: async () => engine });
    const worker = createWorker(
      { ...all, runDream },
      { workerId: `worker_${processes.length}`, concurrency: 3 },
    );
    const reaper = createReaper(all);
    const relay = createOutboxRelay(all);
    for (const loop of [worker, reaper, relay]) loop.start();
    const started: SimProcess = {
      fate,
      useCases: createUseCases(all, { models: defaultModelRoutes }),
      async stop() {
        if (fate.dead) return;
        await Promise.all([worker.stop(1_000), reaper.stop()]);
        await relay.stop(1_000);
      },
    };
    processes.push(started);
    return started;
  }

  function startSweeper(): void {
    const fate: ProcessFate = { dead: false, pausedUntil: 0 };
    const wall = wallOffset();
    const own = {
      dreams: faulty(sweepFaults, fate, storage.dreams),
      memories: faulty(sweepFaults, fate, storage.memories),
      sweep: faulty(sweepFaults, fate, sweep),
      clock: processClock(clock, fate, () => wall),
      random: chance,
      digest,
      log,
    };
    const sweeper = createSweeper(own, createSweepChores(own, simSweeping), simSweeping.tickMs);
    sweeper.start();
    const stopSweeper = async () => {
      if (!fate.dead) await sweeper.stop();
    };
    sweepers.push({ fate, stop: stopSweeper });
  }

  async function stop(): Promise<void> {
    const all = [...processes.splice(0), ...sweepers.splice(0)];
    const stopping = Promise.all(all.map((process) => process.stop()));
    await clock.advance(20_000);
    await stopping;
  }

  return {
    clock,
    chance,
    rates: current,
    storage,
    bus,
    deps,
    useCases: createUseCases(deps, { models: defaultModelRoutes }),
    processes,
    sweepers,
    swept: () => swept,
    startProcess,
    startSweeper,
    heal() {
      Object.assign(current, healthy);
      Object.assign(seldom, healthy);
      for (const { fate } of [...processes, ...sweepers]) fate.pausedUntil = 0;
      if (processes.every(({ fate }) => fate.dead)) startProcess();
    },
    stop,
    async close() {
      await stop();
      await storage.close();
    },
  };
}
