import { comparePaths, type MemoryEntry } from "./memory.ts";

interface Run {
  readonly entries: readonly MemoryEntry[];
  at: number;
}

/**
 * The first `limit` entries, by path, of those at or after `from` that begin with `prefix`. The runs are each sorted by
 * path; the cost grows with their number, the logarithm of their lengths and the answer.
 */
export function mergeEntries(
  runs: readonly (readonly MemoryEntry[])[],
  query: { readonly prefix: string; readonly from: string; readonly limit: number },
): MemoryEntry[] {
  const { prefix, limit } = query;
  const start = comparePaths(query.from, prefix) > 0 ? query.from : prefix;
  const heap: Run[] = [];
  for (const entries of runs) {
    const run = { entries, at: firstAtOrAfter(entries, start) };
    if (pathOf(run)?.startsWith(prefix)) heap.push(run);
  }
  for (let at = (heap.length >>> 1) - 1; at >= 0; at -= 1) sink(heap, at);
  const merged: MemoryEntry[] = [];
  while (merged.length < limit) {
    const [run] = heap;
    const entry = run?.entries[run.at];
    if (run === undefined || entry === undefined) break;
    merged.push(entry);
    run.at += 1;
    if (!pathOf(run)?.startsWith(prefix)) {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) break;
      heap[0] = last;
    }
    sink(heap, 0);
  }
  return merged;
}

function pathOf(run: Run | undefined): string | undefined {
  return run?.entries[run.at]?.path;
}

function firstAtOrAfter(entries: readonly MemoryEntry[], path: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePaths(entries[middle]?.path ?? "", path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Lets the run at `start` sink until no run below it has a smaller path. */
function sink(heap: Run[], start: number): void {
  for (let at = start; ; ) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && comparePaths(pathOf(heap[child]) ?? "", pathOf(heap[least]) ?? "") < 0)
        least = child;
    }
    const [moved, other] = [heap[at], heap[least]];
    if (least === at || moved === undefined || other === undefined) return;
    heap[at] = other;
    heap[least] = moved;
    at = least;
  }
}
