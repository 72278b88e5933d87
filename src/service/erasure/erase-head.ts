/** Erases words from what a store shows: one revision, in which each memory that held some is rewritten, moved or deleted. */
import { ancestorConflict } from "../../core/change-set.ts";
import { byteLength } from "../../core/check.ts";
import { type Erasing, eraseText, holdsOwnName, namesIn } from "../../core/erasure.ts";
import { derivedId, idPrefixes } from "../../core/ids.ts";
import { comparePaths, type MemoryEntry } from "../../core/memory.ts";
import { actorOf, type EntryChange } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { findStore, type StoreView } from "../memories/get-memory-store.ts";
import { writeStore } from "../memories/write-store.ts";
import type { Scope } from "./find-scope.ts";
import type { Words } from "./find-words.ts";
import { readEach } from "./read-each.ts";

/** A memory that loses words, or goes. */
export interface ErasedMemory {
  readonly memoryStoreId: string;
  readonly path: string;
  readonly lines: number;
  readonly deleted: boolean;
}

/** What a store shows afterwards, and what was done to it. */
export interface ErasedHead {
  readonly erased: readonly ErasedMemory[];
  /** Entries after it, those of `paths` that went left out. */
  readonly left: readonly MemoryEntry[];
}

export type HeadDeps = Pick<ServiceDeps, "memories" | "heads" | "digest" | "random" | "clock">;

export interface HeadErasing {
  readonly scope: Scope;
  readonly words: Words;
  /** Paths of memories that went before, so that links to them go. */
  readonly gone: ReadonlySet<string>;
  /** Texts that this erasure removed from the storage: a memory that was given one back meanwhile has none. */
  readonly removed: ReadonlySet<string>;
  readonly now: number;
}

/** What becomes of one memory. */
interface Fate {
  readonly before: MemoryEntry;
  readonly lines: number;
  readonly becomes: "deleted" | "moved" | "rewritten";
}

/** What would be erased of what the store shows. */
export async function planHead(
  deps: HeadDeps,
  principal: Principal,
  storeId: string,
  erasing: HeadErasing,
): Promise<ErasedHead> {
  const view = await findStore(deps, principal, "memory_store_id", storeId);
  const entries = await deps.heads.list(principal.tenant, view.head);
  const fates = await fatesOf(deps, entries, erasing);
  return answer(storeId, entries, fates);
}

/** Erases it. An archived store is written, too. */
export async function eraseHead(
  deps: HeadDeps,
  principal: Principal,
  storeId: string,
  erasing: HeadErasing,
): Promise<ErasedHead> {
  let done: ErasedHead = { erased: [], left: [] };
  await writeStore(deps, principal, {
    memoryStoreId: storeId,
    actor: actorOf(principal, null),
    origin: null,
    now: erasing.now,
    evenArchived: true,
    async decide(view) {
      const entries = await deps.heads.list(principal.tenant, view.head);
      const fates = await fatesOf(deps, entries, erasing);
      done = answer(storeId, entries, fates);
      return changesOf(deps, view, entries, fates, erasing);
    },
  });
  return done;
}

function answer(
  storeId: string,
  entries: readonly MemoryEntry[],
  fates: ReadonlyMap<string, Fate>,
): ErasedHead {
  const erased = [...fates.values()].map(({ before, lines, becomes }) => ({
    memoryStoreId: storeId,
    path: before.path,
    lines,
    deleted: becomes === "deleted",
  }));
  // A memory that moves is left under a path that nobody names.
  const left = entries.flatMap((entry) => {
    const becomes = fates.get(entry.path)?.becomes;
    if (becomes === "deleted") return [];
    return becomes === "moved" ? [{ ...entry, path: "" }] : [entry];
  });
  return { erased, left };
}

/** By path, in order. A memory that goes takes the links to it along, which may be all that another one says. */
async function fatesOf(
  deps: HeadDeps,
  entries: readonly MemoryEntry[],
  erasing: HeadErasing,
): Promise<Map<string, Fate>> {
  const { words } = erasing;
  let candidates = entries.filter(
    ({ contentHash, path }) => words.suspects.mayLose(contentHash) || holdsOwnName(namesIn(path), words),
  );
  let lost: ReadonlySet<string> = new Set();
  for (;;) {
    const seen = lost;
    const fates = new Map<string, Fate>();
    const linking: MemoryEntry[] = [];
    for await (const { of: entry, text } of readEach(deps, erasing.scope.tenant, candidates)) {
      const fate = fateOf(deps, entry, text, erasing, seen);
      if (fate !== null) fates.set(entry.path, fate);
      if (fate !== null || text?.includes("](")) linking.push(entry);
    }
    const going = [...fates.values()].filter(({ becomes }) => becomes !== "rewritten");
    if (going.length === lost.size) return fates;
    lost = new Set(going.map(({ before }) => before.path));
    candidates = linking;
  }
}

function fateOf(
  deps: Pick<HeadDeps, "digest">,
  before: MemoryEntry,
  text: string | null,
  erasing: HeadErasing,
  lost: ReadonlySet<string>,
): Fate | null {
  const { words, scope } = erasing;
  if (text === null)
    return erasing.removed.has(before.contentHash) ? { before, lines: 0, becomes: "deleted" } : null;
  const { lines, isEmpty } = words.suspects.look(before.contentHash, text)
    ? eraseText(text, before.path, erasingOf(erasing, lost))
    : { lines: 0, isEmpty: false };
  if (isEmpty) return { before, lines, becomes: "deleted" };
  const moves = holdsOwnName(namesIn(before.path), words) && isOfTarget(deps, scope, before);
  if (moves) return { before, lines, becomes: "moved" };
  return lines === 0 ? null : { before, lines, becomes: "rewritten" };
}

function erasingOf({ words, gone }: HeadErasing, lost: ReadonlySet<string>): Erasing {
  return { ...words, isGone: (path) => lost.has(path) || gone.has(path) };
}

/** Whether the memory began in the store that is erased, or a dream of the scope made it under this path. */
function isOfTarget(
  { digest }: Pick<HeadDeps, "digest">,
  { target, dreams }: Scope,
  { memoryId, originStoreId, path }: MemoryEntry,
): boolean {
  if (originStoreId === target.id) return true;
  return dreams.some((dream) => derivedId(idPrefixes.memory, digest.sha256, dream.id, path) === memoryId);
}

async function changesOf(
  deps: HeadDeps,
  view: StoreView,
  entries: readonly MemoryEntry[],
  fates: ReadonlyMap<string, Fate>,
  erasing: HeadErasing,
): Promise<EntryChange[]> {
  const { tenant } = view.store;
  const { now } = erasing;
  const changes: EntryChange[] = [];
  const lost = new Set(
    [...fates.values()].flatMap((fate) => (fate.becomes === "rewritten" ? [] : [fate.before.path])),
  );
  const newPath = pathsForMoved(entries.map((entry) => entry.path));
  const written = [...fates.values()];
  for (const { before } of written.filter((fate) => fate.becomes === "deleted")) {
    changes.push({ kind: "remove", before, versionId: newId(deps, idPrefixes.memoryVersion, now) });
  }
  const kept = written.filter((fate) => fate.becomes !== "deleted");
  const rewritten = kept.map((fate) => fate.before);
  for await (const { of: entry, text } of readEach(deps, tenant, rewritten)) {
    if (text === null) continue;
    const erased = eraseText(text, entry.path, erasingOf(erasing, lost)).text;
    const contentHash = deps.digest.sha256(erased);
    // One by one, for all of a store would not fit; of a write that is tried again, the sweeper finds the rest.
    await deps.memories.putContents({ tenant, contents: [{ hash: contentHash, text: erased }], now });
    const path = lost.has(entry.path) ? newPath() : entry.path;
    const versionId = newId(deps, idPrefixes.memoryVersion, now);
    const after: MemoryEntry = {
      ...entry,
      path,
      versionId,
      contentHash,
      sizeBytes: byteLength(erased),
      version: entry.version + 1,
      updatedAt: now,
    };
    changes.push({ kind: "put", before: entry, after });
  }
  return changes;
}

/** Paths that say nothing, free in a store with these. */
function pathsForMoved(paths: readonly string[]): () => string {
  const taken = new Set(paths);
  const sorted = paths.toSorted(comparePaths);
  let number = 0;
  return () => {
    for (;;) {
      number += 1;
      const path = `/erased-${number}.md`;
      if (!taken.has(path) && ancestorConflict(path, taken, sorted) === null) return path;
    }
  };
}
