import type { Change, Edit } from "../../core/change-set.ts";
import { lowestTrust } from "../../core/session.ts";
import type { Note, NoteBlock, NoteSentence } from "./note.ts";

/** A file as the dream wants it, with why. */
export interface Draft {
  readonly path: string;
  /** What stood there, or null for a new file. */
  readonly note: Note | null;
  content: string;
  /** Nothing is to be written here: all it said stands elsewhere now, or the store protects it from dreams. */
  gone: boolean;
  readonly edits: Edit[];
  /** Texts for sentences of the note, by sentence; "" takes a sentence out. */
  readonly splices: Map<NoteSentence, string>;
  /** Lines to stand behind a block of the note. */
  readonly tails: Map<NoteBlock, string[]>;
}

export interface Drafts {
  /** The draft at a path, made when there is none. */
  at(path: string): Draft;
  has(path: string): boolean;
  /** Whether the store protects the path from dreams. */
  isClosed(path: string): boolean;
  all(): Draft[];
}

export function createDrafts(notes: readonly Note[], isClosed: (path: string) => boolean): Drafts {
  const notesByPath = new Map(notes.map((note) => [note.memory.path, note]));
  const drafts = new Map<string, Draft>();
  return {
    at(path) {
      const known = drafts.get(path);
      if (known !== undefined) return known;
      const note = notesByPath.get(path) ?? null;
      const draft: Draft = {
        path,
        note,
        content: note?.content ?? "",
        gone: isClosed(path),
        edits: [],
        splices: new Map(),
        tails: new Map(),
      };
      drafts.set(path, draft);
      return draft;
    },
    isClosed,
    has: (path) => drafts.has(path) || notesByPath.has(path),
    all: () => [...drafts.values()],
  };
}

/** Puts the new texts into the note. A list item or paragraph that lost all its sentences goes with its line. */
export function applySplices(draft: Draft): void {
  if (draft.note === null || draft.gone || draft.splices.size === 0) return;
  const cuts: { start: number; end: number; text: string }[] = [];
  for (const [block, sentences] of byBlock(draft.note.sentences)) {
    if (!sentences.some((sentence) => draft.splices.has(sentence))) continue;
    const tail = (draft.tails.get(block) ?? []).join("");
    if (sentences.every((sentence) => draft.splices.get(sentence) === "")) {
      const span = tail === "" ? blockSpan(draft.note.content, block) : block;
      cuts.push({ start: span.start, end: span.end, text: tail });
      continue;
    }
    if (tail !== "") cuts.push({ start: block.end, end: block.end, text: tail });
    for (const sentence of sentences) {
      const text = draft.splices.get(sentence);
      if (text === undefined) continue;
      cuts.push({ ...sentenceSpan(draft.note.content, sentence, text), text });
    }
  }
  let content = draft.note.content;
  for (const cut of cuts.sort((a, b) => b.start - a.start)) {
    content = content.slice(0, cut.start) + cut.text + content.slice(cut.end);
  }
  draft.content = content;
}

function byBlock(sentences: readonly NoteSentence[]): Map<NoteBlock, NoteSentence[]> {
  const blocks = new Map<NoteBlock, NoteSentence[]>();
  for (const sentence of sentences) {
    const list = blocks.get(sentence.block);
    if (list === undefined) blocks.set(sentence.block, [sentence]);
    else list.push(sentence);
  }
  return blocks;
}

// A paragraph takes the blank line behind it along, or two would be left.
function blockSpan(content: string, block: NoteBlock): { start: number; end: number } {
  const blank =
    block.kind === "paragraph" ? (/^[ \t]*\r?\n/.exec(content.slice(block.end))?.[0].length ?? 0) : 0;
  return { start: block.start, end: block.end + blank };
}

function sentenceSpan(
  content: string,
  { start, end, block }: NoteSentence,
  text: string,
): { start: number; end: number } {
  if (text !== "") return { start, end };
  let stop = end;
  while (stop < block.end && /[ \t]/.test(content.charAt(stop))) stop += 1;
  if (stop > end) return { start, end: stop };
  let from = start;
  while (from > block.start && /[ \t]/.test(content.charAt(from - 1))) from -= 1;
  return { start: from, end };
}

/** The changes of all drafts that differ from what stood there, sorted by path. */
export function changesOf(drafts: Drafts, reasonOf: (draft: Draft) => string): Change[] {
  const changes: Change[] = [];
  for (const draft of drafts.all()) {
    const { path, note, content, edits } = draft;
    const trust = lowestTrust(edits.flatMap((edit) => edit.sources.map((source) => source.trust)));
    const base = { path, reason: reasonOf(draft), edits, trust, flags: [] };
    if (note === null) {
      if (content !== "") changes.push({ ...base, kind: "create", content });
      continue;
    }
    if (content === note.content) continue;
    const baseVersionId = note.memory.versionId;
    changes.push(
      content === ""
        ? { ...base, kind: "delete", baseVersionId }
        : { ...base, kind: "update", baseVersionId, content },
    );
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
