/**
 * The last steps of a dream that has an output to show. Its `commit` is the point of no return: whoever meets the dream
 * (its worker, a reaper, a cancel) switches the store and completes it, and doing so twice is doing it once.
 */
import type { Change } from "../../core/change-set.ts";
import type { Dream, RunningDream } from "../../core/dream.ts";
import { applyMove } from "../../core/dream-transitions.ts";
import { isReveriedError, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { ServiceDeps } from "../deps.ts";
import { announceDream } from "./accept-dream.ts";
import { loadChanges } from "./change-sets.ts";
import { stageChanges } from "./stage-changes.ts";

type Deps = Pick<ServiceDeps, "dreams" | "memories" | "heads" | "bus" | "clock" | "digest">;

/** Rolls a dream with a commit forward and answers with it as it is afterwards (completed, or failed when its store is gone). */
export async function finishCommit(deps: Deps, met: RunningDream): Promise<Dream> {
  let dream: Dream = met;
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    if (dream.status !== "running" || dream.commit === null) return dream;
    const { tenant, commit } = dream;
    const switched = await deps.memories.switchHead({ tenant, ...pickSwitch(commit) });
    let next: Dream;
    if (switched.outcome === "switched") {
      next = applyMove(dream, { name: "complete", now: deps.clock.now(), summary: commit.summary });
    } else if (switched.store === null || switched.store.archivedAt !== null) {
      const gone = switched.store === null ? "was deleted" : "was archived";
      const error = {
        type: "input_memory_store_unavailable",
        message: `memory store ${commit.storeId} ${gone}`,
      };
      next = applyMove(dream, { name: "fail", now: deps.clock.now(), error });
    } else {
      next = await recommit(deps, dream, switched.store.head).catch(refuse(deps, dream));
    }
    const saved = await deps.dreams.save({ read: dream, next, guardBeat: false });
    if (saved.outcome === "held") throw new ReveriedError("internal", "a dream that ends takes no hold");
    if (saved.dream === null)
      throw new ReveriedError("internal", `dream ${dream.id} vanished while it was finished`);
    dream = saved.dream;
    if (saved.outcome === "saved" && dream.status !== "running") {
      announceDream(deps, dream);
      return dream;
    }
  }
  throw new ReveriedError(
    "unavailable",
    `memory store of dream ${dream.id} changes faster than it can be written`,
  );
}

/**
 * What the store is full of, say, now keeps the changes out for good: nothing of them is shown, so the dream fails and
 * says why. Left running, it would be met and refused for ever.
 */
function refuse(deps: Pick<Deps, "clock">, dream: Dream): (error: unknown) => Dream {
  return (error) => {
    if (!isReveriedError(error) || error.kind === "unavailable" || error.kind === "internal") throw error;
    const told = { type: error.details.reason ?? error.kind, message: error.message };
    return applyMove(dream, { name: "fail", now: deps.clock.now(), error: told });
  };
}

function pickSwitch(commit: { readonly storeId: string; readonly base: string; readonly next: string }) {
  return { storeId: commit.storeId, base: commit.base, next: commit.next };
}

/** Somebody wrote between commit and switch: the same changes over the head as it is now, conflicts left out. */
async function recommit(deps: Deps, dream: RunningDream, head: string): Promise<RunningDream> {
  const changes: readonly Change[] = await loadChanges(deps, dream);
  const staged = await stageChanges(deps, dream, changes, head);
  if (dream.commit === null) return dream;
  const summary = { ...dream.commit.summary, ...staged.counts };
  const commit = { ...dream.commit, base: head, next: staged.head, summary };
  return { ...dream, commit, revision: dream.revision + 1 };
}
