import stemOf from "wink-porter2-stemmer";

/** Words that say nothing about what a sentence is about. Negations are not here: they decide its meaning. */
const functionWords = `a about again ago all almost already also although am an and another any anyone anything are around as at back be
because been being between both but by came can come could did do does doing done each either else even ever every everything few
finally first for from get gets getting give given go goes going gone got had has have having he her here hers herself him himself his how
however i if in instead into is it its itself just know last lately least let like lot lots made make makes making many may maybe me might
mine more most much must my myself need next now of often oh ok okay on once one ones only onto or other our ours ourselves out own per
perhaps please probably quite rather really recently s said same say says see seem seems shall she should since so some someone something
soon still such sure t take takes taking tell than thank thanks that the their theirs them themselves then there these they thing things
think this those though through thus to today together tomorrow too took toward try trying two under until up upon us use used uses using
usually very want wants was way we well went were what whatever when where whether which while who whole whom whose why will with within
would yeah yes yesterday yet you your yours yourself`;

const stopWords: ReadonlySet<string> = new Set(functionWords.split(/\s+/));

const wordPattern = /\p{N}+(?:[.,:/]\p{N}+)*|[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)*/gu;

export interface Word {
  /** Lower case, with a straight apostrophe. */
  readonly text: string;
  /** As it was written. */
  readonly raw: string;
  readonly start: number;
  readonly end: number;
}

/** The words of a text in order. Only letters, marks and digits count; scripts without spaces give long words. */
export function wordsOf(text: string): Word[] {
  const found: Word[] = [];
  for (const match of text.matchAll(wordPattern)) {
    const raw = match[0];
    found.push({
      text: raw.toLowerCase().replaceAll("’", "'"),
      raw,
      start: match.index,
      end: match.index + raw.length,
    });
  }
  return found;
}

export function isStopWord(word: string): boolean {
  return stopWords.has(word) || stopWords.has(word.replace(/'.*$/, ""));
}

export type Stem = (word: string) => string;

/** A stemmer that remembers up to 100,000 words, one per dream. Only words of a–z are changed. */
export function createStemmer(): Stem {
  const known = new Map<string, string>();
  return (word) => {
    const seen = known.get(word);
    if (seen !== undefined) return seen;
    const bare = word.replace(/'s?$/, "").replace(/'s$/, "");
    const stem = /^[a-z]+$/.test(bare) ? stemOf(bare) : bare;
    if (known.size < 100_000) known.set(word, stem);
    return stem;
  };
}

/** A derived date as it is appended to an expression: ` (2023-05-19)`, ` (2023-05)`, ` (2023-05-20..2023-05-21)`. */
export const derivedDatePattern = / \(\d{4}-\d{2}(?:-\d{2})?(?:\.\.\d{4}-\d{2}-\d{2})?\)/g;

/** One text with one space between words, without dates that an engine appended. */
export function plainText(text: string): string {
  return text.replace(derivedDatePattern, "").replace(/\s+/g, " ").trim();
}

/** Two sentences with the same key say the same in the same words: case, marks of emphasis and the full stop do not count. */
export function sentenceKey(text: string): string {
  return plainText(text)
    .normalize("NFC")
    .replace(/[’‘]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/[*_`~]+/g, "")
    .replace(/[\s.!…]+$/u, "")
    .toLowerCase();
}
