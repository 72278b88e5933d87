import { dayText } from "../../core/calendar.ts";
import { createCandidateIndex } from "./candidates.ts";
import type { Statement } from "./claims.ts";
import { isChangeable, judge, lookupStems } from "./conflicts.ts";
import type { Draft, Drafts } from "./draft.ts";
import {
  type Entry,
  entryOf,
  labelFor,
  memorySource,
  renderComment,
  renderEntry,
  shownSpeaker,
  sourcesOf,
} from "./entry.ts";
import type { Known } from "./known.ts";
import { type Note, type NoteSentence, slugOf, timeOf } from "./note.ts";
import type { Pace } from "./pace.ts";
import type { SplitSentences } from "./sentences.ts";
import { isTechnical, mayOverrule, trustOf } from "./understanding.ts";

/** A line for the part of a file that keeps what was true before. */
export interface HistoryLine {
  readonly path: string;
  readonly line: string;
  readonly until: string | null;
}

export interface Outdated {
  readonly history: HistoryLine[];
  /** Where each statement was put that took an older one's place. */
  readonly placed: Map<Statement, string>;
  readonly replaced: number;
}

/**
 * Brings notes up to date where they stand: a sentence that a newer statement surely replaces gives it its place, and goes to the
 * history of its file.
 */
export async function updateNotes(
  statements: readonly Statement[],
  notes: readonly Note[],
  known: Known,
  drafts: Drafts,
  split: SplitSentences,
  pace: Pace,
): Promise<Outdated> {
  const index = createCandidateIndex<NoteSentence>();
  for (const note of notes) {
    for (const sentence of note.sentences) {
      await pace.step();
      if (sentence.block.section !== "live" || !isChangeable(sentence.features, sentence.text)) continue;
      const stems = lookupStems(sentence.features, sentence.text, selfOf(sentence));
      index.add(sentence, [...stems, ...sentence.context]);
    }
  }
  const done: Outdated & { replaced: number } = { history: [], placed: new Map(), replaced: 0 };
  const put = (sentence: NoteSentence, newer: Statement, what: string) => {
    const draft = drafts.at(sentence.note.path);
    if (draft.splices.has(sentence) || draft.gone) return;
    const stands = done.placed.has(newer) || known.find(newer) !== null;
    replace(draft, sentence, newer, stands, what, split);
    if (!stands) done.placed.set(newer, sentence.note.path);
    const until = dayText(newer.said[0].at);
    done.history.push({ path: sentence.note.path, line: historyOfNote(sentence, newer, split), until });
    done.replaced += 1;
  };
  for (const newer of statements) {
    await pace.step();
    if (newer.supersededBy !== null) {
      const stale = known.find(newer);
      if (stale !== null && stale.block.section === "live") put(stale, latest(newer), newer.changed);
      continue;
    }
    if (known.find(newer) !== null || !isChangeable(newer.features, newer.text)) continue;
    const accepts = (older: NoteSentence) => isOlder(older, newer) && agree(older, newer);
    for (const older of index.best(
      lookupStems(newer.features, newer.text, newer.said[0].speaker.toLowerCase()),
      3,
      accepts,
    )) {
      const verdict = judgeNote(older, newer);
      if (verdict !== null) put(older, newer, verdict);
    }
  }
  return done;
}

/** The statement that stands at the end of a row of updates. */
export function latest(statement: Statement): Statement {
  let last = statement;
  while (last.supersededBy !== null) last = last.supersededBy;
  return last;
}

// Against a day, only a day tells what is newer; a note without one was there before all sessions.
function isOlder(older: NoteSentence, newer: Statement): boolean {
  if (older.block.day === null) return true;
  return newer.said[0].at !== null && timeOf(older.block) < newer.order;
}

// "I" of the one user fits every note; "I" of somebody fits what says "I" there, or names them.
function agree(older: NoteSentence, newer: Statement): boolean {
  if (older.subject === newer.subject) return true;
  if (older.subject !== "" && newer.subject !== "") return false;
  const self = (older.subject || newer.subject).slice(3);
  if (self === "user" || slugOf(older.note.path).toLowerCase() === self) return true;
  const named = older.subject === "" ? older.features : newer.features;
  return named.words.some((word) => word.text === self);
}

function selfOf(sentence: NoteSentence): string {
  return sentence.subject === "" ? "" : sentence.subject.slice(3);
}

function judgeNote(older: NoteSentence, newer: Statement): string | null {
  const verdict = judge({
    older: older.features,
    newer: newer.features,
    olderContext: older.context,
    olderText: older.text,
    newerText: newer.text,
    olderSelf: selfOf(older),
    newerSelf: newer.said[0].speaker.toLowerCase(),
    technical: isTechnical(newer),
  });
  if (verdict?.kind !== "supersede" || !mayOverrule(trustOf(newer), older.trust)) return null;
  return verdict.what;
}

function replace(
  draft: Draft,
  sentence: NoteSentence,
  newer: Statement,
  stands: boolean,
  what: string,
  split: SplitSentences,
): void {
  if (stands) draft.splices.set(sentence, "");
  else if (sentence.block.own || sentence.block.day !== null) putLine(draft, sentence, newer, split);
  else draft.splices.set(sentence, inPlace(draft, sentence, newer));
  const since = sentence.block.day === null ? "what the note said" : `the one of ${sentence.block.day}`;
  const day = dayText(newer.said[0].at);
  draft.edits.push({
    kind: "supersede",
    before: sentence.text,
    after: newer.shown,
    reason: `a newer statement of the same ${what}${day === null ? "" : ` (${day})`} replaces ${since}; the old one is kept under History`,
    sources: [...sourcesOf(newer.said), memorySource(sentence)],
  });
}

// An entry of an earlier dream carries its own day: the newer one gets a line of its own there.
function putLine(draft: Draft, sentence: NoteSentence, newer: Statement, split: SplitSentences): void {
  draft.splices.set(sentence, "");
  const indent = /^[ \t]*/.exec(
    draft.note?.content.slice(sentence.block.start, sentence.block.start + 64) ?? "",
  )?.[0];
  const entry = entryOf([newer], slugOf(draft.path).toLowerCase(), []);
  const tail = draft.tails.get(sentence.block) ?? [];
  draft.tails.set(sentence.block, [...tail, renderEntry(entry, split, indent)]);
}

// Alone in its list item the sentence gets the label of an entry; inside a paragraph only its source.
function inPlace(draft: Draft, sentence: NoteSentence, newer: Statement): string {
  const alone =
    sentence.block.kind === "item" &&
    draft.note?.sentences.every((other) => other === sentence || other.block !== sentence.block) === true;
  const comment = renderComment(newer.said);
  if (!alone) return newer.shown + comment;
  const speaker = shownSpeaker(newer.said[0].speaker, slugOf(draft.path).toLowerCase());
  return (
    labelFor({ day: dayText(newer.said[0].at), until: null, speaker }, newer.shown) + newer.shown + comment
  );
}

function historyOfNote(sentence: NoteSentence, newer: Statement, split: SplitSentences): string {
  const { day, speaker } = sentence.block;
  return renderEntry(
    { day, until: dayText(newer.said[0].at), speaker, sentences: [sentence.text], said: [], earlier: [] },
    split,
  );
}

/** The history line of a statement that never stood in a note. */
export function historyOfStatement(statement: Statement, fileSubject: string, split: SplitSentences): string {
  const said = statement.said[0];
  const entry: Entry = {
    day: dayText(said.at),
    until: dayText(statement.supersededBy?.said[0].at ?? null),
    speaker: shownSpeaker(said.speaker, fileSubject),
    sentences: [statement.shown],
    said: statement.said,
    earlier: [],
  };
  return renderEntry(entry, split);
}
