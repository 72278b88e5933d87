/**
 * Removes the bytes: texts that hold words which go and that nothing names any more, and the old heads and buckets that
 * name them or a memory that went. Heads go first and texts last, so that a repeat finds by the texts what is left.
 */
import { eraseText, holdsOwnName, namesIn } from "../../core/erasure.ts";
import { limits } from "../../core/limits.ts";
import { emptyHead, type MemoryEntry } from "../../core/memory.ts";
import type { PartKind, PartMark } from "../../ports/sweep.ts";
import type { ServiceDeps } from "../deps.ts";
import { type Marks, markParts } from "../sweeping/mark-parts.ts";
import type { DerivedPart } from "./erase-derived.ts";
import type { Scope } from "./find-scope.ts";
import { readEach } from "./read-each.ts";

export type PartDeps = Pick<ServiceDeps, "memories" | "dreams" | "sweep" | "digest" | "clock">;

const bucketsPerRead = 8;
const partsPerDelete = 100;

/** What nothing names now, of parts put up to `madeUpTo`: a writer puts a part a moment before he names it. */
export interface LooseParts {
  readonly tenant: string;
  readonly marks: Marks;
  readonly madeUpTo: number;
}

/** Which loose parts go. */
export interface Doomed {
  text(text: string, hash: string): boolean;
  entry(entry: MemoryEntry): boolean;
}

export async function findLooseParts(deps: PartDeps, tenant: string, madeUpTo: number): Promise<LooseParts> {
  const marks = await markParts(deps, tenant, {
    now: deps.clock.now(),
    graceMs: 0,
    keepRevertibleSince: null,
    signal: new AbortController().signal,
  });
  return { tenant, marks, madeUpTo };
}

/** What a store shows and names is nothing to anybody else: the ports as if it were empty. */
export function withoutStore(deps: PartDeps, storeId: string): PartDeps {
  const empty = emptyHead(deps.digest.sha256).hash;
  return {
    ...deps,
    memories: {
      ...deps.memories,
      async list(query) {
        const stores = await deps.memories.list(query);
        return stores.map((store) =>
          store.id === storeId ? { ...store, head: empty, origin: null } : store,
        );
      },
    },
    sweep: {
      ...deps.sweep,
      async listVersionRows(query) {
        const rows = await deps.sweep.listVersionRows(query);
        return rows.map((row) => (row.storeId === storeId ? { ...row, contentHash: null } : row));
      },
    },
  };
}

/** The hashes of loose texts. */
export async function looseTexts(deps: PartDeps, loose: LooseParts): Promise<string[]> {
  const hashes: string[] = [];
  for await (const parts of looseOf(deps, loose, "content")) hashes.push(...parts.map((part) => part.hash));
  return hashes;
}

/** Texts that hold words which go, and entries of memories that went or whose path has a name that does. */
export function doomedBy({ storeIds, goneStoreIds }: Scope, parts: readonly DerivedPart[]): Doomed {
  const stores = new Set([...storeIds, ...goneStoreIds]);
  return {
    text: (text, hash) =>
      parts.some(
        ({ erasing, words }) => words.suspects.look(hash, text) && eraseText(text, "", erasing).lines > 0,
      ),
    entry: (entry) =>
      parts.some(
        ({ gone, words }) =>
          gone.has(entry) || (stores.has(entry.originStoreId) && holdsOwnName(namesIn(entry.path), words)),
      ),
  };
}

/** Removes the loose parts that are doomed; answers with the hashes of the texts. */
export async function eraseParts(deps: PartDeps, loose: LooseParts, doomed: Doomed): Promise<Set<string>> {
  const texts = await doomedTexts(deps, loose, doomed);
  const removed = new Set(texts.map((part) => part.hash));
  const buckets = await doomedBuckets(deps, loose, doomed, removed);
  const heads = await doomedHeads(deps, loose, new Set(buckets.map((part) => part.hash)));
  await remove(deps, loose.tenant, "head", heads);
  await remove(deps, loose.tenant, "bucket", buckets);
  await remove(deps, loose.tenant, "content", texts);
  return removed;
}

async function* looseOf(
  { sweep }: PartDeps,
  { tenant, marks, madeUpTo }: LooseParts,
  kind: PartKind,
): AsyncGenerator<PartMark[]> {
  let after: string | null = null;
  for (;;) {
    const page: PartMark[] = await sweep.listParts({
      tenant,
      kind,
      untouchedSince: madeUpTo + 1,
      after,
      limit: limits.sweepBatch,
    });
    yield page.filter((part) => !marks.has(kind, part.hash));
    after = page.at(-1)?.hash ?? null;
    if (page.length < limits.sweepBatch) return;
  }
}

async function doomedTexts(deps: PartDeps, loose: LooseParts, doomed: Doomed): Promise<PartMark[]> {
  const found: PartMark[] = [];
  for await (const parts of looseOf(deps, loose, "content")) {
    const unread = parts.map((part) => ({ part, contentHash: part.hash }));
    for await (const { of, text } of readEach(deps, loose.tenant, unread)) {
      if (doomed.text(text ?? "", of.contentHash)) found.push(of.part);
    }
  }
  return found;
}

async function doomedBuckets(
  deps: PartDeps,
  loose: LooseParts,
  doomed: Doomed,
  removed: ReadonlySet<string>,
): Promise<PartMark[]> {
  const found: PartMark[] = [];
  for await (const parts of looseOf(deps, loose, "bucket")) {
    for (let first = 0; first < parts.length; first += bucketsPerRead) {
      const some = parts.slice(first, first + bucketsPerRead);
      const hashes = some.map((part) => part.hash);
      const buckets = await deps.memories.getBuckets({ tenant: loose.tenant, hashes });
      const going = buckets.filter(({ entries }) =>
        entries.some((entry) => removed.has(entry.contentHash) || doomed.entry(entry)),
      );
      const goes = new Set(going.map((bucket) => bucket.hash));
      found.push(...some.filter((part) => goes.has(part.hash)));
    }
  }
  return found;
}

async function doomedHeads(
  deps: PartDeps,
  loose: LooseParts,
  buckets: ReadonlySet<string>,
): Promise<PartMark[]> {
  const found: PartMark[] = [];
  for await (const parts of looseOf(deps, loose, "head")) {
    for (const part of parts) {
      const head = await deps.memories.getHead({ tenant: loose.tenant, hash: part.hash });
      if (head?.buckets.some((bucket) => buckets.has(bucket))) found.push(part);
    }
  }
  return found;
}

async function remove(
  { sweep }: PartDeps,
  tenant: string,
  kind: PartKind,
  parts: readonly PartMark[],
): Promise<void> {
  for (let first = 0; first < parts.length; first += partsPerDelete) {
    await sweep.deleteParts({ tenant, kind, parts: parts.slice(first, first + partsPerDelete) });
  }
}
