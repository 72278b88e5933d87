import { structuredPatch } from "diff";

/** Lines of context around each difference. */
const contextLines = 2;

/** The difference of two texts as unified diff lines (`@@`, ` `, `-`, `+`), without a file header; empty for equal texts. */
export function unifiedDiff(before: string, after: string): string {
  const { hunks } = structuredPatch("", "", before, after, "", "", { context: contextLines });
  const lines: string[] = [];
  for (const hunk of hunks) {
    lines.push(`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`, ...hunk.lines);
  }
  return lines.join("\n");
}
