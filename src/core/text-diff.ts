import { diffWordsWithSpace, structuredPatch } from "diff";

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

/** Differences of words are looked for within this many characters of a hunk; more would cost too much and help nobody. */
const wordDiffLengthMax = 20_000;

/**
 * The difference of two texts by words, hunk by hunk under its `@@` line: removed words as `[-so-]`, added ones as
 * `{+so+}`, in the manner of `git diff --word-diff`. Empty for equal texts. For people: a text may itself hold such marks.
 */
export function wordDiff(before: string, after: string): string {
  const { hunks } = structuredPatch("", "", before, after, "", "", { context: contextLines });
  const parts: string[] = [];
  for (const { oldStart, oldLines, newStart, newLines, lines } of hunks) {
    parts.push(`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`);
    parts.push(markWords(sideOf(lines, "-"), sideOf(lines, "+")));
  }
  return parts.join("\n");
}

/** The lines of a hunk that one side has. */
function sideOf(lines: readonly string[], sign: "-" | "+"): string {
  return lines
    .filter((line) => line.startsWith(sign) || line.startsWith(" "))
    .map((line) => line.slice(1))
    .join("\n");
}

function markWords(before: string, after: string): string {
  const small = before.length + after.length <= wordDiffLengthMax;
  const spans = small
    ? diffWordsWithSpace(before, after)
    : [
        { value: before, removed: true, added: false },
        { value: after, removed: false, added: true },
      ];
  return spans
    .map(({ value, added, removed }) => (removed ? `[-${value}-]` : added ? `{+${value}+}` : value))
    .join("");
}

/** A side without lines is told by the line before it, 0 at the start; the library counts it from the line after. */
function range(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}
