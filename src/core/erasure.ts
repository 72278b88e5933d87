/** Takes words out of a text: sentences that rest on what is erased alone, and nothing beside them. */
import type { Finder } from "./fragments.ts";
import type { Block, ReadBlocks, Sentence } from "./passages.ts";

/** The words of another source that say what a fragment says, and stay. */
export interface Rewording {
  readonly text: string;
  /** What an entry shows before it, `2026-03-02, Maya: `; null: what it shows now. */
  readonly label: string | null;
}

/** What is taken out. */
export interface Erasing {
  readonly readBlocks: ReadBlocks;
  readonly fragments: Finder;
  /** By fragment: what takes its place. */
  readonly rewordings: ReadonlyMap<string, Rewording>;
  /** Words that nothing says but what is erased; true: of a name. */
  readonly ownWords: ReadonlyMap<string, boolean>;
  /** Whether a memory at the path goes, so that links to it do. */
  readonly isGone: (path: string) => boolean;
}

export interface ErasedText {
  readonly text: string;
  /** How many lines lost words; 0: the text is as it was. */
  readonly lines: number;
  /** Nothing is left but headings, comments and front matter. */
  readonly isEmpty: boolean;
}

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Section {
  readonly heading: Block;
  lost: boolean;
  kept: boolean;
}

/** The text, of a memory at `path`, without what rests on what is erased. Everything else keeps its bytes. */
export function eraseText(text: string, path: string, erasing: Erasing): ErasedText {
  const cuts: Cut[] = [];
  let isEmpty = true;
  let section: Section | null = null;
  for (const block of erasing.readBlocks(text)) {
    if (block.kind === "heading") {
      cuts.push(...emptiedHeading(section, erasing));
      const goes = losesHeading(block, erasing);
      if (goes) cuts.push(whole(block));
      section = goes ? null : { heading: block, lost: false, kept: false };
      continue;
    }
    const own = cutsOf(text, path, block, erasing);
    cuts.push(...own);
    const isGone = own.some((cut) => cut.start === block.start && cut.end === block.end);
    const isKept = !isGone && block.words.length > 0 && block.kind !== "aside";
    if (isKept) isEmpty = false;
    if (section !== null) {
      section.lost ||= isGone;
      section.kept ||= isKept;
    }
  }
  cuts.push(...emptiedHeading(section, erasing));
  if (cuts.length === 0) return { text, lines: 0, isEmpty: false };
  return { text: applyCuts(text, cuts), lines: linesIn(text, cuts), isEmpty };
}

/** A heading by a topic of which only what is erased spoke, with nothing left below it. */
function emptiedHeading(section: Section | null, { ownWords }: Erasing): Cut[] {
  if (section === null || !section.lost || section.kept) return [];
  return section.heading.words.some((word) => ownWords.has(word.text)) ? [whole(section.heading)] : [];
}

/** Whether a word of the text is a name that nothing says but what is erased. */
export function holdsOwnName(words: readonly string[], { ownWords }: Pick<Erasing, "ownWords">): boolean {
  return words.some((word) => ownWords.get(word) === true);
}

function losesHeading(block: Block, erasing: Erasing): boolean {
  const words = block.words.map((word) => word.text);
  return erasing.fragments.find(block).length > 0 || holdsOwnName(words, erasing);
}

function whole({ start, end }: Block): Cut {
  return { start, end, text: "" };
}

function cutsOf(text: string, path: string, block: Block, erasing: Erasing): Cut[] {
  const hits = erasing.fragments.find(block);
  const links = goneLinks(text, path, block, erasing);
  const reworded = new Map<Sentence, Rewording>();
  const gone = new Set<Sentence>();
  for (const sentence of block.sentences) {
    const inside = hits.filter(({ from, to }) => from < sentence.to && to > sentence.from);
    const linked = links.some(({ start, end }) => start < sentence.end && end > sentence.start);
    const same = inside.find(({ from, to }) => from === sentence.from && to === sentence.to);
    const rewording = same === undefined ? undefined : erasing.rewordings.get(same.fragment);
    if (rewording !== undefined && !linked) reworded.set(sentence, rewording);
    else if (inside.length > 0 || linked) gone.add(sentence);
  }
  // Beside a sentence that goes, it was said with it.
  for (const sentence of gone.size === 0 ? [] : block.sentences) {
    const { from, to } = sentence;
    const words = block.words.slice(from, to).map((word) => word.text);
    if (!reworded.has(sentence) && erasing.fragments.isRemark(words.join(" "))) gone.add(sentence);
  }
  if (gone.size > 0 && gone.size === block.sentences.length) return [whole(block)];
  const cuts = [...reworded].map(([{ start, end }, { text: words }]) => ({ start, end, text: words }));
  return [...cuts, ...cutsOfRuns(block, gone), ...labelCuts(block, [...reworded.values()], erasing)];
}

/** Sentences go with the blanks that part them from what follows, or at the end from what stands before. */
function cutsOfRuns({ sentences }: Block, gone: ReadonlySet<Sentence>): Cut[] {
  const cuts: Cut[] = [];
  let kept: Sentence | null = null;
  let run: Sentence | null = null;
  for (const sentence of sentences) {
    if (gone.has(sentence)) {
      run ??= sentence;
      continue;
    }
    if (run !== null) cuts.push({ start: run.start, end: sentence.start, text: "" });
    run = null;
    kept = sentence;
  }
  const last = sentences.at(-1);
  if (run !== null && last !== undefined) {
    cuts.push({ start: kept?.end ?? run.start, end: last.end, text: "" });
  }
  return cuts;
}

/** An entry that stays names whoever else says it, or at least nobody whom only what is erased names. */
function labelCuts({ label, words }: Block, reworded: readonly Rewording[], erasing: Erasing): Cut[] {
  if (label === null) return [];
  const [rewording] = reworded;
  if (rewording !== undefined && rewording.label !== null)
    return [{ start: label.start, end: label.end, text: rewording.label }];
  const { speaker } = label;
  if (speaker === null || words.length === 0) return [];
  if (!holdsOwnName(namesIn(speaker.text), erasing)) return [];
  return [{ start: speaker.start - ", ".length, end: speaker.end, text: "" }];
}

/** The words of a name, and the parts of those that an apostrophe joins: a path shows them apart. */
export function namesIn(text: string): string[] {
  const words =
    text
      .normalize("NFC")
      .toLowerCase()
      .replaceAll("’", "'")
      .match(/[\p{L}\p{M}\p{N}']+/gu) ?? [];
  return words
    .flatMap((word) => [word, ...(word.includes("'") ? word.split("'") : [])])
    .filter((w) => w !== "");
}

function goneLinks(text: string, path: string, block: Block, { isGone }: Erasing): Cut[] {
  const links: Cut[] = [];
  for (const match of text.slice(block.start, block.end).matchAll(/\]\(<?([^()\s<>]+)>?[^()]*\)/g)) {
    if (!targetsOf(match[1] ?? "", path).some(isGone)) continue;
    const start = block.start + match.index;
    links.push({ start, end: start + match[0].length, text: "" });
  }
  return links;
}

/** What a link in a memory at `path` may name: seen from its folder, and from the store's top. */
function targetsOf(link: string, path: string): string[] {
  let target = link.replace(/[?#].*$/, "");
  try {
    target = decodeURIComponent(target);
  } catch {
    // A "%" that codes nothing stands for itself.
  }
  if (target === "" || /^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
  if (target.startsWith("/")) return [resolve([], target)];
  return [resolve(path.split("/").slice(1, -1), target), resolve([], target)];
}

function resolve(folder: readonly string[], target: string): string {
  const segments = [...folder];
  for (const segment of target.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}

function applyCuts(text: string, cuts: readonly Cut[]): string {
  let left = text;
  for (const cut of cuts.toSorted((a, b) => b.start - a.start)) {
    left = left.slice(0, cut.start) + cut.text + left.slice(cut.end);
  }
  return left;
}

function linesIn(text: string, cuts: readonly Cut[]): number {
  const starts = new Set<number>();
  for (const cut of cuts) {
    // The blanks that go along stand on lines that may lose nothing else.
    const words = text.slice(cut.start, cut.end);
    const start = cut.start + (words.length - words.trimStart().length);
    const end = cut.start + words.trimEnd().length;
    for (let at = start; at < Math.max(end, start + 1); ) {
      starts.add(text.lastIndexOf("\n", at - 1));
      const newline = text.indexOf("\n", at);
      at = newline === -1 ? text.length + 1 : newline + 1;
    }
  }
  return starts.size;
}
