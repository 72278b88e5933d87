import { type Features, jaccard } from "./statement.ts";

const hashCount = 64;
const bandCount = 16;
const rowsPerBand = hashCount / bandCount;
const similarEnough = 0.7;
// A phrase that thousands repeat must not make each of them look at thousands.
const candidatesMax = 48;

export interface Mergeable {
  readonly features: Features;
  /** Whose statement it is: who speaks of himself, or what note it stands in. Only equals are merged. */
  readonly subject: string;
}

/** Finds, among what was added before, a statement that says the same. */
export interface NearIndex<T extends Mergeable> {
  find(statement: Mergeable): T | null;
  add(statement: T): void;
}

/**
 * Near duplicates by MinHash and banded buckets: 64 hashes in 16 bands, so that a pair at the bound is met with a chance of 99 %.
 * Two statements say the same when they are equal letter for letter but for case, or share at least 0.7 of their
 * stems, with the same numbers, negations and names, and of the same subject. The first added of several wins.
 */
export function createNearIndex<T extends Mergeable>(): NearIndex<T> {
  const exact = new Map<string, T[]>();
  const bands = new Map<number, T[]>();
  const signature = createSignature();
  return {
    find(statement) {
      const same = exact.get(statement.features.key)?.find((known) => subjectsAgree(known, statement));
      if (same !== undefined) return same;
      const looked = new Set<T>();
      for (const band of signature(statement.features.stems)) {
        for (const candidate of bands.get(band) ?? []) {
          if (looked.has(candidate)) continue;
          looked.add(candidate);
          if (saysTheSame(candidate, statement)) return candidate;
        }
      }
      return null;
    },
    add(statement) {
      push(exact, statement.features.key, statement);
      for (const band of signature(statement.features.stems)) push(bands, band, statement);
    },
  };
}

/** The rule itself, without the index. */
export function saysTheSame(a: Mergeable, b: Mergeable): boolean {
  if (!subjectsAgree(a, b)) return false;
  if (a.features.key === b.features.key) return true;
  if (a.features.marks !== b.features.marks) return false;
  if (a.features.stems.length < 3 || b.features.stems.length < 3) return false;
  return jaccard(a.features, b.features) >= similarEnough && namesAgree(a.features, b.features);
}

function subjectsAgree(a: Mergeable, b: Mergeable): boolean {
  return a.subject === b.subject && a.features.dates === b.features.dates;
}

function namesAgree(a: Features, b: Features): boolean {
  return holdsNames(a, b) && holdsNames(b, a);
}

function holdsNames(names: Features, other: Features): boolean {
  return names.names.every((name) => other.words.some((word) => word.text.replace(/'s$/, "") === name));
}

function push<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else if (list.length < candidatesMax) list.push(value);
}

function createSignature(): (stems: readonly string[]) => number[] {
  const factors = new Uint32Array(hashCount);
  const offsets = new Uint32Array(hashCount);
  // A fixed row of numbers: the same text falls into the same buckets everywhere.
  let state = 0x2545f491;
  const step = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  for (let i = 0; i < hashCount; i += 1) {
    factors[i] = step() | 1;
    offsets[i] = step();
  }
  const smallest = new Uint32Array(hashCount);
  return (stems) => {
    if (stems.length === 0) return [];
    smallest.fill(0xffffffff);
    for (const stem of stems) {
      const hash = hashOf(stem);
      for (let i = 0; i < hashCount; i += 1) {
        let mixed = (Math.imul(hash, factors[i] ?? 1) + (offsets[i] ?? 0)) >>> 0;
        mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0;
        if (mixed < (smallest[i] ?? 0)) smallest[i] = mixed;
      }
    }
    return Array.from({ length: bandCount }, (_, band) => {
      let key = band + 1;
      for (let row = 0; row < rowsPerBand; row += 1) {
        key = Math.imul(key ^ (smallest[band * rowsPerBand + row] ?? 0), 0x01000193);
      }
      return key >>> 0;
    });
  };
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
