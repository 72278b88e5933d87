/** What commands tell of an export. */
import { type RecordKind, recordKinds } from "../core/transfer.ts";
import type { CheckedExport } from "./files/check-export.ts";
import { count } from "./output.ts";
import { bytesText } from "./words.ts";

const told: readonly (readonly [kind: RecordKind, one: string])[] = [
  ["store", "store"],
  ["version", "version"],
  ["session", "session"],
  ["dream", "dream"],
];

/** `2 stores, 5 versions, 3 sessions and 4 dreams in 120 lines, 1.2 MB`. */
export function exportText({ counts, lines, bytes }: CheckedExport): string {
  const things = told.map(([kind, one]) => count(counts[kind], one));
  const last = things.pop() ?? "";
  return `${things.join(", ")} and ${last} in ${count(lines, "line")}, ${bytesText(bytes)}`;
}

/** For programs: what is in the file. */
export function exportJson(file: string, { counts, lines, bytes, hash, isComplete }: CheckedExport) {
  const records = recordKinds.reduce((sum, kind) => sum + counts[kind], 0);
  return { file, lines, bytes, records, counts, hash, complete: isComplete };
}
