import {
  ChangeKind,
  type DreamChange,
  type Edit,
  EditKindSchema,
  type Source,
} from "../../gen/dream/v1/dream_pb.ts";
import { count, type Output, oneLine, printable, wrap } from "./output.ts";
import { writeWordDiff } from "./show-words.ts";
import { dateText, enumWord } from "./words.ts";

/** What the sessions of sources are called, by id. */
export type Titles = ReadonlyMap<string, string>;

const noTitles: Titles = new Map();
const sourcesShown = 2;
const kindWords: ReadonlyMap<number, string> = new Map([
  [ChangeKind.CREATE, "new"],
  [ChangeKind.UPDATE, "updated"],
  [ChangeKind.DELETE, "deleted"],
  [ChangeKind.RENAME, "moved"],
]);

/** What the flags of a change say; one that is not here is shown as it is. */
const flagWords: ReadonlyMap<string, string> = new Map([
  ["protected_path", "not applied: protected path"],
  ["text_removed", "its text was removed since: redacted or erased"],
]);

export interface ShowChangeOptions {
  /** None when absent. */
  readonly titles?: Titles;
  /** Shows a changed text word by word, in place of its edits as lines. False when absent. */
  readonly words?: boolean;
}

export function titlesOf(sessions: readonly { readonly id: string; readonly title: string }[]): Titles {
  return new Map(sessions.map(({ id, title }) => [id, title]));
}

/** One change for people: the memory, and each edit as `-` and `+` lines with its reason and quoted sources. */
export function writeChange(out: Output, change: DreamChange, options: ShowChangeOptions = {}): void {
  const { titles = noTitles, words = false } = options;
  writeHead(out, change);
  if (words && change.wordDiff !== "") {
    writeWordDiff(out, change.wordDiff);
    for (const edit of change.edits) {
      writeWhy(out, `      why (${enumWord(EditKindSchema, edit.kind)}): `, edit, titles);
    }
  } else {
    for (const edit of change.edits) writeEdit(out, edit, titles);
    if (change.edits.length === 0) writePatch(out, change.unifiedDiff);
  }
  out.line();
}

export function writeHead(out: Output, change: DreamChange): void {
  const { path, toPath, kind, edits, reason, flags, conflict } = change;
  const name = toPath === "" ? path : `${path} → ${toPath}`;
  const facts = [kindWords.get(kind) ?? "changed"];
  if (edits.length > 0) facts.push(count(edits.length, "edit"));
  if (conflict) facts.push("left alone: changed by somebody else meanwhile");
  for (const flag of flags) facts.push(flagWords.get(flag) ?? oneLine(flag));
  out.line(`${out.paint("bold", oneLine(name))}  ${out.paint("dim", facts.join(" · "))}`);
  if (edits.length === 0) writeWrapped(out, "  ", reason, "dim");
}

/** The words before and after, why, and what it rests on. */
export function writeEdit(out: Output, edit: Edit, titles: Titles = noTitles): void {
  if (edit.before !== undefined) writeMarked(out, "-", edit.before, "red");
  if (edit.after !== undefined) writeMarked(out, "+", edit.after, "green");
  writeWhy(out, "      why: ", edit, titles);
}

function writeWhy(out: Output, lead: string, edit: Edit, titles: Titles): void {
  writeWrapped(out, lead, edit.reason, "dim");
  const sources = worthShowing(edit);
  for (const source of sources.slice(0, sourcesShown)) {
    writeWrapped(out, "      ", sourceText(source, titles), "dim");
  }
  const more = sources.length - sourcesShown;
  if (more > 0) out.line(out.paint("dim", `      and ${count(more, "more source")}`));
}

/** A source that is the very line that went says nothing more. */
function worthShowing({ sources, before }: Edit): readonly Source[] {
  const others = sources.filter(({ source, quote }) => source.case !== "memory" || quote !== before);
  return others.length === 0 ? sources : others;
}

function sourceText({ source, quote }: Source, titles: Titles): string {
  const words = `“${oneLine(quote)}”`;
  switch (source.case) {
    case "event": {
      const { speaker, saidAt, sessionId } = source.value;
      const title = titles.get(sessionId);
      const date = title === undefined ? dateText(saidAt) : `in ${title}`;
      return oneLine(`${speaker}${date === "" ? "" : `, ${date}`}: ${words}`);
    }
    case "memory":
      return `${oneLine(source.value.path)}: ${words}`;
    default:
      return words;
  }
}

function writeMarked(out: Output, mark: "-" | "+", text: string, paint: "red" | "green"): void {
  for (const line of printable(text).split("\n")) {
    wrap(line.trimEnd(), out.columns - 6).forEach((part, at) => {
      out.line(out.paint(paint, `  ${at === 0 ? mark : " "} ${part}`));
    });
  }
}

/** The first line after `lead`, further ones below its text. */
function writeWrapped(out: Output, lead: string, text: string, paint: "dim"): void {
  if (text === "") return;
  const indent = " ".repeat(lead.length);
  wrap(oneLine(text), out.columns - lead.length).forEach((line, at) => {
    out.line(out.paint(paint, `${at === 0 ? lead : indent}${line}`));
  });
}

function writePatch(out: Output, patch: string): void {
  for (const line of printable(patch).split("\n")) {
    if (line === "") continue;
    const paint = line.startsWith("-") ? "red" : line.startsWith("+") ? "green" : "dim";
    out.line(`  ${out.paint(paint, line)}`);
  }
}
