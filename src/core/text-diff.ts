import { structuredPatch } from "diff";

/** Lines of context around each difference. */
const contextLines = 2;

/** The difference of two texts as unified diff lines (`@@`, ` `, `-`, `+`), without a file header; empty for equal texts. */
export function unifiedDiff(before: string, after: string): string {
  const { hunks } = structuredPatch("", "", before, after, "", "", { context: contextLines });
  const lines: string[] = [];
  for (const { oldStart, oldLines, newStart, newLines, lines: changed } of hunks) {
    lines.push(`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`, ...changed);
  }
  return lines.join("\n");
}

/** A side without lines is told by the line before it, 0 at the start; the library counts it from the line after. */
function range(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}
