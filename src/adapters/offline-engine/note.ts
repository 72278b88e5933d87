import { noonOf, parseDay } from "../../core/calendar.ts";
import type { Trust } from "../../core/session.ts";
import type { EngineMemory } from "../../ports/engine.ts";
import type { Toolbox } from "./claims.ts";
import type { Mergeable } from "./merge.ts";
import { type Features, featuresOf } from "./statement.ts";
import { isStopWord, wordsOf } from "./words.ts";

/** A memory as the engine reads it: Markdown in places, each sentence with where it stands. */
export interface Note {
  readonly memory: EngineMemory;
  readonly content: string;
  /** The first heading, or the file's name. */
  readonly title: string;
  readonly blocks: readonly NoteBlock[];
  readonly sentences: readonly NoteSentence[];
  /** Code, tables, front matter: what holds more than sentences. */
  readonly hasOther: boolean;
}

export interface NoteBlock {
  readonly kind: "item" | "ordered" | "task" | "paragraph";
  /** From the first character of its first line to behind its last line's end. */
  readonly start: number;
  readonly end: number;
  readonly heading: string;
  readonly section: Section;
  /** It carries a source comment, so an earlier dream wrote it. */
  readonly own: boolean;
  /** `2026-03-02` of its label, or null. */
  readonly day: string | null;
  readonly until: string | null;
  readonly speaker: string | null;
}

export type Section = "live" | "history" | "insights";

export interface NoteSentence extends Mergeable {
  readonly note: EngineMemory;
  readonly block: NoteBlock;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly features: Features;
  readonly subject: string;
  readonly context: ReadonlySet<string>;
  readonly trust: Trust;
}

/** `<!-- S3:12 S5:2 -->`: which events of which dream's sessions an entry rests on. */
export const sourceComment = /\s*<!-- S\d+:\d+(?: S\d+:\d+)* -->/g;
export const label =
  /^(?:(\d{4}-\d{2}-\d{2}|undated)(?:, until (\d{4}-\d{2}-\d{2}))?|until (\d{4}-\d{2}-\d{2}))(?:, ([^:\n]{1,64}))?: /;
const listItem = /^\s*(?:[-*+]|(\d{1,9}[.)]))\s+(\[[ xX]\]\s+)?/;
const opaqueLine = /^\s*(?:\||<[a-zA-Z!/]|\[[^\]]+\]:\s|>|!\[)/;

interface Line {
  readonly text: string;
  readonly start: number;
  /** Behind the line's end mark. */
  readonly end: number;
}

/** Reads a note. Front matter, code, tables, quotes and HTML are seen as places without sentences. */
export function readNote(memory: EngineMemory, content: string, tools: Toolbox): Note {
  const state = { heading: "", section: "live" as Section, title: "", hasOther: false };
  const blocks: NoteBlock[] = [];
  const sentences: NoteSentence[] = [];
  const headings: string[] = [];
  let open: Line[] = [];
  let inFence = false;
  const close = () => {
    const first = open[0];
    if (first !== undefined) {
      const block = blockOf(open, state.heading, state.section);
      blocks.push(block);
      sentences.push(...sentencesOf(memory, block, open, [state.title, ...headings], tools));
    }
    open = [];
  };
  let frontMatter = /^---\r?\n/.test(content);
  for (const [index, line] of linesOf(content).entries()) {
    const isFence = /^\s*(?:```|~~~)/.test(line.text);
    if (frontMatter || inFence || isFence) {
      close();
      state.hasOther = true;
      if (isFence && !frontMatter) inFence = !inFence;
      if (frontMatter && index > 0 && /^---\s*$/.test(line.text)) frontMatter = false;
      continue;
    }
    const heading = /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line.text);
    if (heading !== null) {
      close();
      const level = (heading[1] ?? "").length;
      state.heading = heading[2] ?? "";
      if (state.title === "") state.title = state.heading;
      headings.length = Math.max(0, level - 1);
      headings[level - 1] = state.heading;
      state.section = sectionOf(headings);
    } else if (/^\s*$/.test(line.text)) close();
    else if (opaqueLine.test(line.text) && !/^\s*<!-- S\d/.test(line.text)) {
      close();
      state.hasOther = true;
    } else {
      if (listItem.test(line.text)) close();
      open.push(line);
    }
  }
  close();
  const title = state.title === "" ? slugOf(memory.path) : state.title;
  return { memory, content, title, blocks, sentences, hasOther: state.hasOther };
}

/** The file's name without its folder and its ending. */
export function slugOf(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/\.[A-Za-z0-9]+$/, "");
}

export function linesOf(content: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < content.length) {
    const newline = content.indexOf("\n", start);
    const end = newline === -1 ? content.length : newline + 1;
    lines.push({ text: content.slice(start, end).replace(/\r?\n$/, ""), start, end });
    start = end;
  }
  return lines;
}

function sectionOf(headings: readonly (string | undefined)[]): Section {
  for (const heading of headings) {
    if (heading === "History") return "history";
    if (heading === "Insights") return "insights";
  }
  return "live";
}

function blockOf(lines: readonly Line[], heading: string, section: Section): NoteBlock {
  const first = lines[0]?.text ?? "";
  const item = listItem.exec(first);
  const text = lines.map((line) => line.text).join("\n");
  const own = text.search(sourceComment) !== -1;
  const named = label.exec(first.slice(item?.[0].length ?? 0));
  const kind =
    item === null ? "paragraph" : item[2] !== undefined ? "task" : item[1] !== undefined ? "ordered" : "item";
  return {
    kind,
    start: lines[0]?.start ?? 0,
    end: lines.at(-1)?.end ?? 0,
    heading,
    section,
    own,
    day: named?.[1] === "undated" ? null : (named?.[1] ?? null),
    until: named?.[2] ?? named?.[3] ?? null,
    speaker: named?.[4] ?? null,
  };
}

function sentencesOf(
  memory: EngineMemory,
  block: NoteBlock,
  lines: readonly Line[],
  headings: readonly (string | undefined)[],
  tools: Toolbox,
): NoteSentence[] {
  const context = new Set(
    headings.flatMap((heading) =>
      wordsOf(heading ?? "")
        .filter((word) => !isStopWord(word.text))
        .map((word) => tools.stem(word.text)),
    ),
  );
  const found: NoteSentence[] = [];
  for (const span of tools.split(proseOf(lines))) {
    const text = span.text.replace(/\s+/g, " ").trim();
    const features = featuresOf(text, tools.stem);
    if (features.words.length === 0) continue;
    const subject = features.self ? firstPersonOf(memory.path, block) : "";
    const start = block.start + span.start;
    const trust = block.speaker?.toLowerCase() === "assistant" ? "assistant" : "user";
    found.push({
      note: memory,
      block,
      text,
      start,
      end: start + span.text.length,
      features,
      subject,
      context,
      trust,
    });
  }
  return found;
}

// Blanks stand in for what is not prose, so that every offset stays true. A person's lines are wrapped: one text.
function proseOf(lines: readonly Line[]): string {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  const first = lines[0]?.start ?? 0;
  let joined = "";
  lines.forEach((line, index) => {
    let text = line.text.replace(sourceComment, blank);
    if (index === 0) {
      text = text.replace(listItem, blank);
      const lead = text.length - text.trimStart().length;
      const named = label.exec(text.slice(lead));
      if (named !== null) text = " ".repeat(lead + named[0].length) + text.slice(lead + named[0].length);
    }
    joined = joined.padEnd(line.start - first, " ") + text;
  });
  return joined;
}

function firstPersonOf(path: string, block: NoteBlock): string {
  if (block.speaker !== null) return `me:${block.speaker.toLowerCase()}`;
  const folder = path.split("/").at(-2);
  return folder === "people" ? `me:${slugOf(path).toLowerCase()}` : "me:user";
}

/** Where a note's sentence stands in time, as `Statement.order` does: by its label, or before all sessions. */
export function timeOf(block: NoteBlock): number {
  return block.day === null ? Number.NEGATIVE_INFINITY : noonOf(parseDay(block.day)) - 43_200_000;
}
