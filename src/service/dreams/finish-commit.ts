/**
 * The last steps of a dream that has an output to show. Its `commit` is the point of no return: whoever meets the dream
 * (its worker, a reaper, a cancel) switches the store and completes it, and doing so twice is doing it once.
 */
import assert from "node:assert";
import type { Change } from "../../core/change-set.ts";
import type { Commit, Dream, DreamError, DreamSummary, RunningDream } from "../../core/dream.ts";
import { applyMove } from "../../core/dream-transitions.ts";
import { isReveriedError, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { SwitchOutcome } from "../../ports/memory-store.ts";
import type { ServiceDeps } from "../deps.ts";
import { announceDream } from "./accept-dream.ts";
import { loadChanges, type StagedChange } from "./change-sets.ts";
import { dreamCommit, stageChanges } from "./stage-changes.ts";

type Deps = Pick<ServiceDeps, "dreams" | "memories" | "heads" | "bus" | "clock" | "digest">;

/** Rolls a dream with a commit forward and answers with it as it is afterwards (completed, or failed when its store is gone). */
export async function finishCommit(deps: Deps, met: RunningDream): Promise<Dream> {
  let dream: Dream = met;
  let placed: Placed | null = null;
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    if (dream.status !== "running" || dream.commit === null) return dream;
    const commit: Commit = placed?.commit ?? dream.commit;
    const switched = await switchOutput(deps, dream, commit);
    let next: Dream;
    if (switched.outcome === "switched") {
      next = applyMove(dream, { name: "complete", now: deps.clock.now(), summary: commit.summary });
    } else if (switched.store === null || switched.store.archivedAt !== null) {
      next = applyMove(dream, {
        name: "fail",
        now: deps.clock.now(),
        error: goneError(commit, switched.store),
      });
    } else {
      const moved: Placed | Dream = await place(deps, dream, placed, switched.store).catch(
        refuse(deps, dream),
      );
      if ("status" in moved) next = moved;
      else {
        placed = moved;
        // As long as the same changes apply, the dream need not be written: the store takes it once, wherever it is placed.
        if (sameCounts(placed.commit.summary, dream.commit.summary)) continue;
        next = { ...dream, commit: placed.commit, revision: dream.revision + 1 };
      }
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

function sameCounts(a: DreamSummary, b: DreamSummary): boolean {
  const counts = ["created", "updated", "deleted", "renamed", "conflicts"] as const;
  return counts.every((count) => a[count] === b[count]);
}

function goneError({ storeId }: Commit, store: MemoryStore | null): DreamError {
  const gone = store === null ? "was deleted" : "was archived";
  return { type: "input_memory_store_unavailable", message: `memory store ${storeId} ${gone}` };
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

/** A store takes the dream once, by the commit's origin; nothing is written when all changes turned out to be conflicts. */
async function switchOutput(
  deps: Deps,
  { tenant, id }: Dream,
  { id: commitId, storeId, base, next }: Commit,
): Promise<SwitchOutcome> {
  // A commit of an older version names no versions: they are staged first.
  if (base !== next && commitId) {
    const commit = dreamCommit(deps, id, commitId);
    return deps.memories.switchHead({ tenant, storeId, base, next, commit, evenArchived: false });
  }
  const store = await deps.memories.get({ tenant, id: storeId });
  return store === null || store.archivedAt !== null || base !== next
    ? { outcome: "moved", store }
    : { outcome: "switched", store };
}

/** The dream's changes over a head that somebody else wrote, staged, with what of the staging another place can use. */
interface Placed {
  readonly commit: Commit;
  readonly changes: ReadonlyMap<Change, StagedChange["left"]>;
}

/** Somebody wrote between commit and switch: the same changes over the head as it is now, conflicts left out. */
async function place(
  deps: Deps,
  dream: RunningDream,
  before: Placed | null,
  store: MemoryStore,
): Promise<Placed> {
  assert(dream.commit !== null, "only a dream with a commit is placed");
  const commit = before?.commit ?? dream.commit;
  const left = before?.changes ?? (await loadChanges(deps, dream));
  const earlier = { commitId: commit.id, left };
  const staged = await stageChanges(deps, dream, [...left.keys()], store, earlier);
  return {
    commit: {
      id: staged.commitId,
      storeId: commit.storeId,
      base: store.head,
      next: staged.head,
      summary: { ...commit.summary, ...staged.counts },
    },
    changes: new Map(staged.changes.map(({ change, left: now }) => [change, now])),
  };
}
