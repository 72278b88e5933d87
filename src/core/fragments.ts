/** The words an erasure looks for, and how it finds them in a text. */
import type { Block } from "./passages.ts";

/** A run of words of a block that a fragment says: those from `from` to before `to`. */
export interface Hit {
  readonly fragment: string;
  readonly from: number;
  readonly to: number;
}

export interface Fragments {
  /**
   * Each sentence of the block of `least` words or more becomes a fragment, or the heading does; answers with those that
   * are new. What was written from `bases`, fragments themselves, stays with any of them.
   */
  add(block: Block, least: number, bases?: readonly string[]): string[];
  /** The fragments that the block says, within a sentence too. */
  said(block: Block): string[];
  /** Notes that this source, which stays, says the fragment. */
  support(fragment: string, source: string): void;
  /** The fragments as they are where these sources stay: those that one of them says are none. */
  where(sources: ReadonlySet<string>): Finder;
}

export interface Finder {
  has(fragment: string): boolean;
  /** Whether what is erased says it as a sentence that is too short to tell whose it is ("No."), whoever else does. */
  isRemark(sentence: string): boolean;
  /** Where the block says fragments. */
  find(block: Block): Hit[];
}

/** Words that begin a fragment are its key; the rest is compared then. */
const keyWords = 4;
// From so many words or characters on, a fragment is known wherever it stands; a shorter one must be a sentence of its own.
const longWords = 4;
const longCharacters = 20;
/** Headings by which engines order a memory; they are nobody's words. */
const structure = new Set(["history", "insights", "other", "from sessions", "index"]);

interface Fragment {
  readonly kind: "anywhere" | "sentence" | "heading";
  readonly sources: Set<string>;
  readonly bases: readonly string[];
}

/** `keep` may refuse a fragment that no text can hold which is looked at. */
export function createFragments(keep: (words: readonly string[]) => boolean): Fragments {
  const all = new Map<string, Fragment>();
  const byKey = new Map<string, string[]>();
  // How fragments begin: nearly no place in a text does.
  const beginnings = new Set<string>();

  function put(words: readonly string[], isHeading: boolean, bases: readonly string[]): string | null {
    const text = words.join(" ");
    if (all.has(text) || (isHeading && structure.has(text)) || !keep(words)) return null;
    const isLong = words.length >= longWords || text.length >= longCharacters;
    const kind = isLong ? "anywhere" : isHeading ? "heading" : "sentence";
    all.set(text, { kind, sources: new Set(), bases });
    const key = words.slice(0, keyWords).join(" ");
    beginnings.add(words.slice(0, 2).join(" "));
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [text]);
    else same.push(text);
    return text;
  }

  function hits(block: Block): Hit[] {
    const found: Hit[] = [];
    if (all.size === 0) return found;
    const words = block.words.map((word) => word.text);
    for (const [from, word] of words.entries()) {
      const begins = beginnings.has(`${word} ${words[from + 1] ?? ""}`);
      let key = word;
      for (let length = 1; length <= (begins ? keyWords : 1); length += 1) {
        if (length > 1) key += ` ${words[from + length - 1] ?? ""}`;
        for (const fragment of byKey.get(key) ?? []) {
          const to = endOf(words, from, fragment);
          if (to !== null) found.push({ fragment, from, to });
        }
      }
    }
    return found;
  }

  function where(sources: ReadonlySet<string>): Finder {
    const known = new Map<string, boolean>();
    const stands = (text: string): boolean => {
      const before = known.get(text);
      if (before !== undefined) return before;
      const fragment = all.get(text);
      // What is written from itself is no reason to look further.
      known.set(text, fragment !== undefined);
      const is =
        fragment !== undefined && sources.isDisjointFrom(fragment.sources) && fragment.bases.every(stands);
      known.set(text, is);
      return is;
    };
    return {
      has: stands,
      isRemark: (sentence) => all.get(sentence)?.kind === "sentence",
      find: (block) =>
        hits(block).filter((hit) => counts(all.get(hit.fragment), hit, block) && stands(hit.fragment)),
    };
  }

  return {
    add(block, least, bases = []) {
      const words = block.words.map((word) => word.text);
      const isHeading = block.kind === "heading";
      const runs = isHeading ? [{ from: 0, to: words.length }] : block.sentences;
      return runs.flatMap(({ from, to }) => {
        const added = to - from < least ? null : put(words.slice(from, to), isHeading, bases);
        return added === null ? [] : [added];
      });
    },
    said: (block) => [...new Set(hits(block).map((hit) => hit.fragment))],
    support: (fragment, source) => void all.get(fragment)?.sources.add(source),
    where,
  };
}

/** Whether the words are the fragment and not some that it happens to share. */
function counts(fragment: Fragment | undefined, { from, to }: Hit, block: Block): boolean {
  if (fragment?.kind === "anywhere") return true;
  const whole = from === 0 && to === block.words.length;
  if (block.kind === "heading") return whole && fragment?.kind === "heading";
  if (fragment?.kind !== "sentence") return false;
  // One word ("No.") is everybody's, unless it is all there is.
  if (whole || to - from === 1) return whole;
  return block.sentences.some((sentence) => sentence.from === from && sentence.to === to);
}

/** Behind the fragment's last word when it begins at `from`, or null. */
function endOf(words: readonly string[], from: number, fragment: string): number | null {
  let to = from;
  for (let at = 0; at < fragment.length; to += 1) {
    const word = words[to];
    if (word === undefined || !fragment.startsWith(word, at)) return null;
    at += word.length;
    if (at < fragment.length && fragment[at] !== " ") return null;
    at += 1;
  }
  return to;
}

/** Remembers, in memory that does not grow, which runs of words some texts hold; it may remember too many, never too few. */
export interface Sieve {
  add(block: Block): void;
  /** Whether a text that was added may hold the words in a row. */
  mayHold(words: readonly string[]): boolean;
}

// 4 MiB of bits: about one run in a thousand too many for a million words.
const sieveBits = 2 ** 25;

export function createSieve(): Sieve {
  const bits = new Uint32Array(sieveBits / 32);
  const places = (hash: number) => [hash, Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)];
  const has = (hash: number) =>
    places(hash).every((place) => {
      const bit = (place >>> 0) % sieveBits;
      return ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
    });
  return {
    add({ words }) {
      for (let from = 0; from < words.length; from += 1) {
        let hash = 0x811c9dc5;
        for (let length = 1; length <= keyWords; length += 1) {
          const word = words[from + length - 1];
          if (word === undefined) break;
          hash = hashOf(word.text, hash);
          for (const place of places(hash)) {
            const bit = (place >>> 0) % sieveBits;
            bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
          }
        }
      }
    },
    mayHold(words) {
      const ends = [words.slice(0, keyWords), words.slice(-keyWords)];
      return ends.every((run) => has(run.reduce((hash, word) => hashOf(word, hash), 0x811c9dc5)));
    },
  };
}

/** FNV-1a over UTF-16 units, going on from another word's. */
function hashOf(text: string, from: number): number {
  let hash = Math.imul(from ^ 0x20, 0x01000193);
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
