/**
 * Ids seen in a file. A plain `Set` of UUID texts takes about 180 bytes each, which a long session file would notice;
 * here a UUID takes 16 bytes in a table with open addressing, exactly. Other ids go into a plain set.
 */
export interface UuidSet {
  /** Adds the id; false when it was there already. */
  add(id: string): boolean;
}

const words = 4;
const initialCapacity = 1_024;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An empty set. Letters of a UUID in upper case make another id. */
export function createUuidSet(): UuidSet {
  const others = new Set<string>();
  let table = new Uint32Array(initialCapacity * words);
  let size = 0;
  return {
    add(id) {
      const key = uuid.test(id) ? keyOf(id) : null;
      // A row of zeros is an empty one.
      if (key === null || key.every((word) => word === 0)) {
        const isNew = !others.has(id);
        others.add(id);
        return isNew;
      }
      if (!insert(table, key)) return false;
      size += 1;
      if (size * words * 4 > table.length * 3) table = doubled(table);
      return true;
    },
  };
}

function keyOf(id: string): Uint32Array {
  const hex = id.replaceAll("-", "");
  return Uint32Array.from({ length: words }, (_, word) =>
    Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16),
  );
}

/** Puts the key into the first free row from its own on; false when it stands there already. The table is never full. */
function insert(table: Uint32Array, key: Uint32Array): boolean {
  const rows = table.length / words;
  let hash = 0;
  for (const word of key) hash = Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15);
  for (let row = (hash >>> 0) % rows; ; row = (row + 1) % rows) {
    const at = row * words;
    if (key.every((word, index) => table[at + index] === word)) return false;
    if (table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0) {
      table.set(key, at);
      return true;
    }
  }
}

function doubled(table: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(table.length * 2);
  for (let at = 0; at < table.length; at += words) {
    const key = table.subarray(at, at + words);
    if (!key.every((word) => word === 0)) insert(larger, key);
  }
  return larger;
}
