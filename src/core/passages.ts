/**
 * A text as an erasure looks at it: blocks of whole lines (a list item, a paragraph, a heading), their sentences, and the
 * words, by which two texts are compared. Markup, case, punctuation and what the offline engine puts around a sentence
 * (its label, its source comment, derived dates) make no difference.
 */

export interface Word {
  /** As it is compared. */
  readonly text: string;
  /** As it is written. */
  readonly raw: string;
  readonly start: number;
  readonly end: number;
}

export interface Sentence {
  readonly start: number;
  readonly end: number;
  /** Its words are those of the block from `from` to before `to`; never none. */
  readonly from: number;
  readonly to: number;
}

/** What stands before the words of an entry: `2026-03-02, Maya: `. */
export interface Label {
  readonly start: number;
  readonly end: number;
  readonly speaker: { readonly start: number; readonly end: number; readonly text: string } | null;
}

export interface Block {
  /** `other`: a line of code, of a table, of HTML, of a quotation. `aside`: front matter, a comment. */
  readonly kind: "heading" | "item" | "paragraph" | "other" | "aside";
  /** Whole lines, the mark that ends the last one included. */
  readonly start: number;
  readonly end: number;
  readonly label: Label | null;
  readonly words: readonly Word[];
  readonly sentences: readonly Sentence[];
}

/** Parts a text into blocks; blank lines belong to none. */
export type ReadBlocks = (text: string) => Block[];

// Scripts that write no blanks between words: there each character counts as one.
const wordPattern =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[[\p{L}\p{M}\p{N}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]]+(?:['’]\p{L}+)*/gv;
const sourceComment = /<!-- S\d+:\d+(?: S\d+:\d+)* -->/g;
const derivedDate = / \(\d{4}-\d{2}(?:-\d{2})?(?:\.\.\d{4}-\d{2}-\d{2})?\)/g;
const labelPattern =
  /^(?:(?:\d{4}-\d{2}-\d{2}|undated)(?:, until \d{4}-\d{2}-\d{2})?|until \d{4}-\d{2}-\d{2})(?:, ([^:\n]{1,64}))?: /;
const listMark = /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?/;
const headingLine = /^#{1,6}[ \t]+/;
const fenceLine = /^[ \t]*(?:```|~~~)/;
const otherLine = /^[ \t]*(?:\||>|<[a-zA-Z/]|!\[|\[[^\]]+\]:[ \t])/;
const commentLine = /^[ \t]*<!--.*-->[ \t]*$/;

interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A reader; making one loads the rules by which sentences end, so one serves a whole erasure. */
export function createBlockReader(): ReadBlocks {
  const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
  return (text) => {
    const blank = (found: string) => " ".repeat(found.length);
    const plain = text.replace(sourceComment, blank).replace(derivedDate, blank);
    const blocks: Block[] = [];
    let open: Line[] = [];
    const close = () => {
      const [first] = open;
      if (first !== undefined) {
        const kind = listMark.test(first.text) ? "item" : "paragraph";
        blocks.push(blockOf(segmenter, plain, kind, first.start, open.at(-1)?.end ?? first.end));
      }
      open = [];
    };
    let inFence = false;
    let inMatter = /^---[ \t]*\r?\n/.test(text);
    for (const line of linesOf(text)) {
      const isFence = !inMatter && fenceLine.test(line.text);
      const kind = inMatter ? "aside" : inFence || isFence ? "other" : kindOf(line.text);
      if (isFence) inFence = !inFence;
      if (inMatter && line.start > 0 && /^---[ \t]*$/.test(line.text)) inMatter = false;
      if (kind !== "paragraph") close();
      if (kind === "item" || kind === "paragraph") open.push(line);
      else if (kind !== null) blocks.push(blockOf(segmenter, plain, kind, line.start, line.end));
    }
    close();
    return blocks;
  };
}

/** The words of a text, compared as blocks are. */
export function wordsOf(text: string): string[] {
  return scanWords(text, 0, text.length).map((word) => word.text);
}

/** What kind of block the line begins or belongs to; null for a blank line. */
function kindOf(line: string): Block["kind"] | null {
  if (/^\s*$/.test(line)) return null;
  if (headingLine.test(line)) return "heading";
  if (commentLine.test(line)) return "aside";
  if (otherLine.test(line)) return "other";
  return listMark.test(line) ? "item" : "paragraph";
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline + 1;
    lines.push({ text: text.slice(start, end).replace(/\r?\n$/, ""), start, end });
    start = end;
  }
  return lines;
}

function blockOf(
  segmenter: Intl.Segmenter,
  plain: string,
  kind: Block["kind"],
  start: number,
  end: number,
): Block {
  const text = plain.slice(start, end);
  const marked = kind === "item" || kind === "heading";
  const mark = marked ? (listMark.exec(text)?.[0] ?? headingLine.exec(text)?.[0] ?? "") : "";
  const label = kind === "item" ? labelAt(text, mark.length, start) : null;
  const from = label === null ? start + mark.length : label.end;
  const words = scanWords(plain, from, end);
  return { kind, start, end, label, words, sentences: sentencesOf(segmenter, plain, from, end, words) };
}

function labelAt(text: string, at: number, offset: number): Label | null {
  const found = labelPattern.exec(text.slice(at));
  if (found === null) return null;
  const start = offset + at;
  const end = start + found[0].length;
  const [, name] = found;
  if (name === undefined) return { start, end, speaker: null };
  const nameEnd = end - ": ".length;
  return { start, end, speaker: { start: nameEnd - name.length, end: nameEnd, text: name } };
}

function scanWords(text: string, from: number, to: number): Word[] {
  const words: Word[] = [];
  for (const match of text.slice(from, to).matchAll(wordPattern)) {
    const raw = match[0];
    const start = from + match.index;
    words.push({ text: compared(raw), raw, start, end: start + raw.length });
  }
  return words;
}

const ascii = /^[\x20-\x7e]*$/;

function compared(raw: string): string {
  if (ascii.test(raw)) return raw.toLowerCase();
  return raw.normalize("NFC").toLowerCase().replaceAll("’", "'");
}

/** Sentences that hold a word, each from its first character that is no blank to behind its last. */
function sentencesOf(
  segmenter: Intl.Segmenter,
  plain: string,
  from: number,
  end: number,
  words: readonly Word[],
): Sentence[] {
  const sentences: Sentence[] = [];
  let word = 0;
  // A line that goes on in the next is one text with it.
  const prose = plain.slice(from, end).replace(/[\r\n]/g, " ");
  for (const { segment, index } of segmenter.segment(prose)) {
    const first = word;
    const stop = from + index + segment.length;
    while ((words[word]?.start ?? stop) < stop) word += 1;
    if (word === first) continue;
    const start = from + index + (segment.length - segment.trimStart().length);
    sentences.push({ start, end: from + index + segment.trimEnd().length, from: first, to: word });
  }
  return sentences;
}
