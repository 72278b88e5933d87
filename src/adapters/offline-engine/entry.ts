import { dayText } from "../../core/calendar.ts";
import type { Source } from "../../core/change-set.ts";
import { limits } from "../../core/limits.ts";
import type { Statement } from "./claims.ts";
import { label, type NoteSentence } from "./note.ts";
import type { SplitSentences } from "./sentences.ts";
import type { Said } from "./statement.ts";

const sourcesPerEntryMax = 12;

/** One line of a memory: who said what when, and where it comes from. */
export interface Entry {
  readonly day: string | null;
  /** For an outdated statement: the day of the one that took its place. */
  readonly until: string | null;
  readonly speaker: string | null;
  /** Sentences as they are shown. */
  readonly sentences: readonly string[];
  readonly said: readonly Said[];
  /** Older states of the same, shown below it. */
  readonly earlier: readonly Entry[];
}

/** `- 2026-03-02, Maya: We moved it to Tuesday. <!-- S3:12 -->`; sentences that would not be told apart again get lines of their own. */
export function renderEntry(entry: Entry, split: SplitSentences, indent = ""): string {
  const joined = entry.sentences.join(" ");
  const apart = split(joined).map((span) => span.text);
  const steady =
    apart.length === entry.sentences.length && apart.every((text, i) => text === entry.sentences[i]);
  const lines = steady ? [joined] : entry.sentences;
  const own = lines.map((line) => `${indent}- ${labelFor(entry, line)}${line}${renderComment(entry.said)}\n`);
  return own.join("") + entry.earlier.map((older) => renderEntry(older, split, `${indent}  `)).join("");
}

/** ` <!-- S3:12 S5:2 -->`. */
export function renderComment(said: readonly Said[]): string {
  const places = [...new Set(said.map((one) => `S${one.sessionIndex}:${one.eventNumber}`))];
  return places.length === 0 ? "" : ` <!-- ${places.slice(0, sourcesPerEntryMax).join(" ")} -->`;
}

export function labelFor(entry: Pick<Entry, "day" | "until" | "speaker">, text: string): string {
  const { day, until, speaker } = entry;
  const parts: string[] = [];
  if (day !== null) parts.push(day);
  if (until !== null) parts.push(`until ${until}`);
  if (speaker !== null) parts.push(speaker);
  if (day === null && until === null && (speaker !== null || label.test(text))) parts.unshift("undated");
  return parts.length === 0 ? "" : `${parts.join(", ")}: `;
}

/** The name an entry shows, or null where it would say nothing: the one user, or the person the file is about. */
export function shownSpeaker(speaker: string, fileSubject: string): string | null {
  if (/^(?:user|human|me)$/i.test(speaker) || speaker.toLowerCase() === fileSubject) return null;
  const name = [...speaker.replace(/[:\n\r<>]+/g, " ").trim()].slice(0, 64).join("");
  return name === "" ? null : name;
}

export function entryOf(
  statements: readonly Statement[],
  fileSubject: string,
  earlier: readonly Entry[],
): Entry {
  const first = statements[0]?.said[0];
  return {
    day: dayText(first?.at ?? null),
    until: null,
    speaker: first === undefined ? null : shownSpeaker(first.speaker, fileSubject),
    sentences: statements.map((statement) => statement.shown),
    said: statements.flatMap((statement) => statement.said),
    earlier,
  };
}

/** What the change set names as the sources of these sentences, each place once. */
export function sourcesOf(said: readonly Said[]): Source[] {
  const sources: Source[] = [];
  const seen = new Set<string>();
  for (const one of said) {
    const key = `${one.sessionId}\n${one.eventNumber}\n${one.quote}`;
    if (seen.has(key) || sources.length === sourcesPerEntryMax) continue;
    seen.add(key);
    sources.push({
      kind: "event",
      sessionId: one.sessionId,
      eventNumber: one.eventNumber,
      eventId: one.eventId,
      speaker: one.speaker,
      at: one.at,
      trust: one.trust,
      quote: clip(one.quote),
    });
  }
  return sources;
}

export function memorySource(sentence: NoteSentence): Source {
  return {
    kind: "memory",
    path: sentence.note.path,
    memoryId: sentence.note.memoryId,
    versionId: sentence.note.versionId,
    trust: sentence.trust,
    quote: clip(sentence.text),
  };
}

function clip(text: string): string {
  if (text.length <= limits.quoteLength) return text;
  const points = [...text];
  return points.length <= limits.quoteLength ? text : `${points.slice(0, limits.quoteLength - 1).join("")}…`;
}
