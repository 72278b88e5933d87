/** Takes words out of what a dream recorded of a change. */
import { type Edit, type RecordedChange, type Source, textRemovedFlag } from "./change-set.ts";
import { type Erasing, eraseText, holdsOwnName, namesIn } from "./erasure.ts";

export interface ChangeErasing extends Erasing {
  readonly isTarget: (source: Source) => boolean;
  /** Whether the edit has no other reason than what is erased. */
  readonly rests: (edit: Edit) => boolean;
  /** Whether the text with this hash holds words that go. */
  readonly holds: (hash: string) => boolean;
}

/** The change without the hashes of texts that hold such words, which keep them in the storage; itself when it has none. */
export function eraseHashes(change: RecordedChange, { holds }: Pick<ChangeErasing, "holds">): RecordedChange {
  const [before, after] = [change.beforeHash, change.afterHash].map((hash) => hash !== null && holds(hash));
  if (!before && !after) return change;
  return {
    ...change,
    beforeHash: before ? null : change.beforeHash,
    afterHash: after ? null : change.afterHash,
    flags: [...new Set([...change.flags, textRemovedFlag])],
  };
}

/** The change without such words, without sources that are erased, and without paths that went; itself when it has none. */
export function eraseWords(change: RecordedChange, number: number, erasing: ChangeErasing): RecordedChange {
  const edits = change.edits.map((edit) => eraseEdit(edit, change.path, erasing));
  const told = change.edits.filter((edit) => edit.sources.length > 0);
  const rests = told.length > 0 && told.every(erasing.rests);
  const erased = {
    path: erasing.isGone(change.path) ? `/erased-${number}` : change.path,
    toPath:
      change.toPath !== null && erasing.isGone(change.toPath) ? `/erased-${number}-moved` : change.toPath,
    reason: eraseReason(change.reason, change.path, rests, erasing),
  };
  const isSame =
    erased.path === change.path &&
    erased.toPath === change.toPath &&
    erased.reason === change.reason &&
    edits.every((edit, index) => edit === change.edits[index]);
  return isSame ? change : { ...change, ...erased, edits };
}

function eraseEdit(edit: Edit, path: string, erasing: ChangeErasing): Edit {
  const sources = edit.sources
    .filter((source) => !erasing.isTarget(source))
    .map((source) => eraseSource(source, erasing));
  const erased = {
    before: wordsLeft(edit.before, path, erasing),
    after: wordsLeft(edit.after, path, erasing),
    reason: eraseReason(edit.reason, path, erasing.rests(edit), erasing),
  };
  const isSame =
    erased.before === edit.before &&
    erased.after === edit.after &&
    erased.reason === edit.reason &&
    sources.length === edit.sources.length &&
    sources.every((source, index) => source === edit.sources[index]);
  return isSame ? edit : { ...edit, ...erased, sources };
}

function eraseSource(source: Source, erasing: Erasing): Source {
  if (source.kind === "event") return source;
  const quote = holdsWords(source.quote, source.path, erasing) ? "" : source.quote;
  const path = erasing.isGone(source.path) ? "/erased" : source.path;
  return quote === source.quote && path === source.path ? source : { ...source, quote, path };
}

/** null when nothing is left. */
function wordsLeft(text: string | null, path: string, erasing: Erasing): string | null {
  if (text === null) return null;
  const erased = eraseText(text, path, erasing);
  if (erased.lines === 0) return text;
  const left = erased.text.trim();
  return erased.isEmpty || left === "" ? null : left;
}

function eraseReason(reason: string, path: string, rests: boolean, erasing: Erasing): string {
  return rests || holdsWords(reason, path, erasing) ? "" : reason;
}

/** Whether words of the text go, or a name in it that nothing else says. */
export function holdsWords(text: string, path: string, erasing: Erasing): boolean {
  return eraseText(text, path, erasing).lines > 0 || holdsOwnName(namesIn(text), erasing);
}
