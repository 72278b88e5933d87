/** Of many older sentences, the few that speak most about the same: BM25 over stems. */

export interface CandidateIndex<T> {
  add(item: T, stems: readonly string[]): void;
  /** At most `count`, best first; equals in the order they were added. */
  best(stems: readonly string[], count: number, accepts: (item: T) => boolean): T[];
}

// A stem in more places than this says too little to be worth the walk.
const postingsMax = 400;
const saturation = 1.2;

export function createCandidateIndex<T>(): CandidateIndex<T> {
  const items: T[] = [];
  const lengths: number[] = [];
  const postings = new Map<string, number[]>();
  let totalLength = 0;
  return {
    add(item, stems) {
      const index = items.push(item) - 1;
      lengths.push(stems.length);
      totalLength += stems.length;
      for (const stem of stems) {
        const list = postings.get(stem);
        if (list === undefined) postings.set(stem, [index]);
        else list.push(index);
      }
    },
    best(stems, count, accepts) {
      const scores = new Map<number, number>();
      const meanLength = totalLength / Math.max(1, items.length);
      for (const stem of stems) {
        const list = postings.get(stem);
        if (list === undefined || list.length > postingsMax) continue;
        const idf = Math.log(1 + (items.length - list.length + 0.5) / (list.length + 0.5));
        for (const index of list) {
          const norm = 0.25 + 0.75 * ((lengths[index] ?? 0) / Math.max(1, meanLength));
          const gain = (idf * (saturation + 1)) / (1 + saturation * norm);
          scores.set(index, (scores.get(index) ?? 0) + gain);
        }
      }
      const found: T[] = [];
      for (const [index] of [...scores].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
        const item = items[index];
        if (item === undefined || !accepts(item)) continue;
        found.push(item);
        if (found.length === count) break;
      }
      return found;
    },
  };
}
