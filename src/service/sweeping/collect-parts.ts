/** Deletes the parts that nothing names; `mark-parts.ts` says why nothing else goes. */
import { limits } from "../../core/limits.ts";
import { type PartKind, type PartMark, partKinds } from "../../ports/sweep.ts";
import { type MarkDeps, type MarkOptions, type Marks, markSteps } from "./mark-parts.ts";

/** What a walk found unnamed, for the next to confirm. */
export interface Unnamed {
  readonly size: number;
  /** There was more than is remembered. */
  readonly cut: boolean;
  /** True when the walk saw this part with the same `touchedAt`. */
  saw(kind: PartKind, part: PartMark): boolean;
}

export interface CollectOptions extends MarkOptions {
  /** What an earlier walk found; only that is deleted. null: nothing is. */
  readonly earlier: Unnamed | null;
  /** How many unnamed parts are remembered at most. */
  readonly remember: number;
}

/** Texts are up to 100 kB, and a storage deletes them page by page. */
const partsPerDelete = 100;

/**
 * Walks a tenant in steps, each of which answers with how many parts it deleted, and at last answers with what it found
 * unnamed: all of it after a first walk, and after a later one what was too much for the one before.
 */
export async function* collectParts(
  deps: MarkDeps,
  tenant: string,
  options: CollectOptions,
): AsyncGenerator<number, Unnamed> {
  const { now, graceMs, earlier } = options;
  const remember = earlier === null || earlier.cut ? options.remember : 0;
  const unnamed = createUnnamed(remember);
  const marking = markSteps(deps, tenant, options);
  let marks: Marks | null = null;
  while (marks === null) {
    const step = await marking.next();
    if (step.done === true) marks = step.value;
    yield 0;
  }
  // Heads first: whoever finds the head of what he wrote finds the rest of it.
  for (const kind of partKinds) {
    let after: string | null = null;
    for (;;) {
      const page: PartMark[] = await deps.sweep.listParts({
        tenant,
        kind,
        untouchedSince: now - graceMs,
        after,
        limit: limits.sweepBatch,
      });
      const named = marks;
      const loose = page.filter(({ hash }) => !named.has(kind, hash));
      yield 0;
      const doomed = loose.filter((part) => earlier?.saw(kind, part) === true);
      for (let first = 0; first < doomed.length; first += partsPerDelete) {
        const parts = doomed.slice(first, first + partsPerDelete);
        yield await deps.sweep.deleteParts({ tenant, kind, parts });
      }
      for (const part of loose) if (earlier?.saw(kind, part) !== true) unnamed.add(kind, part);
      after = page.at(-1)?.hash ?? null;
      if (page.length < limits.sweepBatch) break;
    }
  }
  return unnamed;
}

function createUnnamed(max: number): Unnamed & { add(kind: PartKind, part: PartMark): void } {
  const touched: Record<PartKind, Map<string, number>> = {
    head: new Map(),
    bucket: new Map(),
    content: new Map(),
  };
  let size = 0;
  let cut = false;
  return {
    get size() {
      return size;
    },
    get cut() {
      return cut;
    },
    saw: (kind, { hash, touchedAt }) => touched[kind].get(hash) === touchedAt,
    add(kind, { hash, touchedAt }) {
      if (size >= max) {
        cut = true;
        return;
      }
      touched[kind].set(hash, touchedAt);
      size += 1;
    },
  };
}
