/** The real service over one storage, without loops: a history runs each step to its end, or lets the process die in it. */
import { createInprocEventBus } from "../../src/adapters/inproc/event-bus.ts";
import { createSystemDigest } from "../../src/adapters/system/digest.ts";
import { createSilentLog } from "../../src/adapters/system/log.ts";
import { createSystemRandom } from "../../src/adapters/system/random.ts";
import type { Dream } from "../../src/core/dream.ts";
import { ReveriedError } from "../../src/core/errors.ts";
import { idPrefixes } from "../../src/core/ids.ts";
import { defaultModelRoutes } from "../../src/core/model-map.ts";
import type { Principal } from "../../src/core/principal.ts";
import { createReaper } from "../../src/loops/reaper.ts";
import { createRunDream } from "../../src/loops/run-dream.ts";
import type { DreamStore } from "../../src/ports/dream-store.ts";
import type { Engine } from "../../src/ports/engine.ts";
import { newId, type ServiceDeps } from "../../src/service/deps.ts";
import { createHeads } from "../../src/service/memories/heads.ts";
import { createUseCases, type UseCases } from "../../src/service/use-cases.ts";
import type { StorageUnderTest } from "../contract/storage.ts";
import { createManualClock } from "../support/manual-clock.ts";

export const principal: Principal = { tenant: "acme", keyId: null };

/** One process: its caches are its own, and once its fuse has burnt no call of it reaches the storage. */
export interface Process {
  readonly deps: ServiceDeps;
  readonly use: UseCases;
  /** Claims the next due dream and runs it to its end; null when none is due. */
  runNext(engine: Engine): Promise<Dream | null>;
  /** What the process of an embedded server does first: dreams left running are given back. */
  recover(): Promise<void>;
}

export interface Fuse {
  /** Calls of the storage that still go through; the next one is the last: it is made or not, and never answered. */
  left: number;
  readonly lastIsMade: boolean;
}

export interface StartOptions {
  readonly fuse: Fuse | null;
  /** Called when a dream's point of no return was written, before its store is switched. */
  readonly onCommit: () => Promise<void>;
}

export interface HistoryWorld {
  start(options?: Partial<StartOptions>): Process;
  passTime(ms: number): void;
}

/** Longer than any pause that a dream gets for a lost worker or a busy store. */
const pausesMs = 120_000;

export function createHistoryWorld(storage: StorageUnderTest): HistoryWorld {
  const clock = createManualClock();
  const system = {
    clock,
    log: createSilentLog(),
    random: createSystemRandom(),
    digest: createSystemDigest(),
  };

  function start({ fuse = null, onCommit = async () => {} }: Partial<StartOptions> = {}): Process {
    const memories = dying(storage.memories, fuse);
    const dreams = hearing(dying(storage.dreams, fuse), onCommit);
    const heads = createHeads({ memories, digest: system.digest });
    const deps: ServiceDeps = {
      ...system,
      memories,
      dreams,
      sessions: dying(storage.sessions, fuse),
      sweep: dying(storage.sweep, fuse),
      restore: dying(storage.restore, fuse),
      heads,
      bus: createInprocEventBus(system),
    };
    return {
      deps,
      use: createUseCases(deps, { models: defaultModelRoutes }),
      async runNext(engine) {
        clock.jumpWall(pausesMs);
        const [claimed] = await dreams.claim({
          now: clock.now(),
          workerId: "worker_1",
          limit: 1,
          makeIds: (dream) => makeIds(deps, dream),
          accepts: () => true,
        });
        if (claimed === undefined) return null;
        const runDream = createRunDream({ ...deps, log: system.log, engineFor: async () => engine });
        await runDream(claimed, new AbortController().signal);
        return storage.dreams.get(claimed);
      },
      async recover() {
        await createReaper({ ...deps, log: system.log }).reapAll();
      },
    };
  }

  return { start, passTime: (ms) => clock.jumpWall(ms) };
}

function makeIds(deps: ServiceDeps, dream: Dream) {
  const now = deps.clock.now();
  const updates = dream.outputBehavior === "update_existing";
  return {
    outputStoreId: updates ? dream.inputs.memoryStoreId : newId(deps, idPrefixes.memoryStore, now),
    sessionId: newId(deps, idPrefixes.session, now),
  };
}

function dying<Port extends object>(port: Port, fuse: Fuse | null): Port {
  if (fuse === null) return port;
  return intercepted(port, async (call) => {
    fuse.left -= 1;
    if (fuse.left >= 0) return call();
    if (fuse.left === -1 && fuse.lastIsMade) await call();
    throw new ReveriedError("unavailable", "the process died");
  });
}

function hearing(dreams: DreamStore, onCommit: () => Promise<void>): DreamStore {
  return intercepted(dreams, async (call, name, args) => {
    const answer = await call();
    if (name === "save") {
      // The parse edge: what `save` is called with.
      const [{ read, next }] = args as Parameters<DreamStore["save"]>;
      if (read.commit === null && next.commit !== null) await onCommit();
    }
    return answer;
  });
}

function intercepted<Port extends object>(
  port: Port,
  around: (call: () => Promise<unknown>, name: string, args: unknown[]) => Promise<unknown>,
): Port {
  return new Proxy(port, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      // The parse edge: a proxy knows its target's methods only by name.
      const call = method as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => around(() => call.apply(target, args), String(name), args);
    },
  });
}
