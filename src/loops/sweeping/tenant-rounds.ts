import { limits } from "../../core/limits.ts";
import type { Sweep } from "../../ports/sweep.ts";
import type { Tasks } from "./stepped-chore.ts";
import type { Watch } from "./watch.ts";

export interface RoundTimes {
  /** When the first round begins, in watched time. */
  readonly firstAfterMs: number;
  /** From the begin of a round to that of the next, at least. */
  readonly intervalMs: number;
}

/** Visits every tenant once a round. Where a round stands is kept in memory only: a new process begins a new one. */
export interface TenantRounds {
  /** The tenant to visit now; the same until it is passed. null between two rounds. */
  current(): Promise<string | null>;
  pass(): void;
}

export function createTenantRounds(
  deps: { readonly sweep: Pick<Sweep, "listTenants">; readonly watch: Watch },
  { firstAfterMs, intervalMs }: RoundTimes,
): TenantRounds {
  let dueAt = firstAfterMs;
  let inRound = false;
  let after: string | null = null;
  let page: string[] = [];
  return {
    async current() {
      if (!inRound) {
        const now = deps.watch.look();
        if (now < dueAt) return null;
        dueAt = now + intervalMs;
        inRound = true;
        after = null;
      }
      if (page.length === 0) {
        page = await deps.sweep.listTenants({ after, limit: limits.sweepBatch });
        after = page.at(-1) ?? null;
        inRound = page.length > 0;
      }
      return page[0] ?? null;
    },
    pass() {
      page.shift();
    },
  };
}

/** The same work for each tenant of each round. */
export function tasksOf(
  rounds: TenantRounds,
  work: (tenant: string, now: number) => AsyncGenerator<number, void>,
): Tasks {
  return {
    async begin(now) {
      const tenant = await rounds.current();
      return tenant === null ? null : { tenant, steps: work(tenant, now) };
    },
    drop: rounds.pass,
  };
}
