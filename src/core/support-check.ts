/** Whether what an engine wrote stands in what it read. Pure; both engines use it on their own output. */

export interface SupportInput {
  /** Text an engine wrote; Markdown is welcome. */
  readonly output: string;
  /** The texts it may rest on. */
  readonly inputs: readonly string[];
}

export interface SentenceSupport {
  readonly sentence: string;
  /** Nothing in it is unseen, and enough of its words stand in the inputs. */
  readonly supported: boolean;
  /** It stands in an input word for word, but for case, marks and derived dates. */
  readonly verbatim: boolean;
  /** Names no input holds. */
  readonly unseenNames: readonly string[];
  /** Numbers no input holds, in any usual spelling. */
  readonly unseenNumbers: readonly string[];
  /** Share of its words of meaning that the inputs hold, 0 to 1. */
  readonly coverage: number;
}

const derivedDate = /\s?\(\d{4}-\d{2}(?:-\d{2})?(?:\.\.\d{4}-\d{2}-\d{2})?\)/g;
const comment = /<!--[\s\S]*?-->/g;
const wordPattern = /\p{N}+(?:[.,:/]\p{N}+)*|[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)*/gu;
const coverageMin = 0.75;
const spelledNumbers = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");
const commonWords = new Set(
  `the a an and or but of to in on at for from with by is are was were be been has have had do does did will would can could this that these
those it its he she they we you i his her their our my your as not no so if then than there here also into about over after before`.split(
    /\s+/,
  ),
);

/** Judges each sentence of `output`. Labels, dates in parentheses and comments are not part of a sentence. */
export function checkSupport({ output, inputs }: SupportInput): SentenceSupport[] {
  const seen = indexOf(inputs);
  return sentencesOf(output).map((sentence) => judgeSentence(sentence, seen));
}

interface Seen {
  readonly words: ReadonlySet<string>;
  readonly stems: ReadonlySet<string>;
  /** All inputs as one row of words, with a bar between two. */
  readonly text: string;
}

function indexOf(inputs: readonly string[]): Seen {
  const words = new Set<string>();
  const stems = new Set<string>();
  const texts: string[] = [];
  for (const input of inputs) {
    const row = wordsOf(input.replace(derivedDate, ""));
    for (const word of row) {
      words.add(word);
      stems.add(rootOf(word));
    }
    texts.push(row.join(" "));
  }
  return { words, stems, text: ` ${texts.join(" | ")} ` };
}

function judgeSentence(sentence: string, seen: Seen): SentenceSupport {
  const plain = sentence.replace(comment, "").replace(derivedDate, "");
  const words = wordsOf(plain);
  const verbatim = words.length > 0 && seen.text.includes(` ${words.join(" ")} `);
  if (verbatim || words.length === 0) {
    return { sentence, supported: true, verbatim, unseenNames: [], unseenNumbers: [], coverage: 1 };
  }
  const unseenNumbers = [...new Set(words.filter((word) => isNumber(word) && !seen.words.has(word)))];
  const unseenNames = namesOf(plain).filter((name) => !seen.stems.has(rootOf(name.toLowerCase())));
  const meaning = words.filter((word) => !commonWords.has(word) && !isNumber(word));
  const held = meaning.filter((word) => seen.stems.has(rootOf(word))).length;
  const coverage = meaning.length === 0 ? 1 : held / meaning.length;
  const supported = unseenNumbers.length === 0 && unseenNames.length === 0 && coverage >= coverageMin;
  return { sentence, supported, verbatim, unseenNames, unseenNumbers, coverage };
}

function sentencesOf(output: string): string[] {
  const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
  const found: string[] = [];
  for (const line of output.replaceAll(comment, "").split(/\r?\n/)) {
    const text = line.replace(/^\s*(?:#{1,6}\s|[-*+]\s|\d{1,9}[.)]\s)?\s*/, "");
    for (const { segment } of segmenter.segment(text)) {
      if (segment.trim() !== "") found.push(segment.trim());
    }
  }
  return found;
}

function wordsOf(text: string): string[] {
  return (text.match(wordPattern) ?? []).map(normalWord);
}

// "1,000" is "1000", "three" is "3", "Maya's" is "maya".
function normalWord(raw: string): string {
  const word = raw.toLowerCase().replaceAll("’", "'").replace(/'s$/, "");
  const spelled = spelledNumbers.indexOf(word);
  if (spelled !== -1) return String(spelled);
  return /^\d/.test(word) ? word.replace(/,(?=\d{3}(?:\D|$))/g, "") : word;
}

function isNumber(word: string): boolean {
  return /^\p{N}/u.test(word);
}

// Words written large that do not begin the sentence; at the beginning only those with a second capital or digit, as GitHub.
function namesOf(sentence: string): string[] {
  const names = new Set<string>();
  let first = true;
  for (const [raw] of sentence.matchAll(wordPattern)) {
    const large = /^\p{Lu}/u.test(raw) && !/^I(?:['’]|$)/.test(raw);
    if (large && (!first || /^.+[\p{Lu}\d]/u.test(raw)) && !commonWords.has(raw.toLowerCase())) {
      names.add(raw.replace(/['’]s$/, ""));
    }
    first = false;
  }
  return [...names];
}

// Endings of English that do not change what a word names. Anything finer would let a foreign word pass for a known one.
function rootOf(word: string): string {
  if (!/^[a-z]{4,}$/.test(word)) return word;
  return word
    .replace(/(?:ies|ied)$/, "y")
    .replace(/(?:ing|ed|es|ly|s)$/, "")
    .replace(/([b-df-hj-np-tv-z])\1$/, "$1")
    .replace(/e$/, "");
}
