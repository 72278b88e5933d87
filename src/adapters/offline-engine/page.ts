import { linesOf } from "./note.ts";

// In a note that a person began, new entries stand apart from what the person wrote.
const ownSection = "From sessions";
const entryDay = /^\s*-\s+(\d{4}-\d{2}-\d{2})\b/;

const ownLine = /^\s*- .*<!-- S\d+:\d+(?: S\d+:\d+)* -->\s*$/;

/** Adds lines under a heading: before the first entry of an older day, so that the newest stands first. The heading is made where it is missing. */
export function insertEntry(
  content: string,
  place: { readonly heading: string | null; readonly title: string },
  lines: string,
  day: string | null,
): string {
  const newline = content.includes("\r\n") ? "\r\n" : "\n";
  const text = lines.replaceAll("\n", newline);
  if (content === "") {
    const heading = place.heading === null ? "" : `## ${place.heading}${newline}${newline}`;
    return `# ${place.title}${newline}${newline}${heading}${text}`;
  }
  const section =
    place.heading === null
      ? (sectionAt(content, null) ?? sectionAt(content, ownSection))
      : sectionAt(content, place.heading);
  if (section === null) return appendSection(content, place.heading ?? ownSection, text, newline);
  for (const line of section.lines) {
    const found = entryDay.exec(line.text)?.[1];
    if (found !== undefined && !/^\s/.test(line.text) && day !== null && found < day) {
      return content.slice(0, line.start) + text + content.slice(line.start);
    }
  }
  return insertAfter(content, section.contentEnd, text, newline, section.empty);
}

/** Adds a line to the part of a file that keeps what was true before; the last one out of date stands first. */
export function insertHistory(content: string, title: string, lines: string): string {
  const newline = content.includes("\r\n") ? "\r\n" : "\n";
  const text = lines.replaceAll("\n", newline);
  const base = content === "" ? `# ${title}${newline}` : content;
  const section = sectionAt(base, "History");
  if (section === null) return appendSection(base, "History", text, newline);
  const first = section.lines.find((line) => line.text.trim() !== "");
  if (first === undefined) return insertAfter(base, section.contentEnd, text, newline, true);
  return base.slice(0, first.start) + text + base.slice(first.start);
}

interface SectionSpan {
  readonly lines: ReturnType<typeof linesOf>;
  /** Behind the last line that is not blank, the heading at least. */
  readonly contentEnd: number;
  readonly empty: boolean;
}

// With null: what stands under the title before any other heading, if it is entries and nothing else.
function sectionAt(content: string, heading: string | null): SectionSpan | null {
  const lines = linesOf(content);
  let inFence = false;
  let level = 0;
  let start = -1;
  const inside: ReturnType<typeof linesOf> = [];
  for (const line of lines) {
    if (/^\s*(?:```|~~~)/.test(line.text)) inFence = !inFence;
    const found = inFence ? null : /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line.text);
    if (start !== -1) {
      if (found !== null && (heading === null || (found[1] ?? "").length <= level)) break;
      inside.push(line);
    } else if (
      found !== null &&
      (heading === null ? found[1] === "#" : found[2] === heading && found[1] !== "#")
    ) {
      start = line.end;
      level = (found[1] ?? "").length;
    }
  }
  if (start === -1) return null;
  if (heading === null && !inside.every((line) => line.text.trim() === "" || ownLine.test(line.text)))
    return null;
  const last = inside.filter((line) => line.text.trim() !== "").at(-1);
  return { lines: inside, contentEnd: last?.end ?? start, empty: last === undefined };
}

// History and insights come last; anything else goes before them.
function appendSection(content: string, heading: string, text: string, newline: string): string {
  const section = `## ${heading}${newline}${newline}${text}`;
  if (heading !== "History" && heading !== "Insights") {
    for (const line of linesOf(content)) {
      if (/^## (?:History|Insights)\s*$/.test(line.text)) {
        return content.slice(0, line.start) + section + newline + content.slice(line.start);
      }
    }
  }
  const ended = content.endsWith("\n") ? content : content + newline;
  return `${ended}${/\n\r?\n$/.test(ended) ? "" : newline}${section}`;
}

function insertAfter(
  content: string,
  at: number,
  text: string,
  newline: string,
  blankBefore: boolean,
): string {
  const head = content.slice(0, at);
  const ended = head === "" || head.endsWith("\n") ? head : head + newline;
  return ended + (blankBefore ? newline : "") + text + content.slice(at);
}

/** Adds a line at the end of a section, made where it is missing. */
export function appendTo(content: string, heading: string, lines: string): string {
  const newline = content.includes("\r\n") ? "\r\n" : "\n";
  const text = lines.replaceAll("\n", newline);
  const section = sectionAt(content, heading);
  if (section === null) return appendSection(content, heading, text, newline);
  return insertAfter(content, section.contentEnd, text, newline, section.empty);
}
