import type { Dream, RunningDream } from "../core/dream.ts";
import { idPrefixes } from "../core/ids.ts";
import { mustRunAlone } from "../core/lease.ts";
import { limits } from "../core/limits.ts";
import type { Log } from "../ports/log.ts";
import { newId, type ServiceDeps } from "../service/deps.ts";
import { createLoop } from "./loop.ts";
import type { RunDream } from "./run-dream.ts";

export interface Worker {
  start(): void;
  /** Looks for work now. */
  wake(): void;
  /** No new claims; running dreams get `graceMs` to end and are released after it. Resolves when none runs. */
  stop(graceMs: number): Promise<void>;
  /** How many dreams run in this worker now. */
  active(): number;
}

export interface WorkerDeps extends Pick<ServiceDeps, "dreams" | "bus" | "clock" | "random"> {
  readonly log: Log;
  readonly runDream: RunDream;
}

export interface WorkerConfig {
  readonly workerId: string;
  /** How many dreams run at once. */
  readonly concurrency: number;
}

/** One claim loop that hands due dreams to `runDream`, as many at once as there is room for. */
export function createWorker(deps: WorkerDeps, config: WorkerConfig): Worker {
  const { dreams, clock, log } = deps;
  // By run, not by dream: one that was taken from this worker may come back while its lost run still ends.
  const active = new Set<Promise<void>>();
  const shutdown = new AbortController();
  /** A dream that lost several leases is run by itself; while one waits or runs, no other is claimed. */
  const lane: { alone: "no" | "waiting" | "running" } = { alone: "no" };

  const loop = createLoop(deps, {
    name: "worker",
    intervalMs: limits.pollIntervalMs,
    async tick() {
      // With nothing running the lane is free, whatever a claim that failed has left of it.
      if (active.size === 0) lane.alone = "no";
      const room = lane.alone === "no" ? config.concurrency - active.size : 0;
      if (room <= 0) return "idle";
      let taken = 0;
      const claimed = await dreams.claim({
        now: clock.now(),
        workerId: config.workerId,
        limit: room,
        makeIds: (dream) => makeIds(deps, dream),
        accepts(dream) {
          if (lane.alone === "running") return false;
          if (mustRunAlone(dream.leasesLost)) {
            if (active.size + taken > 0) {
              lane.alone = "waiting";
              return false;
            }
            lane.alone = "running";
          }
          taken += 1;
          return true;
        },
      });
      for (const dream of claimed) begin(dream);
      if (claimed.length === room && active.size < config.concurrency) return "again";
      const due = claimed.length < room ? await dreams.nextDue(clock.now()) : null;
      return due === null ? "idle" : Math.max(1, due - clock.now());
    },
  });

  function begin(dream: RunningDream): void {
    const run: Promise<void> = deps
      .runDream(dream, shutdown.signal)
      .catch((cause: unknown) =>
        log.error("a dream's run broke off; a reaper gives it back", { dream: dream.id, cause }),
      )
      .finally(() => {
        active.delete(run);
        loop.wake();
      });
    active.add(run);
  }

  let unlisten = () => {};
  let listening: Promise<void> | null = null;
  let stopped: Promise<void> | null = null;

  async function stop(graceMs: number): Promise<void> {
    await listening;
    unlisten();
    await loop.stop();
    const ended = new AbortController();
    void Promise.all(active).then(() => ended.abort());
    await clock.sleep(graceMs, ended.signal);
    shutdown.abort();
    // A storage that hangs must not keep the process: what is not given back now, a reaper gives back.
    await clock.sleep(limits.releaseMs, ended.signal);
  }

  return {
    start() {
      listening ??= deps.bus
        .listen({ kind: "work" }, loop.wake)
        .then((off) => {
          unlisten = off;
        })
        // Without hints the worker still polls.
        .catch((cause: unknown) => log.warn("the worker gets no hints and polls", { cause }));
      loop.start();
    },
    wake: loop.wake,
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
    active: () => active.size,
  };
}

function makeIds(deps: Pick<ServiceDeps, "clock" | "random">, dream: Dream) {
  const now = deps.clock.now();
  const updates = dream.outputBehavior === "update_existing";
  return {
    outputStoreId: updates ? dream.inputs.memoryStoreId : newId(deps, idPrefixes.memoryStore, now),
    sessionId: newId(deps, idPrefixes.session, now),
  };
}
