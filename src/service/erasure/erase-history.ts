/** Empties the versions of a store that hold words which go, whatever became of them since. */
import { limits } from "../../core/limits.ts";
import { emptyHead, type MemoryEntry, versionIdIn } from "../../core/memory.ts";
import { actorOf } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { changeStore } from "../memories/change-store.ts";
import { findStore, type StoreView } from "../memories/get-memory-store.ts";
import { versionRows, versionsOfStore } from "./erasure-texts.ts";
import { type Gone, shownIn } from "./find-gone.ts";
import type { Scope } from "./find-scope.ts";
import type { Verdicts } from "./verdicts.ts";

type Deps = Pick<ServiceDeps, "memories" | "heads" | "digest" | "sweep">;

/** A storage that batches its writes takes so many in one. */
const redactedAtOnce = 50;
const rowsPerDelete = 100;

export interface HistoryErasing {
  readonly gone: Gone;
  readonly verdicts: Verdicts;
  /** Versions of later revisions are this erasure's own, and not counted. */
  readonly upTo: number;
  /** null: only counts. */
  readonly now: number | null;
}

/** Empties the store's versions; answers with how many. */
export async function eraseHistory(
  deps: Deps,
  principal: Principal,
  storeId: string,
  erasing: HistoryErasing,
): Promise<number> {
  const view = await findStore(deps, principal, "memory_store_id", storeId);
  const versions = await eraseVersions(deps, principal, view, erasing);
  return versions + (await eraseOrigin(deps, view, erasing));
}

async function eraseVersions(
  deps: Deps,
  principal: Principal,
  { store, head }: StoreView,
  erasing: HistoryErasing,
): Promise<number> {
  const { tenant, id: storeId } = store;
  const { now, gone, upTo } = erasing;
  // What a memory is now was written without the words, or by somebody since; so was what came after this look.
  const current =
    now === null
      ? new Set<string>()
      : new Set(
          (await deps.heads.list(tenant, head)).map((one) => versionIdIn(storeId, one, deps.digest.sha256)),
        );
  const made = shownIn(deps, storeId, gone);
  let count = 0;
  let going: string[] = [];
  const redact = async () => {
    if (now === null) return;
    const by = actorOf(principal, null);
    await Promise.all(going.map((id) => deps.memories.redactVersion({ tenant, storeId, id, by, now })));
    going = [];
  };
  for await (const version of versionsOfStore(deps, tenant, storeId)) {
    const { id, memoryId, path, contentHash, redactedAt, revision } = version;
    if (redactedAt !== null || current.has(id) || revision > store.revision) continue;
    const isGone = path !== null && gone.paths.has(path) && made.has(memoryId);
    const goes = isGone || (await erasing.verdicts.among([{ contentHash, path }])).size > 0;
    if (!goes) continue;
    if (revision <= upTo) count += 1;
    if (now === null) continue;
    going.push(id);
    if (going.length === redactedAtOnce) await redact();
  }
  await redact();
  return count;
}

/** What a copy began with is told by its first head, which goes on without those entries. */
async function eraseOrigin(deps: Deps, { store }: StoreView, erasing: HistoryErasing): Promise<number> {
  const { now } = erasing;
  if (now === null) return (await goingOf(deps, store, erasing)).length;
  let count = 0;
  await changeStore(deps, store, async (current) => {
    const going = await goingOf(deps, current, erasing);
    count = going.length;
    if (going.length === 0 || current.origin === null) return current;
    const head = await deps.heads.load(current.tenant, current.origin.head);
    const writes = going.map(({ path }) => ({ kind: "remove" as const, path }));
    const next = await deps.heads.derive(current.tenant, head, writes, now);
    return { ...current, origin: { ...current.origin, head: next.hash } };
  });
  return count;
}

async function goingOf(
  deps: Deps,
  { tenant, origin }: StoreView["store"],
  { gone, verdicts }: HistoryErasing,
): Promise<MemoryEntry[]> {
  if (origin === null || origin.head === emptyHead(deps.digest.sha256).hash) return [];
  const entries = (await deps.heads.listKept(tenant, origin.head)) ?? [];
  const held = await verdicts.among(entries);
  return entries.filter((entry) => gone.has(entry) || held.has(entry.contentHash));
}

/** What of a store goes, by its id. */
export type LooseRowsErasing = ReadonlyMap<string, Pick<HistoryErasing, "gone" | "verdicts">>;

/** Deletes version rows of writes that were never made, and all rows of stores of the scope that were deleted. */
export async function eraseLooseRows(
  deps: Deps,
  { tenant, goneStoreIds }: Scope,
  erasing: LooseRowsErasing,
  madeUpTo: number,
): Promise<void> {
  for (const storeId of goneStoreIds) {
    while (!(await deps.sweep.removeStore({ tenant, storeId, limit: limits.sweepBatch })));
  }
  let keys: string[] = [];
  for await (const { key, storeId, id, path, contentHash } of versionRows(deps, tenant, madeUpTo + 1)) {
    const of = erasing.get(storeId);
    if (of === undefined) continue;
    const named = path !== null && of.gone.paths.has(path);
    const holds = named || (await of.verdicts.among([{ contentHash, path }])).size > 0;
    if (!holds || (await deps.memories.getVersion({ tenant, storeId, id })) !== null) continue;
    keys.push(key);
    if (keys.length < rowsPerDelete) continue;
    await deps.sweep.deleteVersionRows({ tenant, keys });
    keys = [];
  }
  if (keys.length > 0) await deps.sweep.deleteVersionRows({ tenant, keys });
}
