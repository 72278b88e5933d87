import { limits } from "../../core/limits.ts";
import type { Log } from "../../ports/log.ts";
import type { ServiceDeps } from "../../service/deps.ts";
import { deleteDeadAttempts } from "../../service/sweeping/dead-attempts.ts";
import { narrowOrigins } from "../../service/sweeping/narrow-origins.ts";
import { retireVersions } from "../../service/sweeping/retire-versions.ts";
import type { Chore } from "../sweeper.ts";
import { type CollectionConfig, createCollection } from "./collection.ts";
import { finishDeletes } from "./finish-deletes.ts";
import { createSteppedChore } from "./stepped-chore.ts";
import { createTenantRounds, tasksOf } from "./tenant-rounds.ts";
import { createGoneList, createWatch } from "./watch.ts";

export interface SweepConfig extends CollectionConfig {
  /** Between two ticks of the sweeper. */
  readonly tickMs: number;
  /** From one round over all tenants to the next, for all chores that read much. */
  readonly roundMs: number;
}

export interface SweepOptions {
  /** null: for ever; left out: `limits.versionRetentionMs`. */
  readonly versionRetentionMs?: number | null;
  readonly graceMs?: number;
  readonly confirmMs?: number;
  readonly remember?: number;
  readonly tickMs?: number;
  readonly roundMs?: number;
}

export function resolveSweepOptions(options: SweepOptions = {}): SweepConfig {
  return {
    versionRetentionMs: limits.versionRetentionMs,
    graceMs: limits.partGraceMs,
    confirmMs: limits.collectConfirmMs,
    remember: limits.sweepRemembered,
    tickMs: limits.sweepIntervalMs,
    roundMs: limits.collectIntervalMs,
    ...options,
  };
}

type Deps = Pick<ServiceDeps, "memories" | "dreams" | "sweep" | "digest" | "clock"> & { readonly log: Log };

/**
 * All chores of the sweeper. Only the removal of what was deleted begins at once: before anything else goes, whoever was
 * at work when this process began has had `confirmMs` to show it, and a reaper to finish what was committed.
 */
export function createSweepChores(deps: Deps, config: SweepConfig): Chore[] {
  const watch = createWatch(deps, 2 * config.tickMs);
  const { confirmMs, graceMs, versionRetentionMs } = config;
  const rounds = (times: { firstAfterMs: number; intervalMs: number }) =>
    createTenantRounds({ ...deps, watch }, times);
  const slow = () => rounds({ firstAfterMs: confirmMs, intervalMs: config.roundMs });
  const goneStores = createGoneList(watch, confirmMs);
  const goneDreams = createGoneList(watch, confirmMs);

  async function* retention(tenant: string, now: number): AsyncGenerator<number, void> {
    const before = versionRetentionMs === null ? null : now - versionRetentionMs;
    const isGone = (storeId: string) => goneStores(`${tenant}/${storeId}`);
    yield* retireVersions(deps, tenant, { before, isGone });
    if (before !== null) yield* narrowOrigins(deps, tenant, before);
  }

  // Half a tick, so that one a little early does not skip its turn.
  const often = rounds({ firstAfterMs: 0, intervalMs: config.tickMs / 2 });
  return [
    createSteppedChore(
      deps,
      "finish deletes",
      tasksOf(often, (tenant) => finishDeletes(deps, tenant)),
    ),
    createSteppedChore(
      deps,
      "dead attempts",
      tasksOf(slow(), (tenant, now) => {
        const isGone = (dreamId: string) => goneDreams(`${tenant}/${dreamId}`);
        return deleteDeadAttempts(deps, tenant, { now, graceMs, isGone });
      }),
    ),
    createSteppedChore(deps, "retention", tasksOf(slow(), retention)),
    createSteppedChore(deps, "collection", createCollection({ ...deps, watch }, slow(), config)),
  ];
}
