import { createInprocEventBus } from "../../src/adapters/inproc/event-bus.ts";
import { openSqliteStorage, type SqliteStorage } from "../../src/adapters/sqlite/storage.ts";
import { createSystemDigest } from "../../src/adapters/system/digest.ts";
import { createSilentLog } from "../../src/adapters/system/log.ts";
import { createSystemRandom } from "../../src/adapters/system/random.ts";
import type { Dream } from "../../src/core/dream.ts";
import { limits } from "../../src/core/limits.ts";
import { defaultModelRoutes } from "../../src/core/model-map.ts";
import type { Principal } from "../../src/core/principal.ts";
import { createOutboxRelay, type OutboxRelay } from "../../src/loops/outbox-relay.ts";
import { createReaper, type Reaper } from "../../src/loops/reaper.ts";
import { createRunDream } from "../../src/loops/run-dream.ts";
import { createWorker, type Worker } from "../../src/loops/worker.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { EventBus } from "../../src/ports/event-bus.ts";
import type { ServiceDeps } from "../../src/service/deps.ts";
import { createHeads } from "../../src/service/memories/heads.ts";
import { createUseCases, type UseCases } from "../../src/service/use-cases.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { createScriptedEngine, nothingNew } from "./scripted-engine.ts";

export interface Bundle extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly storage: SqliteStorage;
  readonly bus: EventBus;
  readonly deps: ServiceDeps;
  readonly useCases: UseCases;
  readonly principal: Principal;
  /** A worker of its own over the same storage; stopped with the bundle. */
  worker(options?: {
    readonly engine?: Engine;
    readonly concurrency?: number;
    readonly deps?: ServiceDeps;
  }): Worker;
  reaper(): Reaper;
  relay(bus?: EventBus): OutboxRelay;
  /** A store with these memories and a session with these texts, by id. */
  inputs(
    memories?: Record<string, string>,
    texts?: readonly string[],
  ): Promise<{ storeId: string; sessionId: string }>;
  /** A dream over fresh inputs, accepted. */
  dream(options?: { readonly update?: boolean; readonly texts?: readonly string[] }): Promise<Dream>;
  get(id: string): Promise<Dream>;
  /** All texts of a store by path. */
  texts(storeId: string): Promise<Record<string, string>>;
}

/** The real service over SQLite in memory and a clock that the test moves. */
export async function setup(): Promise<Bundle> {
  const clock = createManualClock();
  const log = createSilentLog();
  const system = { clock, log, random: createSystemRandom(), digest: createSystemDigest() };
  const storage = await openSqliteStorage(system, { inMemory: true });
  const bus = createInprocEventBus(system);
  const heads = createHeads({ memories: storage.memories, digest: system.digest });
  const deps: ServiceDeps = { ...system, ...storage, heads, bus };
  const useCases = createUseCases(deps, { models: defaultModelRoutes });
  const principal = { tenant: "acme", keyId: null };
  const stops: (() => Promise<void>)[] = [];
  let workers = 0;

  const bundle: Bundle = {
    clock,
    storage,
    bus,
    deps,
    useCases,
    principal,
    worker({
      engine = createScriptedEngine(async () => nothingNew),
      concurrency = 4,
      deps: own = deps,
    } = {}) {
      const all = { ...system, ...own };
      const runDream = createRunDream({ ...all, engineFor: async () => engine });
      workers += 1;
      const worker = createWorker({ ...all, runDream }, { workerId: `worker_${workers}`, concurrency });
      stops.push(() => worker.stop(0));
      return worker;
    },
    reaper() {
      const reaper = createReaper({ ...system, ...deps });
      stops.push(() => reaper.stop());
      return reaper;
    },
    relay(other = bus) {
      const relay = createOutboxRelay({ ...system, outbox: storage.outbox, bus: other });
      stops.push(() => relay.stop(0));
      return relay;
    },
    async inputs(memories = {}, texts = ["Maya leads the platform team."]) {
      const { store } = await useCases.createMemoryStore(principal, {
        name: "notes",
        description: "",
        metadata: {},
        protectedPaths: [],
      });
      const puts = Object.entries(memories).map(([path, content]) => ({ path, content }));
      if (puts.length > 0) await useCases.putMemories(principal, { memoryStoreId: store.id, memories: puts });
      const session = await useCases.createSession(principal, {
        title: "",
        agentId: null,
        workspaceId: null,
        memoryStoreIds: [],
        tags: [],
        metadata: {},
      });
      await useCases.appendSessionEvents(principal, {
        sessionId: session.id,
        events: texts.map((text) => ({
          id: "",
          speaker: "user",
          trust: "user",
          blocks: [{ type: "text", text }],
          at: null,
        })),
      });
      return { storeId: store.id, sessionId: session.id };
    },
    async dream({ update = false, texts } = {}) {
      const { storeId, sessionId } = await bundle.inputs({ "/old.md": "old" }, texts);
      return useCases.createDream(principal, {
        inputMemoryStoreId: storeId,
        sessionIds: [sessionId],
        model: "",
        instructions: null,
        outputBehavior: update ? "update_existing" : "create_new",
        type: "omni",
      });
    },
    get: (id) => useCases.getDream(principal, { id }),
    async texts(storeId) {
      const page = await useCases.listMemories(principal, {
        memoryStoreId: storeId,
        pathPrefix: "",
        depth: 0,
        pageSize: 100,
        pageToken: "",
        includeContent: true,
      });
      return Object.fromEntries(page.memories.map((memory) => [memory.entry.path, memory.content ?? ""]));
    },
    async [Symbol.asyncDispose]() {
      const stopping = Promise.all(stops.map((stop) => stop()));
      await clock.advance(limits.releaseMs);
      await stopping;
      await storage.close();
    },
  };
  return bundle;
}
