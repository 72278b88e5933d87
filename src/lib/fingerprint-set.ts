import assert from "node:assert";

/** A set of hashes (hex digits, 15 or more) that keeps 60 bits of each, in 16 to 32 bytes: it may take two for one. */
export interface FingerprintSet {
  /** False when it is there already. */
  add(hash: string): boolean;
  has(hash: string): boolean;
}

// Each shard grows by itself, so that no single add copies more than a 256th of a large set.
const shards = 256;
const smallest = 8;

export function createFingerprintSet(): FingerprintSet {
  const tables = Array.from({ length: shards }, (): Float64Array => new Float64Array(smallest));
  const counts = new Uint32Array(shards);

  return {
    add(hash) {
      const { shard, mark } = fingerprint(hash);
      let table: Float64Array = tables[shard] ?? new Float64Array(smallest);
      let place = placeOf(table, mark);
      if (table[place] === mark) return false;
      const count = (counts[shard] ?? 0) + 1;
      if (count * 2 > table.length) {
        table = grown(table);
        tables[shard] = table;
        place = placeOf(table, mark);
      }
      table[place] = mark;
      counts[shard] = count;
      return true;
    },
    has(hash) {
      const { shard, mark } = fingerprint(hash);
      const table = tables[shard];
      return table !== undefined && table[placeOf(table, mark)] === mark;
    },
  };
}

/** The mark is never 0, which stands for a free place, and small enough to be exact. */
function fingerprint(hash: string): { readonly shard: number; readonly mark: number } {
  const shard = Number.parseInt(hash.slice(0, 2), 16);
  const mark = Number.parseInt(hash.slice(2, 15), 16) + 1;
  assert(Number.isSafeInteger(shard) && Number.isSafeInteger(mark), "a hash has 15 hex digits or more");
  return { shard, mark };
}

/** Where the mark is, or where it would go. */
function placeOf(table: Float64Array, mark: number): number {
  let place = mark % table.length;
  while (table[place] !== 0 && table[place] !== mark) place = (place + 1) % table.length;
  return place;
}

function grown(table: Float64Array): Float64Array {
  const larger = new Float64Array(table.length * 2);
  for (const mark of table) if (mark !== 0) larger[placeOf(larger, mark)] = mark;
  return larger;
}
