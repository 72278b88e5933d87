import type { Drafts } from "./draft.ts";
import { memorySource } from "./entry.ts";
import { createNearIndex } from "./merge.ts";
import { type Note, type NoteSentence, slugOf } from "./note.ts";
import type { Pace } from "./pace.ts";

// Shorter ones ("Owner: Priya.") mean what stands around them.
const stemsMin = 4;
const labelled = /^[^.:]{1,32}:\s/;
const pointsBack =
  /^(?:it|its|this|that|these|those|they|them|he|she|his|her|also|then|however|but|so|and|because|otherwise|instead|both|either|there)\b/i;

/**
 * Takes out of the notes what another place says already: the oldest note keeps its place, with the newest wording. Steps, tasks,
 * labels and sentences that their neighbours lean on are left alone. Answers how many were taken out.
 */
export async function mergeNotes(notes: readonly Note[], drafts: Drafts, pace: Pace): Promise<number> {
  const index = createNearIndex<NoteSentence>();
  const worded = new Map<NoteSentence, NoteSentence>();
  const oldestFirst = [...notes].sort(
    (a, b) =>
      a.memory.createdAt - b.memory.createdAt ||
      slugOf(a.memory.path).length - slugOf(b.memory.path).length ||
      (a.memory.path < b.memory.path ? -1 : 1),
  );
  let merged = 0;
  const whole = new Map<string, Note>();
  for (const note of oldestFirst) {
    const copied = copyOf(note, whole);
    if (copied !== null) {
      removeCopy(note, copied, drafts);
      merged += 1;
      continue;
    }
    for (const [position, sentence] of note.sentences.entries()) {
      await pace.step();
      if (!mayMerge(sentence)) continue;
      const kept = index.find(sentence);
      if (kept === null) {
        index.add(sentence);
        continue;
      }
      if (!mayTakeOut(note, position)) continue;
      takeOut(sentence, kept, drafts);
      merged += 1;
      const wording = worded.get(kept) ?? kept;
      if (sentence.features.key !== wording.features.key && isNewer(sentence, wording))
        worded.set(kept, sentence);
    }
  }
  for (const [kept, newest] of worded) reword(kept, newest, drafts);
  removeEmptied(drafts);
  return merged;
}

// The order of what it says does not matter, everything else does.
function copyOf(note: Note, whole: Map<string, Note>): Note | null {
  if (note.hasOther || note.sentences.length === 0) return null;
  const key = note.sentences
    .map(({ block, features }) => [block.heading, block.section, features.key, features.dates].join("\n"))
    .sort()
    .join("\n");
  const known = whole.get(key);
  if (known === undefined) whole.set(key, note);
  return known ?? null;
}

function removeCopy(note: Note, kept: Note, drafts: Drafts): void {
  const draft = drafts.at(note.memory.path);
  draft.content = "";
  draft.gone = true;
  draft.edits.push({
    kind: "merge",
    before: note.sentences.map((sentence) => sentence.text).join(" "),
    after: null,
    reason: `all it says is said in ${kept.memory.path}, which is older; it is kept there, once`,
    sources: [...kept.sentences, ...note.sentences].slice(0, 12).map(memorySource),
  });
}

function mayMerge({ block, features, text }: NoteSentence): boolean {
  return (
    block.section === "live" &&
    (block.kind === "item" || block.kind === "paragraph") &&
    features.stems.length >= stemsMin &&
    !labelled.test(text) &&
    !pointsBack.test(text)
  );
}

function mayTakeOut(note: Note, position: number): boolean {
  const sentence = note.sentences[position];
  const next = note.sentences[position + 1];
  // "Hold: seats not paid yet. They expire after a while." belongs together.
  const first = note.sentences.find((other) => other.block === sentence?.block);
  if (first !== sentence && labelled.test(first?.text ?? "")) return false;
  if (sentence === undefined || next === undefined) return sentence !== undefined;
  if (next.block === sentence.block) return !pointsBack.test(next.text);
  // What is indented below it would lose its parent.
  return indentOf(note, next.block.start) <= indentOf(note, sentence.block.start);
}

function indentOf(note: Note, start: number): number {
  return /^[ \t]*/.exec(note.content.slice(start, start + 64))?.[0].length ?? 0;
}

function isNewer(sentence: NoteSentence, wording: NoteSentence): boolean {
  const [a, b] = [sentence.block.day ?? "", wording.block.day ?? ""];
  if (a !== b && a !== "" && b !== "") return a > b;
  if (sentence.note.updatedAt !== wording.note.updatedAt)
    return sentence.note.updatedAt > wording.note.updatedAt;
  return false;
}

function takeOut(sentence: NoteSentence, kept: NoteSentence, drafts: Drafts): void {
  const draft = drafts.at(sentence.note.path);
  draft.splices.set(sentence, "");
  const where = kept.note.path === sentence.note.path ? "further up in this file" : `in ${kept.note.path}`;
  draft.edits.push({
    kind: "merge",
    before: sentence.text,
    after: null,
    reason: `the same is said ${where}; it is kept there, once`,
    sources: [memorySource(kept), memorySource(sentence)],
  });
}

function reword(kept: NoteSentence, newest: NoteSentence, drafts: Drafts): void {
  const draft = drafts.at(kept.note.path);
  draft.splices.set(kept, newest.text);
  draft.edits.push({
    kind: "merge",
    before: kept.text,
    after: newest.text,
    reason: `${newest.note.path} says the same in newer words; the place stays, the newer wording is kept`,
    sources: [memorySource(newest), memorySource(kept)],
  });
}

// A note of which only headings would be left goes as a whole: all it said stands elsewhere.
function removeEmptied(drafts: Drafts): void {
  for (const draft of drafts.all()) {
    const { note, splices } = draft;
    if (draft.gone || note === null || note.hasOther || note.sentences.length === 0) continue;
    if (note.sentences.some((sentence) => splices.get(sentence) !== "")) continue;
    draft.content = "";
    draft.gone = true;
  }
}
