import type { Trust } from "../../core/session.ts";
import { numberOf, type Value, valuesOf } from "./values.ts";
import {
  derivedDatePattern,
  isStopWord,
  plainText,
  type Stem,
  sentenceKey,
  type Word,
  wordsOf,
} from "./words.ts";

/** Where a sentence was said. */
export interface Said {
  /** 1 for the first session of the dream; what `S3:12` means. */
  readonly sessionIndex: number;
  readonly sessionId: string;
  readonly eventNumber: number;
  readonly eventId: string;
  readonly speaker: string;
  readonly trust: Trust;
  readonly at: number | null;
  /** The sentence there, in its own words. */
  readonly quote: string;
}

/** What a comparison looks at, worked out once for each sentence. */
export interface Features {
  readonly key: string;
  readonly words: readonly Word[];
  /** Stems of the words that carry meaning, each once, in order. */
  readonly stems: readonly string[];
  readonly stemSet: ReadonlySet<string>;
  /** Numbers, weekdays, negations and words of degree: where these differ, two sentences differ. */
  readonly marks: string;
  /** Names in lower case: words written large inside the sentence. */
  readonly names: readonly string[];
  readonly values: readonly Value[];
  /** Dates that were derived from its words: "I ran today" of two days says two things. */
  readonly dates: string;
  /** Speaks of "I" or "we". */
  readonly firstPerson: boolean;
  /** Speaks of "I": what it means depends on who says it. */
  readonly self: boolean;
}

const decisive =
  /^(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|off|before|after|less|fewer|least|more|most|above|below|down|up|first|last|next|previous|only|except|unless|until|former|formerly|.*n't|sunday|monday|tuesday|wednesday|thursday|friday|saturday|.*days|january|february|march|april|may|june|july|august|september|october|november|december|yesterday|today|tomorrow|once|twice|daily|weekly|monthly|yearly|nicht|kein|keine|nie|ohne)$/;

/** The features of a sentence as it is shown: derived dates behind its words are not words of it. */
export function featuresOf(text: string, stem: Stem): Features {
  const plain = plainText(text);
  const words = wordsOf(plain);
  const stems: string[] = [];
  const stemSet = new Set<string>();
  const marks: string[] = [];
  const names = new Set<string>();
  let atStart = true;
  for (const word of words) {
    const number = numberOf(word.text);
    if (number !== null) marks.push(number);
    else if (decisive.test(word.text)) marks.push(word.text.replace(/days$/, "day"));
    if (!isStopWord(word.text)) {
      const root = number ?? stem(word.text);
      if (!stemSet.has(root)) {
        stemSet.add(root);
        stems.push(root);
      }
      if (!atStart && /^\p{Lu}/u.test(word.raw)) names.add(word.text.replace(/'s$/, ""));
    }
    atStart = /^["'“(]*[.!?:]/.test(plain.slice(word.end, word.end + 2));
  }
  for (const symbol of plain.match(/[$€£¥%]/g) ?? []) marks.push(symbol);
  return {
    key: sentenceKey(text),
    words,
    stems,
    stemSet,
    marks: marks.sort().join(" "),
    names: [...names],
    values: valuesOf(plain, words, stem),
    dates: (text.match(derivedDatePattern) ?? []).join(""),
    firstPerson: words.some((word) => /^(?:i|i'.+|my|me|mine|we|we'.+|our|ours|us)$/.test(word.text)),
    self: words.some((word) => /^(?:i|i'.+|my|me|mine|myself)$/.test(word.text)),
  };
}

/** Shared stems over all stems; 1 for two sentences without any. */
export function jaccard(a: Features, b: Features): number {
  const shared = sharedStems(a.stemSet, b.stemSet);
  const all = a.stemSet.size + b.stemSet.size - shared;
  return all === 0 ? 1 : shared / all;
}

export function sharedStems(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const stem of small) if (large.has(stem)) shared += 1;
  return shared;
}
