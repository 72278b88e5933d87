/** What an import does to a store, decided before anything is written. Pure. */
import type { Memory } from "../../gen/dream/v1/memory_store_pb.ts";
import { ancestorConflict } from "../core/change-set.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { comparePaths } from "../core/memory.ts";
import type { Note } from "./files/notes.ts";

/** What is asked of a memory that is there. */
export type StoredEntry = Pick<Memory, "id" | "path" | "contentSha256" | "contentSizeBytes">;

export interface ImportPlan {
  readonly created: readonly Note[];
  readonly changed: readonly Note[];
  /** Notes whose text is there already. */
  readonly unchanged: number;
  /** Memories without a note that are to be deleted. */
  readonly missing: readonly StoredEntry[];
}

/**
 * Compares the notes with the memories of a store. Throws when the store would have more than it may, or a path would be
 * a memory and a folder at once, naming what is in the way: the server would say so only once a part was written.
 */
export function planImport(
  notes: readonly Note[],
  stored: readonly StoredEntry[],
  options: { readonly sha256: (text: string) => string; readonly deleteMissing: boolean },
): ImportPlan {
  const byPath = new Map(stored.map((entry) => [entry.path, entry]));
  const own = new Set(notes.map(({ path }) => path));
  const missing = options.deleteMissing ? stored.filter(({ path }) => !own.has(path)) : [];
  const gone = new Set(missing.map(({ path }) => path));
  const staying = stored.filter(({ path }) => !own.has(path) && !gone.has(path));
  checkSize(notes, staying);
  const created = notes.filter(({ path }) => !byPath.has(path));
  checkFolders(created, [...own, ...staying.map(({ path }) => path)]);
  const there = notes.filter(({ path }) => byPath.has(path));
  const changed = there.filter(
    ({ path, content }) => byPath.get(path)?.contentSha256 !== options.sha256(content),
  );
  return { created, changed, unchanged: there.length - changed.length, missing };
}

function checkSize(notes: readonly Note[], staying: readonly StoredEntry[]): void {
  const total = notes.length + staying.length;
  if (total > limits.memoriesPerStore) {
    throw tooMuch(`${total} memories, more than the ${limits.memoriesPerStore} it may have`);
  }
  const own = notes.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  const bytes = staying.reduce((sum, { contentSizeBytes }) => sum + Number(contentSizeBytes), own);
  if (bytes > limits.storeBytes) {
    throw tooMuch(`${bytes} bytes of text, more than the ${limits.storeBytes} it may have`);
  }
}

function tooMuch(what: string): ReveriedError {
  return new ReveriedError("too_large", `the store would have ${what}; nothing was written`);
}

function checkFolders(created: readonly Note[], all: readonly string[]): void {
  const sorted = all.toSorted(comparePaths);
  const paths = new Set(all);
  for (const { path } of created) {
    const blocker = ancestorConflict(path, paths, sorted);
    if (blocker === null) continue;
    throw new ReveriedError(
      "conflict",
      `${JSON.stringify(path)} and ${JSON.stringify(blocker)} of the store: one would be a folder of the other; nothing was written`,
    );
  }
}
