/**
 * Words that nothing says but what is erased. Paths, headings and the names in labels are no sentences: whether one rests on
 * a source is told by its words.
 */
import { namesIn } from "./erasure.ts";
import type { Block } from "./passages.ts";

export interface OwnWords {
  /** Asks for the words of headings and labels, and of other names. Nothing else is remembered. */
  ask(block: Block): void;
  askName(name: string): void;
  /** What is erased says this. */
  add(block: Block): void;
  addSpeaker(name: string): void;
  addPath(path: string): void;
  /** Of the words found, those that the block or name has. */
  said(block: Block): string[];
  saidName(name: string): string[];
  /** Notes that this source, which stays, has the word. */
  support(word: string, source: string): void;
  /** The words that none of these sources has; true: of a name. */
  where(sources: ReadonlySet<string>): ReadonlyMap<string, boolean>;
}

/** Speakers that are nobody. */
const generic = /^(?:user|human|me|assistant|ai|agent|bot|model|system|developer|tool)$/;

export function createOwnWords(): OwnWords {
  const asked = new Set<string>();
  const found = new Map<string, boolean>();
  const supports = new Map<string, Set<string>>();
  const speakers = new Set<string>();
  const common = new Set<string>();

  const put = (word: string, isName: boolean) => {
    if (!asked.has(word)) return;
    const named = !common.has(word) && (isName || found.get(word) === true);
    found.set(word, named || speakers.has(word));
  };
  const forms = (word: string) => (word.includes("'") ? namesIn(word) : [word]);

  return {
    ask(block) {
      if (block.kind === "heading")
        for (const { text } of block.words) for (const word of forms(text)) asked.add(word);
      if (block.label?.speaker) for (const word of namesIn(block.label.speaker.text)) asked.add(word);
    },
    askName(name) {
      for (const word of namesIn(name)) asked.add(word);
    },
    add({ words, sentences }) {
      const starts = new Set(sentences.map((sentence) => sentence.from));
      for (const [index, { text, raw }] of words.entries()) {
        for (const word of forms(text)) {
          if (!asked.has(word)) continue;
          // Written small anywhere, it is a word like others; written large at the start of a sentence, who knows.
          if (/^\p{Ll}/u.test(raw) && !/\p{N}/u.test(word)) common.add(word);
          put(word, isCode(word) || (/^\p{Lu}/u.test(raw) && !starts.has(index)));
        }
      }
    },
    addSpeaker(name) {
      for (const word of namesIn(name)) {
        if (!generic.test(word) && asked.has(word)) speakers.add(word);
        put(word, false);
      }
    },
    addPath(path) {
      for (const word of namesIn(path)) put(word, isCode(word));
    },
    said({ words }) {
      if (found.size === 0) return [];
      return words.flatMap(({ text }) => forms(text).filter((word) => found.has(word)));
    },
    saidName: (name) => namesIn(name).filter((word) => found.has(word)),
    support(word, source) {
      const sources = supports.get(word);
      if (sources === undefined) supports.set(word, new Set([source]));
      else sources.add(source);
    },
    where(sources) {
      const none = new Set<string>();
      return new Map([...found].filter(([word]) => sources.isDisjointFrom(supports.get(word) ?? none)));
    },
  };
}

/** Letters with digits, as in a number plate: no word of a language. */
function isCode(word: string): boolean {
  return /\p{N}/u.test(word) && /\p{L}/u.test(word);
}
