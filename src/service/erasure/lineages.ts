/**
 * Parts an erasure by the stores that were written. What stays in one is what a source says that went into it: another
 * session of the tenant that says the same, read by other dreams into other stores, is no reason for it.
 */
import type { Scope, ScopeDream } from "./find-scope.ts";

export interface Lineage {
  /** The store; null when it is deleted, and for the dreams that made a store which is erased itself. */
  readonly storeId: string | null;
  /** Dreams that wrote it. */
  readonly own: readonly ScopeDream[];
  /** They, and those that wrote what they read, and so on. */
  readonly dreams: ReadonlySet<string>;
  /** What stays of all that went into it, by the names of `stayingTexts`. */
  readonly sources: ReadonlySet<string>;
}

/** A lineage for each store that dreams of the scope wrote, and one for what they wrote into the target. */
export function lineagesOf(scope: Scope): Lineage[] {
  const { dreams, target, storeIds } = scope;
  const makers = dreams.filter((dream) => dream.role === "makes");
  const writers = Map.groupBy(
    dreams.filter((dream) => dream.role !== "makes" && dream.outputStoreId !== null),
    (dream) => dream.outputStoreId ?? "",
  );
  writers.delete(target.id);
  const staying = stayingHeads(scope);
  const all = new Map(dreams.map((dream) => [dream.id, dream]));
  const lineages = [...writers].map(([storeId, own]): Lineage => {
    const before = ancestorsOf(storeId, writers);
    for (const maker of makers) before.dreams.add(maker.id);
    const sources = new Set([...before.stores].map(untouchedSource));
    for (const id of before.dreams)
      for (const source of sourcesOf(all.get(id), scope, staying)) sources.add(source);
    return { storeId: storeIds.includes(storeId) ? storeId : null, own, dreams: before.dreams, sources };
  });
  // What dreams wrote into the store that is erased: their changes are all that is left to look at.
  const made = dreams.filter(({ outputStoreId, role }) => role === "makes" || outputStoreId === target.id);
  if (made.length === 0) return lineages;
  const sources = new Set(made.flatMap((dream) => sourcesOf(dream, scope, staying)));
  return [...lineages, { storeId: null, own: made, dreams: new Set(made.map((dream) => dream.id)), sources }];
}

interface Ancestors {
  readonly dreams: Set<string>;
  readonly stores: Set<string>;
}

function ancestorsOf(storeId: string, writers: ReadonlyMap<string, readonly ScopeDream[]>): Ancestors {
  const found: Ancestors = { dreams: new Set(), stores: new Set() };
  const open = [storeId];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.stores.has(id)) continue;
    found.stores.add(id);
    for (const dream of writers.get(id) ?? []) {
      found.dreams.add(dream.id);
      if (writers.has(dream.inputStoreId)) open.push(dream.inputStoreId);
    }
  }
  return found;
}

function sourcesOf(
  dream: ScopeDream | undefined,
  { target, storeIds }: Scope,
  staying: ReadonlyMap<string, string>,
): string[] {
  if (dream === undefined) return [];
  const { id, inputStoreId, frozen } = dream;
  const sources = (frozen?.sessions ?? []).map((session) => sessionSource(session.id));
  const head = staying.get(id);
  if (head !== undefined) sources.push(headSource(head));
  if (inputStoreId !== target.id && !storeIds.includes(inputStoreId)) sources.push(storeSource(inputStoreId));
  return sources;
}

/** By dream, the heads that were read before anything of the target could be in them. */
export function stayingHeads({ target, dreams }: Scope): Map<string, string> {
  const copies = new Set<string>();
  const first = new Map<string, { readonly endedAt: number; readonly id: string | null }>();
  for (const { id, role, status, inputStoreId, outputBehavior, outputStoreId, endedAt } of dreams) {
    if (role === "makes") continue;
    if (outputBehavior === "create_new") {
      if (outputStoreId !== null) copies.add(outputStoreId);
    } else if (status === "completed") {
      const earlier = first.get(inputStoreId);
      if (earlier === undefined || endedAt < earlier.endedAt) first.set(inputStoreId, { endedAt, id });
      else if (endedAt === earlier.endedAt) first.set(inputStoreId, { endedAt, id: null });
    }
  }
  const heads = new Map<string, string>();
  for (const { id, inputStoreId, endedAt, frozen } of dreams) {
    if (frozen === null || inputStoreId === target.id || copies.has(inputStoreId)) continue;
    const writer = first.get(inputStoreId);
    if (writer === undefined || endedAt < writer.endedAt || id === writer.id) heads.set(id, frozen.head);
  }
  return heads;
}

export function sessionSource(id: string): string {
  return `session ${id}`;
}

export function headSource(hash: string): string {
  return `head ${hash}`;
}

export function storeSource(id: string): string {
  return `store ${id}`;
}

/** Memories of a store that was written to, as they were before. */
export function untouchedSource(id: string): string {
  return `untouched ${id}`;
}
