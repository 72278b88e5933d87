/** The composition root: a `Config` becomes a running service. The only file that knows every adapter. */
import { createSystemClock } from "./adapters/system/clock.ts";
import { createSystemDigest } from "./adapters/system/digest.ts";
import { createSilentLog, createSystemLog } from "./adapters/system/log.ts";
import { createSystemRandom } from "./adapters/system/random.ts";
import type { Config } from "./config.ts";
import { ReveriedError } from "./core/errors.ts";
import { idPrefixes } from "./core/ids.ts";
import { resolveModel } from "./core/model-map.ts";
import { createOutboxRelay } from "./loops/outbox-relay.ts";
import { createReaper } from "./loops/reaper.ts";
import { createRunDream } from "./loops/run-dream.ts";
import { createSweeper } from "./loops/sweeper.ts";
import { createSweepChores, resolveSweepOptions } from "./loops/sweeping/chores.ts";
import { createWorker } from "./loops/worker.ts";
import type { Clock } from "./ports/clock.ts";
import type { Digest } from "./ports/digest.ts";
import type { DreamStore } from "./ports/dream-store.ts";
import type { Engine } from "./ports/engine.ts";
import type { EventBus } from "./ports/event-bus.ts";
import type { Log } from "./ports/log.ts";
import type { MemoryStores } from "./ports/memory-store.ts";
import type { Outbox } from "./ports/outbox.ts";
import type { Random } from "./ports/random.ts";
import type { Restore } from "./ports/restore.ts";
import type { SessionStore } from "./ports/session-store.ts";
import type { Sweep } from "./ports/sweep.ts";
import { newId, type ServiceDeps } from "./service/deps.ts";
import { createHeads } from "./service/memories/heads.ts";
import { createUseCases, type UseCases } from "./service/use-cases.ts";
import type { Address } from "./wire/listener.ts";
import type { WireServer } from "./wire/server.ts";

export interface AppDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly digest: Digest;
  readonly log: Log;
}

export interface AppOptions {
  /** Keeps everything in memory and nothing on the disk; for one-shot commands and tests. */
  readonly inMemory?: boolean;
}

export interface App extends AsyncDisposable {
  readonly useCases: UseCases;
  /** For clients in this process: the same RPCs as on the port, without it. */
  readonly transport: WireServer["transport"];
  /** Opens the port and answers with where it is; `failed_precondition` when the port is in use. */
  listen(): Promise<Address>;
  /** Starts the loops of this process's roles. */
  start(): Promise<void>;
  /** Stops claiming, lets running dreams end within the grace time, sends what is unsent, closes everything. May be called twice. */
  stop(): Promise<void>;
}

interface Storage {
  readonly dreams: DreamStore;
  readonly outbox: Outbox;
  readonly memories: MemoryStores;
  readonly sessions: SessionStore;
  readonly sweep: Sweep;
  readonly restore: Restore;
  /** True when the lock on the data folder proves that no other process works on it. */
  readonly exclusive: boolean;
  /** The version of its data before it was opened, and now. */
  readonly migrated: { readonly from: number; readonly to: number };
  /** Says in the data folder where it is served. */
  announce(url: string): void;
  close(): Promise<void>;
}

interface Bus {
  readonly bus: EventBus;
  close(): Promise<void>;
}

/** Opens storage and bus. Throws one line for the operator when one cannot be opened; nothing is left open then. */
export async function createApp(deps: AppDeps, config: Config, options: AppOptions = {}): Promise<App> {
  const storage = await openStorage(deps, config, options);
  let bus: Bus;
  try {
    bus = await openBus(deps, config);
  } catch (error) {
    await storage.close();
    throw error;
  }
  const heads = createHeads({ memories: storage.memories, digest: deps.digest });
  const service: ServiceDeps = { ...deps, ...storage, heads, bus: bus.bus };
  const engines = createEngines(deps, config);
  const useCases = createUseCases(service, config);
  const loops = createLoops(deps, service, storage, engines, config);
  const { createWireServer } = await import("./wire/server.ts");
  const { resolveWireOptions } = await import("./wire/wire-config.ts");
  const wire = createWireServer(
    {
      ...deps,
      useCases,
      authenticate: () => ({ tenant: "default", keyId: null }),
      ready: () => readiness(storage, bus.bus, config),
    },
    resolveWireOptions({ host: config.host, port: config.port, corsOrigins: config.corsOrigins }),
  );

  let stopped: Promise<void> | null = null;
  async function stop(): Promise<void> {
    await Promise.all([wire.stop(config.shutdownGraceMs), loops.stopWorking()]);
    await loops.stopRelaying();
    await engines.close();
    await bus.close();
    await storage.close();
  }
  const stopOnce = () => {
    stopped ??= stop();
    return stopped;
  };
  async function listen(): Promise<Address> {
    const address = await wire.listen();
    storage.announce(address.url);
    return address;
  }
  const { transport } = wire;
  return { useCases, transport, listen, start: loops.start, stop: stopOnce, [Symbol.asyncDispose]: stopOnce };
}

/** The clock, chance, digest and log of this machine; `silent` logs nothing. */
export function createSystemDeps(logLevel: string): AppDeps {
  return {
    clock: createSystemClock(),
    random: createSystemRandom(),
    digest: createSystemDigest(),
    log: logLevel === "silent" ? createSilentLog() : createSystemLog({ level: logLevel }),
  };
}

/** Where a server on this machine serves the configured data folder, or null when none does. */
export async function findServer(config: Config): Promise<string | null> {
  const { findFolderOwner } = await import("./adapters/sqlite/lock.ts");
  return findFolderOwner(config.dataDir)?.url ?? null;
}

/** What `migrateStorage` found and left; equal versions mean that nothing was to be done. */
export interface Migration {
  readonly storage: "sqlite" | "mongodb";
  /** Version of the data before; 0 when there was none. */
  readonly from: number;
  readonly to: number;
}

/** Brings the configured storage up to date and closes it again. Throws as `createApp` does. */
export async function migrateStorage(deps: AppDeps, config: Config): Promise<Migration> {
  const storage = await openStorage(deps, config, {});
  await storage.close();
  return { storage: config.mongodbUrl === null ? "sqlite" : "mongodb", ...storage.migrated };
}

async function openStorage(deps: AppDeps, config: Config, options: AppOptions): Promise<Storage> {
  if (config.mongodbUrl !== null && options.inMemory !== true) {
    const { openMongoStorage } = await import("./adapters/mongo/storage.ts");
    const storage = await openMongoStorage(deps, {
      url: config.mongodbUrl,
      database: config.mongodbDatabase,
    });
    return { ...storage, exclusive: false, announce: () => {} };
  }
  const { openSqliteStorage } = await import("./adapters/sqlite/storage.ts");
  const storage = await openSqliteStorage(
    deps,
    options.inMemory === true ? { inMemory: true } : { dir: config.dataDir },
  );
  return { ...storage, exclusive: true };
}

async function openBus(deps: AppDeps, config: Config): Promise<Bus> {
  if (config.natsUrl === null) {
    const { createInprocEventBus } = await import("./adapters/inproc/event-bus.ts");
    return { bus: createInprocEventBus(deps), close: async () => {} };
  }
  const { openJetStreamBus } = await import("./adapters/jetstream/event-bus.ts");
  const bus = await openJetStreamBus(deps, {
    url: config.natsUrl,
    streamName: config.eventStream,
    format: config.eventFormat,
    encoding: config.eventEncoding,
    retentionMs: config.eventRetentionHours * 3_600_000,
  });
  return { bus, close: () => bus.close() };
}

interface Engines {
  engineFor(model: string): Promise<Engine>;
  close(): Promise<void>;
}

/** Engines are loaded with the first dream that needs one: a process without dreams pays for none. */
function createEngines(deps: AppDeps, config: Config): Engines {
  let offline: Promise<Engine> | null = null;
  async function openOffline(): Promise<Engine> {
    const { createOfflineEngine } = await import("./adapters/offline-engine/engine.ts");
    return createOfflineEngine(deps, { threads: config.engineThreads, maxTokens: config.maxTokens });
  }
  return {
    async engineFor(model) {
      switch (resolveModel(config.models, model)) {
        case "offline":
          offline ??= openOffline();
          return offline;
      }
    },
    async close() {
      await (await offline)?.close();
    },
  };
}

interface Loops {
  start(): Promise<void>;
  stopWorking(): Promise<void>;
  stopRelaying(): Promise<void>;
}

function createLoops(
  deps: AppDeps,
  service: ServiceDeps,
  storage: Storage,
  engines: Engines,
  config: Config,
): Loops {
  const all = { ...deps, ...service, outbox: storage.outbox };
  const runDream = createRunDream({ ...all, engineFor: engines.engineFor });
  const workerId = newId(deps, idPrefixes.session, deps.clock.now()).replace(idPrefixes.session, "worker_");
  const worker = createWorker({ ...all, runDream }, { workerId, concurrency: config.concurrency });
  const reaper = createReaper(all);
  const relay = createOutboxRelay(all);
  const sweeping = resolveSweepOptions({ versionRetentionMs: versionRetentionMs(config) });
  const sweeper = createSweeper(all, createSweepChores(all, sweeping), sweeping.tickMs);
  const works = config.roles.includes("worker");
  // With MongoDB alone events wait in the outbox for a NATS server to come; in-process they would be lost to it.
  const relays = config.roles.includes("relay") && !keepsEvents(config);
  let started = false;
  return {
    async start() {
      started = true;
      if (works) {
        if (storage.exclusive) {
          const count = await reaper.reapAll();
          if (count > 0) deps.log.info("dreams of an earlier process were given back", { count });
        }
        worker.start();
        reaper.start();
        sweeper.start();
      }
      if (relays) relay.start();
    },
    async stopWorking() {
      await Promise.all([worker.stop(config.shutdownGraceMs), reaper.stop(), sweeper.stop()]);
    },
    async stopRelaying() {
      // A process that never relayed must not take events from those who will: its bus may be heard by nobody.
      await relay.stop(relays && started ? config.shutdownGraceMs : 0);
    },
  };
}

function versionRetentionMs({ versionRetentionDays: days }: Config): number | null {
  return days === 0 ? null : days * 86_400_000;
}

async function readiness(storage: Storage, bus: EventBus, config: Config) {
  const checks = await Promise.all([
    check(config.mongodbUrl === null ? "sqlite" : "mongodb", () => storage.dreams.check()),
    check(busName(config), () => bus.check()),
  ]);
  return { ok: checks.every((one) => one.ok), checks };
}

async function check(name: string, run: () => Promise<void>) {
  try {
    await run();
    return { name, ok: true, reason: "" };
  } catch (error) {
    return { name, ok: false, reason: error instanceof ReveriedError ? error.message : "the check failed" };
  }
}

function keepsEvents({ mongodbUrl, natsUrl }: Config): boolean {
  return mongodbUrl !== null && natsUrl === null;
}

function busName(config: Config): string {
  if (config.natsUrl !== null) return "nats";
  return keepsEvents(config)
    ? "events kept in the outbox until REVERIED_NATS_URL is set"
    : "in-process events";
}
