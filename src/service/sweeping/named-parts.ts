/** Where parts are named beside the stores, page by page: dreams, revisions, versions, recorded changes. */
import { limits } from "../../core/limits.ts";
import { dreamOrigin, revertOrigin } from "../../core/memory-version.ts";
import { createLru } from "../../lib/lru.ts";
import type { DreamFilter } from "../../ports/dream-store.ts";
import type { ChangePosition, ChangeRow, VersionRow } from "../../ports/sweep.ts";
import type { ServiceDeps } from "../deps.ts";
import { listPages } from "../list-pages.ts";

type Deps = Pick<ServiceDeps, "memories" | "dreams" | "sweep">;
type Pages = AsyncGenerator<readonly string[]>;

// A dream has its events with it, and a change its quotes.
const dreamsPerRead = 50;
const changesPerRead = 50;
/** A dream that took longer from its creation to its end may lose the heads that reverting it needs before its time. */
const dreamTakesMs = limits.versionRetentionMs;
const storesRemembered = 1_000;

/** Heads that dreams read or are about to show, of all dreams that have not ended. */
export async function* dreamHeads(deps: Pick<Deps, "dreams">, tenant: string): Pages {
  const filter = { ...anyDream, statuses: ["pending", "running"] as const };
  for await (const dreams of dreamPages(deps, tenant, filter)) {
    yield dreams.flatMap(({ frozen, commit }) => [
      ...(frozen === null ? [] : [frozen.head]),
      ...(commit === null ? [] : [commit.base, commit.next]),
    ]);
  }
}

/** Heads that revisions made since then came from and led to. */
export async function* recentHeads(deps: Pick<Deps, "sweep">, tenant: string, since: number): Pages {
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<Deps["sweep"]["listRevisionHeads"]>> = await deps.sweep.listRevisionHeads({
      tenant,
      since,
      after,
      limit: limits.sweepBatch,
    });
    yield page.heads;
    after = page.next;
  } while (after !== null);
}

/** Heads before and after what dreams that ended since then wrote into their input, and before and after its undoing. */
export async function* revertibleHeads(
  deps: Pick<Deps, "dreams" | "sweep">,
  tenant: string,
  since: number,
): Pages {
  const filter = { ...anyDream, statuses: ["completed"] as const, createdAfter: since - dreamTakesMs };
  for await (const dreams of dreamPages(deps, tenant, filter)) {
    const origins = dreams
      .filter((dream) => dream.status === "completed" && dream.endedAt >= since)
      .filter(({ outputBehavior, commit }) => outputBehavior === "update_existing" && commit !== null)
      .flatMap(({ id }) => [dreamOrigin(id), revertOrigin(id)]);
    yield origins.length === 0 ? [] : await deps.sweep.originHeads({ tenant, origins });
  }
}

/** Texts of the versions of stores that are there. `storeIds` are some of those; others are looked up. */
export async function* versionHashes(
  deps: Pick<Deps, "memories" | "sweep">,
  tenant: string,
  storeIds: ReadonlySet<string>,
): Pages {
  const looked = createLru<boolean>(storesRemembered);
  async function exists(id: string): Promise<boolean> {
    if (storeIds.has(id)) return true;
    const known = looked.get(id);
    if (known !== undefined) return known;
    const found = (await deps.memories.get({ tenant, id })) !== null;
    looked.set(id, found);
    return found;
  }
  let after: string | null = null;
  for (;;) {
    const rows: VersionRow[] = await deps.sweep.listVersionRows({
      tenant,
      createdBefore: null,
      after,
      limit: limits.sweepBatch,
    });
    const hashes: string[] = [];
    for (const { storeId, contentHash } of rows) {
      if (contentHash !== null && (await exists(storeId))) hashes.push(contentHash);
    }
    yield hashes;
    after = rows.at(-1)?.key ?? null;
    if (rows.length < limits.sweepBatch) return;
  }
}

/** Texts before and after each recorded change. */
export async function* changeHashes(deps: Pick<Deps, "sweep">, tenant: string): Pages {
  let after: ChangePosition | null = null;
  for (;;) {
    const rows: ChangeRow[] = await deps.sweep.listChangeRows({ tenant, after, limit: changesPerRead });
    yield rows.flatMap(({ change }) => [change.beforeHash, change.afterHash].filter((hash) => hash !== null));
    after = rows.at(-1) ?? null;
    if (rows.length < changesPerRead) return;
  }
}

const anyDream = {
  includeArchived: true,
  createdAfter: null,
  createdBefore: null,
  memoryStoreId: null,
} as const;

function dreamPages(deps: Pick<Deps, "dreams">, tenant: string, filter: DreamFilter) {
  return listPages((after, limit) => deps.dreams.list({ tenant, filter, after, limit }), dreamsPerRead);
}
