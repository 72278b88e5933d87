import type { RunningDream } from "../core/dream.ts";
import { applyMove, type Move } from "../core/dream-transitions.ts";
import { isReveriedError } from "../core/errors.ts";
import { isDead, isPoison, lostLeasePauseMs, mustRunAlone, observe, type Sighting } from "../core/lease.ts";
import { limits } from "../core/limits.ts";
import type { RunningLease } from "../ports/dream-store.ts";
import type { Log } from "../ports/log.ts";
import type { ServiceDeps } from "../service/deps.ts";
import { announceDream } from "../service/dreams/accept-dream.ts";
import { finishCommit } from "../service/dreams/finish-commit.ts";
import { createLoop, type Loop } from "./loop.ts";

export interface ReaperDeps
  extends Pick<ServiceDeps, "dreams" | "memories" | "heads" | "bus" | "clock" | "random" | "digest"> {
  readonly log: Log;
}

export interface Reaper extends Loop {
  /** Gives back every running dream at once, and answers how many that were. Only for a process that holds the lock proving that no other worker lives. */
  reapAll(): Promise<number>;
}

/** Gives dreams whose beat stood still for `limits.leaseStillMs`, under this reaper's own eyes, back to the pending. */
export function createReaper(deps: ReaperDeps): Reaper {
  const { dreams, clock } = deps;
  let sightings = new Map<string, Sighting>();

  async function eachRunning(visit: (lease: RunningLease) => Promise<void>): Promise<void> {
    let after: string | null = null;
    for (;;) {
      const page: RunningLease[] = await dreams.listRunning({ after, limit: limits.runningPage });
      for (const lease of page) await visit(lease);
      if (page.length < limits.runningPage) return;
      after = page.at(-1)?.id ?? null;
    }
  }

  const loop = createLoop(deps, {
    name: "reaper",
    intervalMs: limits.pollIntervalMs,
    async tick(signal) {
      const seen = new Map<string, Sighting>();
      await eachRunning(async (lease) => {
        if (signal.aborted) return;
        const sighting = observe(sightings.get(lease.id), lease, clock.monotonic());
        seen.set(lease.id, sighting);
        if (isDead(sighting)) await reapAlone(deps, lease);
      });
      // Dreams that ended are forgotten with the old map.
      sightings = seen;
      return "idle";
    },
  });

  return {
    ...loop,
    async reapAll() {
      let count = 0;
      await eachRunning(async (lease) => {
        if (await reapAlone(deps, lease)) count += 1;
      });
      return count;
    },
  };
}

/** A dream that cannot be given back must not keep the others from it; a storage that is away concerns them all. */
async function reapAlone(deps: ReaperDeps, lease: RunningLease): Promise<boolean> {
  try {
    return await reap(deps, lease);
  } catch (cause) {
    if (isReveriedError(cause) && cause.kind === "unavailable") throw cause;
    deps.log.error("a dream of a lost worker could not be given back", { dream: lease.id, cause });
    return false;
  }
}

/** Answers whether the dream was given back or finished; not when its worker, or somebody else, was faster. */
async function reap(deps: ReaperDeps, lease: RunningLease): Promise<boolean> {
  const { tenant, id } = lease;
  const read = await deps.dreams.get({ tenant, id });
  if (read === null || read.status !== "running") return false;
  if (read.fence !== lease.fence || read.live.beat !== lease.beat) return false;
  if (read.commit !== null) {
    await finishCommit(deps, read);
    return true;
  }
  const move = moveFor(read, deps.clock.now(), deps.random.fraction());
  const saved = await deps.dreams.save({ read, next: applyMove(read, move), guardBeat: true });
  if (saved.outcome !== "saved") return false;
  deps.log.warn("a dream's worker was lost", { dream: id, attempt: read.attempt, move: move.name });
  announceDream(deps, read);
  return true;
}

function moveFor(dream: RunningDream, now: number, fraction: number): Move {
  const ranAlone = mustRunAlone(dream.leasesLost);
  if (ranAlone && isPoison(dream.leasesLostAlone + 1)) {
    const message = `its worker was lost ${dream.leasesLost + 1} times, ${dream.leasesLostAlone + 1} of them while it ran alone`;
    return { name: "fail", now, error: { type: "worker_lost", message } };
  }
  const pauseMs = lostLeasePauseMs(dream.leasesLost + 1, fraction);
  return {
    name: "release",
    now,
    reason: "its worker was lost",
    lost: ranAlone ? "alone" : "shared",
    notBefore: pauseMs === 0 ? 0 : now + pauseMs,
  };
}
