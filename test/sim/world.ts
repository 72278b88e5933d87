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
import { type FaultRates, faulty, healthy, type ProcessFate, processClock } from "./faults.ts";
import { createSimBus, type SimBus } from "./sim-bus.ts";
import { simSweeping } from "./sweeping.ts";

export interface SimProcess {
  readonly fate: ProcessFate;
  readonly useCases: UseCases;
  stop(): Promise<void>;
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
  /** How many parts the sweepers deleted. */
  swept(): number;
  startProcess(): SimProcess;
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
  const heads = createHeads({ memories: storage.memories, digest });
  const deps: ServiceDeps = { ...storage, heads, bus, clock, random: chance, digest };
  const processes: SimProcess[] = [];
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
    const wall = chance.hit(0.3) ? (chance.below(600) - 300) * 1_000 : 0;
    const own = {
      dreams: faulty(faults, fate, storage.dreams),
      memories: faulty(faults, fate, storage.memories),
      sessions: faulty(faults, fate, storage.sessions),
      outbox: faulty(faults, fate, storage.outbox),
      sweep: faulty(faults, fate, sweep),
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
    const sweeper = createSweeper(all, createSweepChores(all, simSweeping), simSweeping.tickMs);
    for (const loop of [worker, reaper, relay, sweeper]) loop.start();
    const started: SimProcess = {
      fate,
      useCases: createUseCases(all, { models: defaultModelRoutes }),
      async stop() {
        if (fate.dead) return;
        await Promise.all([worker.stop(1_000), reaper.stop(), sweeper.stop()]);
        await relay.stop(1_000);
      },
    };
    processes.push(started);
    return started;
  }

  async function stop(): Promise<void> {
    const stopping = Promise.all(processes.splice(0).map((process) => process.stop()));
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
    swept: () => swept,
    startProcess,
    heal() {
      Object.assign(current, healthy);
      for (const { fate } of processes) fate.pausedUntil = 0;
      if (processes.every(({ fate }) => fate.dead)) startProcess();
    },
    stop,
    async close() {
      await stop();
      await storage.close();
    },
  };
}
