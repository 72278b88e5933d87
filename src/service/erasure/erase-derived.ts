/** Erases from everything that was made from the target, or only says what would go; both are one computation. */
import type { Erasing } from "../../core/erasure.ts";
import { comparePaths } from "../../core/memory.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { type ChangesErasing, eraseChangeHashes } from "./erase-changes.ts";
import { type ErasedHead, type ErasedMemory, eraseHead, planHead } from "./erase-head.ts";
import { eraseHistory, eraseLooseRows } from "./erase-history.ts";
import { findGone, type Gone } from "./find-gone.ts";
import type { Scope } from "./find-scope.ts";
import type { Words } from "./find-words.ts";
import type { Lineage } from "./lineages.ts";
import { createVerdicts } from "./verdicts.ts";

export interface DerivedErased {
  /** In the order of stores and paths. */
  readonly memories: readonly ErasedMemory[];
  readonly versions: number;
  readonly changes: number;
}

/** What the steps after it need, lineage by lineage. */
export interface Derived extends DerivedErased {
  readonly parts: readonly DerivedPart[];
}

export interface DerivedPart extends ChangesErasing {
  readonly gone: Gone;
}

export type DerivedDeps = Pick<
  ServiceDeps,
  "memories" | "sessions" | "heads" | "digest" | "random" | "sweep" | "clock"
>;

/** The lineages with the words that go from each. */
export type LineageWords = readonly { readonly lineage: Lineage; readonly words: Words }[];

interface Round {
  readonly scope: Scope;
  readonly removed: ReadonlySet<string>;
  readonly now: number;
}

/** What would be erased. */
export async function planDerived(
  deps: DerivedDeps,
  principal: Principal,
  scope: Scope,
  lineages: LineageWords,
): Promise<DerivedErased> {
  const all: DerivedErased[] = [];
  for (const { lineage, words } of lineages) {
    const { storeId } = lineage;
    const planned = await planPart(deps, principal, { scope, removed: new Set(), now: 0 }, lineage, words);
    const part = partOf(deps, scope, lineage, words, planned.gone);
    const { gone, verdicts } = part;
    const upTo = Number.POSITIVE_INFINITY;
    const versions =
      storeId === null
        ? 0
        : await eraseHistory(deps, principal, storeId, { gone, verdicts, upTo, now: null });
    const changes = await eraseChangeHashes(deps, scope.tenant, part, false);
    all.push({ memories: planned.memories, versions, changes });
  }
  return all.reduce(sumErased, nothingErased);
}

/** Erases heads, versions and the hashes in changes, so that nothing names a text any more that goes. */
export async function eraseDerived(
  deps: DerivedDeps,
  principal: Principal,
  round: Round,
  lineages: LineageWords,
): Promise<Derived> {
  const { scope, now } = round;
  const { tenant } = scope;
  const parts: DerivedPart[] = [];
  let erased = nothingErased;
  for (const { lineage, words } of lineages) {
    const { storeId } = lineage;
    const planned = await planPart(deps, principal, round, lineage, words);
    const store = storeId === null ? null : await deps.memories.get({ tenant, id: storeId });
    const head =
      store === null
        ? nothingShown
        : await eraseHead(deps, principal, store.id, { ...round, words, gone: planned.gone.paths });
    const part = partOf(deps, scope, lineage, words, await findGone(deps, scope, lineage, words, head.left));
    const { gone, verdicts } = part;
    const upTo = store?.revision ?? 0;
    const versions =
      store === null ? 0 : await eraseHistory(deps, principal, store.id, { gone, verdicts, upTo, now });
    const changes = await eraseChangeHashes(deps, tenant, part, true);
    erased = sumErased(erased, { memories: head.erased, versions, changes });
    parts.push(part);
  }
  const rows = parts.map((part) => [part.lineage.storeId ?? "", part] as const);
  await eraseLooseRows(deps, scope, new Map(rows), now);
  return { ...erased, parts };
}

/** What two rounds did, or of two stores. */
export function sumErased(a: DerivedErased, b: DerivedErased): DerivedErased {
  const memories = new Map(a.memories.map((memory) => [keyOf(memory), memory]));
  for (const memory of b.memories) {
    const before = memories.get(keyOf(memory));
    memories.set(keyOf(memory), { ...memory, lines: memory.lines + (before?.lines ?? 0) });
  }
  return {
    memories: [...memories.entries()].sort(([x], [y]) => comparePaths(x, y)).map(([, memory]) => memory),
    versions: a.versions + b.versions,
    changes: a.changes + b.changes,
  };
}

export const nothingErased: DerivedErased = { memories: [], versions: 0, changes: 0 };
const nothingShown: ErasedHead = { erased: [], left: [] };

function keyOf({ memoryStoreId, path }: ErasedMemory): string {
  return `${memoryStoreId}\n${path}`;
}

/** What would be erased of the head, once for what goes by itself and once more for links to it. */
async function planPart(
  deps: DerivedDeps,
  principal: Principal,
  round: Round,
  lineage: Lineage,
  words: Words,
): Promise<{ readonly gone: Gone; readonly memories: readonly ErasedMemory[] }> {
  const { storeId } = lineage;
  const run = async (gone: ReadonlySet<string>) => {
    const head =
      storeId === null ? nothingShown : await planHead(deps, principal, storeId, { ...round, words, gone });
    return { memories: head.erased, gone: await findGone(deps, round.scope, lineage, words, head.left) };
  };
  const first = await run(new Set());
  return first.gone.paths.size === 0 || storeId === null ? first : run(first.gone.paths);
}

function partOf(
  deps: DerivedDeps,
  { tenant }: Scope,
  lineage: Lineage,
  words: Words,
  gone: Gone,
): DerivedPart {
  const erasing: Erasing = { ...words, isGone: (path) => gone.paths.has(path) };
  return { lineage, words, erasing, gone, verdicts: createVerdicts(deps, tenant, erasing, words.suspects) };
}
