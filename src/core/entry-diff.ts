import type { MemoryEntry } from "./memory.ts";

/** One memory that two heads show differently; null where a head does not have it. */
export interface EntryDifference {
  readonly before: MemoryEntry | null;
  readonly after: MemoryEntry | null;
}

/** The memories, by id, that differ in version between two lists of entries of one store; in the order of `before`, then of `after`. */
export function differingEntries(
  before: readonly MemoryEntry[],
  after: readonly MemoryEntry[],
): EntryDifference[] {
  const byId = new Map(after.map((entry) => [entry.memoryId, entry]));
  const differing: EntryDifference[] = [];
  for (const entry of before) {
    const now = byId.get(entry.memoryId) ?? null;
    byId.delete(entry.memoryId);
    if (now?.versionId !== entry.versionId) differing.push({ before: entry, after: now });
  }
  for (const entry of byId.values()) differing.push({ before: null, after: entry });
  return differing;
}
