import { invalidArgument, ReveriedError } from "./errors.ts";
import { limits } from "./limits.ts";
import { comparePaths, type MemoryEntry } from "./memory.ts";
import { ancestorsOf, checkPath } from "./memory-path.ts";
import type { Trust } from "./session.ts";

/** Where a claim comes from, with the words it rests on. */
export type Source =
  | {
      readonly kind: "event";
      readonly sessionId: string;
      readonly eventNumber: number;
      readonly eventId: string;
      readonly speaker: string;
      /** When it was said, Unix milliseconds, or null. */
      readonly at: number | null;
      readonly trust: Trust;
      readonly quote: string;
    }
  | {
      readonly kind: "memory";
      readonly path: string;
      readonly memoryId: string;
      readonly versionId: string;
      readonly trust: Trust;
      readonly quote: string;
    };

/** One difference inside a memory, of about a sentence or an entry. */
export interface Edit {
  readonly kind: "add" | "remove" | "replace" | "merge" | "supersede" | "move";
  readonly before: string | null;
  readonly after: string | null;
  /** Why, in a sentence. */
  readonly reason: string;
  readonly sources: readonly Source[];
}

interface ChangeBase {
  readonly reason: string;
  readonly edits: readonly Edit[];
  /** The lowest trust of all sources. */
  readonly trust: Trust;
  /** Words a reader should be warned by, e.g. `unseen_number`; empty when all is well. */
  readonly flags: readonly string[];
}

/** What an engine proposes. `baseVersionId` is the version it read, as the input store shows it. */
export type Change = ChangeBase &
  (
    | { readonly kind: "create"; readonly path: string; readonly content: string }
    | {
        readonly kind: "update";
        readonly path: string;
        readonly baseVersionId: string;
        readonly content: string;
      }
    | { readonly kind: "delete"; readonly path: string; readonly baseVersionId: string }
    | {
        readonly kind: "rename";
        readonly path: string;
        readonly toPath: string;
        readonly baseVersionId: string;
      }
  );

/** A change as it is kept with the dream: texts by hash, and whether it was applied. */
export interface RecordedChange extends ChangeBase {
  readonly kind: Change["kind"];
  readonly path: string;
  readonly toPath: string | null;
  readonly beforeHash: string | null;
  readonly afterHash: string | null;
  /** The version the engine read, as the input store shows it; null for a created memory. */
  readonly baseVersionId: string | null;
  /** Somebody else changed the memory since the engine read it; theirs stayed. */
  readonly conflict: boolean;
}

/** The flag of a change that was not applied because its store protects the path. */
export const protectedFlag = "protected_path";

/** The flag of a change of which a text is no longer there: redacted or erased. */
export const textRemovedFlag = "text_removed";

/** A write into a store, from a person or from a change set. */
export type EntryWrite =
  | { readonly kind: "put"; readonly path: string; readonly entry: MemoryEntry }
  | { readonly kind: "remove"; readonly path: string };

export interface PartedChanges {
  readonly applicable: readonly Change[];
  readonly conflicting: readonly Change[];
}

/**
 * Parts the changes by whether each still applies to a store as it is now. `base` and `current` answer with the version
 * at a path, or null: in the head the engine read, and in the head to write. A change that is in `current` already
 * (its version is one this dream makes, or what it deletes is gone) applies: doing it again changes nothing.
 */
export function rebase(
  changes: readonly Change[],
  heads: {
    readonly base: (path: string) => string | null;
    readonly current: (path: string) => string | null;
    readonly isOwn: (path: string, version: string) => boolean;
  },
): PartedChanges {
  const stands = (path: string): boolean => {
    const current = heads.current(path);
    return current === heads.base(path) || (current !== null && heads.isOwn(path, current));
  };
  const applies = (change: Change): boolean => {
    if (change.kind === "delete") return heads.current(change.path) === null || stands(change.path);
    if (change.kind !== "rename") return stands(change.path);
    const moved = heads.current(change.toPath);
    if (moved !== null && heads.isOwn(change.toPath, moved)) return heads.current(change.path) === null;
    return stands(change.path) && stands(change.toPath);
  };
  return { applicable: changes.filter(applies), conflicting: changes.filter((change) => !applies(change)) };
}

/**
 * Refuses a change set that no engine may return: bad paths, texts over the bound, two changes of one path, a new memory
 * where another new one needs a folder.
 */
export function checkChanges(changes: readonly Change[], sizeBytes: (text: string) => number): void {
  if (changes.length > limits.changesPerDream) {
    throw new ReveriedError(
      "too_large",
      `the engine made ${changes.length} changes, more than ${limits.changesPerDream}`,
      {
        details: { field: "changes", limit: limits.changesPerDream },
      },
    );
  }
  const touched = new Set<string>();
  for (const change of changes) {
    checkEdits(change);
    for (const path of change.kind === "rename" ? [change.path, change.toPath] : [change.path]) {
      checkPath("changes.path", path);
      if (touched.has(path))
        throw invalidArgument("changes.path", `${JSON.stringify(path)} is changed twice`);
      touched.add(path);
    }
    if (change.kind === "create" || change.kind === "update") {
      const size = sizeBytes(change.content);
      if (size > limits.memoryContentBytes) throw contentTooLarge(change.path, size);
    }
  }
  const made = new Set(changes.flatMap(madePath));
  for (const path of made) {
    const folder = ancestorsOf(path).find((ancestor) => made.has(ancestor));
    if (folder !== undefined) {
      const both = `${JSON.stringify(folder)} and ${JSON.stringify(path)}`;
      throw invalidArgument("changes.path", `${both}: one would be a folder of the other`);
    }
  }
}

/** A change is kept as one record, which must not outgrow what a storage takes. */
function checkEdits({ path, edits }: Change): void {
  const most = edits.reduce((max, { sources }) => Math.max(max, sources.length), 0);
  if (edits.length <= limits.editsPerChange && most <= limits.sourcesPerEdit) return;
  throw new ReveriedError(
    "too_large",
    `the engine made ${edits.length} edits of ${JSON.stringify(path)}, one with ${most} sources; at most ${limits.editsPerChange} edits with ${limits.sourcesPerEdit} sources each are kept`,
    { details: { field: "changes.edits", limit: limits.editsPerChange } },
  );
}

/** The path at which a change makes a memory; none for one that makes none. */
function madePath(change: Change): string[] {
  if (change.kind === "create") return [change.path];
  return change.kind === "rename" ? [change.toPath] : [];
}

/**
 * Refuses changes that do not fit what the engine read, as `read` tells it by path: they would overwrite a memory that
 * nobody looked at, or change one that was never there.
 */
export function checkAgainstInput(changes: readonly Change[], read: { has(path: string): boolean }): void {
  for (const change of changes) {
    const [made] = madePath(change);
    if (made !== undefined && read.has(made)) {
      throw invalidArgument("changes.path", `${JSON.stringify(made)} is there already; update it instead`);
    }
    if (change.kind !== "create" && !read.has(change.path)) {
      throw invalidArgument(
        "changes.path",
        `there is no memory ${JSON.stringify(change.path)} to ${change.kind}`,
      );
    }
  }
}

export function contentTooLarge(path: string, size: number): ReveriedError {
  return new ReveriedError(
    "too_large",
    `content of ${JSON.stringify(path)} is ${size} bytes, more than the ${limits.memoryContentBytes} a memory may have; split it`,
    { details: { field: "content", limit: limits.memoryContentBytes } },
  );
}

/** A path may not be a memory and a folder at once. Answers with the path in the way, or null. `paths` are all of a store. */
export function ancestorConflict(
  path: string,
  paths: { has(path: string): boolean },
  sorted: readonly string[],
): string | null {
  for (const ancestor of ancestorsOf(path)) if (paths.has(ancestor)) return ancestor;
  const below = `${path}/`;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePaths(sorted[middle] ?? "", below) < 0) low = middle + 1;
    else high = middle;
  }
  const first = sorted[low];
  return first?.startsWith(below) ? first : null;
}
