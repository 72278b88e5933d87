import { type Dream, isFinal } from "../../core/dream.ts";
import { limits } from "../../core/limits.ts";
import type { ChangePosition } from "../../ports/sweep.ts";
import type { ServiceDeps } from "../deps.ts";

export interface DeadAttemptOptions {
  readonly now: number;
  /** How long a dream must have ended: a worker that lost it may still write. */
  readonly graceMs: number;
  /** Whether a dream that is not there has been gone for long enough: one that is being imported may come after its changes. */
  readonly isGone: (dreamId: string) => boolean;
}

/**
 * Deletes the recorded changes of attempts that no output shows, in steps, each of which answers with how many attempts
 * went. Of a completed dream the last attempt is the one that is shown; of a failed or canceled one, none is.
 */
export async function* deleteDeadAttempts(
  deps: Pick<ServiceDeps, "dreams" | "sweep">,
  tenant: string,
  { now, graceMs, isGone }: DeadAttemptOptions,
): AsyncGenerator<number, void> {
  let after: ChangePosition | null = null;
  let dream: Dream | null = null;
  for (;;) {
    // The first change of an attempt stands for all of it; the next page begins behind the last there can be.
    const [row] = await deps.sweep.listChangeRows({ tenant, after, limit: 1 });
    if (row === undefined) return;
    const { dreamId, attempt } = row;
    if (dream?.id !== dreamId) dream = await deps.dreams.get({ tenant, id: dreamId });
    const dead = dream === null ? isGone(dreamId) : isDead(dream, attempt, now - graceMs);
    if (dead) await deps.sweep.deleteChanges({ tenant, dreamId, attempt });
    yield dead ? 1 : 0;
    after = { dreamId, attempt, index: limits.changesPerDream };
  }
}

function isDead(dream: Dream, attempt: number, endedBefore: number): boolean {
  if (!isFinal(dream) || dream.endedAt >= endedBefore) return false;
  return dream.status !== "completed" || attempt !== dream.attempt;
}
