import { collectParts, type Unnamed } from "../../service/sweeping/collect-parts.ts";
import type { MarkDeps } from "../../service/sweeping/mark-parts.ts";
import type { Tasks } from "./stepped-chore.ts";
import type { TenantRounds } from "./tenant-rounds.ts";
import type { Watch } from "./watch.ts";

export interface CollectionConfig {
  readonly graceMs: number;
  readonly confirmMs: number;
  /** null: for ever. */
  readonly versionRetentionMs: number | null;
  /** How many unnamed parts are remembered, over all tenants. */
  readonly remember: number;
}

/** A tenant with parts that a walk found unnamed; from `dueAt` on, in watched time, a second walk may delete them. */
interface Suspicion {
  readonly tenant: string;
  readonly unnamed: Unnamed;
  readonly dueAt: number;
}

/**
 * Walks each tenant once a round, and those where it found something unnamed once more, to delete it. A process that ends
 * in between has only looked, and the next one looks again.
 */
export function createCollection(
  deps: MarkDeps & { readonly watch: Watch },
  rounds: TenantRounds,
  config: CollectionConfig,
): Tasks {
  const suspicions: Suspicion[] = [];
  let dropCurrent = () => {};

  const roomLeft = () => config.remember - suspicions.reduce((sum, { unnamed }) => sum + unnamed.size, 0);

  /** A tenant that waits for its second walk needs no other first one. */
  async function nextUnsuspected(): Promise<string | null> {
    for (;;) {
      const tenant = await rounds.current();
      if (tenant === null || !suspicions.some((one) => one.tenant === tenant)) return tenant;
      rounds.pass();
    }
  }

  async function* walk(tenant: string, now: number, earlier: Unnamed | null): AsyncGenerator<number, void> {
    const { graceMs, versionRetentionMs } = config;
    // Kept for a little longer than a revert may be asked for, so that one in hand finds what it needs.
    const keepRevertibleSince = versionRetentionMs === null ? 0 : now - versionRetentionMs - graceMs;
    const remember = roomLeft() + (earlier?.size ?? 0);
    const unnamed = yield* collectParts(deps, tenant, {
      now,
      graceMs,
      keepRevertibleSince,
      earlier,
      remember,
    });
    if (unnamed.size === 0) return;
    suspicions.push({ tenant, unnamed, dueAt: deps.watch.look() + config.confirmMs });
  }

  return {
    async begin(now) {
      const [first] = suspicions;
      if (first !== undefined && first.dueAt <= deps.watch.look()) {
        dropCurrent = () => suspicions.shift();
        return { tenant: first.tenant, steps: walk(first.tenant, now, first.unnamed) };
      }
      const tenant = roomLeft() > 0 ? await nextUnsuspected() : null;
      if (tenant === null) return null;
      dropCurrent = rounds.pass;
      return { tenant, steps: walk(tenant, now, null) };
    },
    drop: () => dropCurrent(),
  };
}
