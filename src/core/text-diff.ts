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

/**
 * Where two passages differ in more than so many words they are shown as one for the other: looking further costs by the
 * square, and the words that are the same by chance help nobody.
 */
const wordEditsMax = 120;

/**
 * The difference of two texts by words, hunk by hunk under its `@@` line: removed words as `[-so-]`, added ones as
 * `{+so+}`, in the manner of `git diff --word-diff`. Empty for equal texts. For people: a text may itself hold such marks.
 */
export function wordDiff(before: string, after: string): string {
  const { hunks } = structuredPatch("", "", before, after, "", "", { context: contextLines });
  const parts: string[] = [];
  for (const { oldStart, oldLines, newStart, newLines, lines } of hunks) {
    parts.push(`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`);
    for (const passage of passagesOf(lines)) {
      parts.push(
        "same" in passage ? passage.same : markWords(passage.before.join("\n"), passage.after.join("\n")),
      );
    }
  }
  return parts.join("\n");
}

type Passage = { readonly same: string } | { readonly before: string[]; readonly after: string[] };

/** A hunk as lines that both have, and runs of lines that differ. */
function passagesOf(lines: readonly string[]): Passage[] {
  const passages: Passage[] = [];
  for (const line of lines) {
    const text = line.slice(1);
    const sign = line.charAt(0);
    // "\\ No newline at end of file" is no line of either.
    if (sign === " ") passages.push({ same: text });
    if (sign !== "-" && sign !== "+") continue;
    const last = passages.at(-1);
    const open = last !== undefined && !("same" in last) ? last : { before: [], after: [] };
    if (open !== last) passages.push(open);
    (sign === "-" ? open.before : open.after).push(text);
  }
  return passages;
}

function markWords(before: string, after: string): string {
  const spans =
    before !== "" && after !== ""
      ? diffWordsWithSpace(before, after, { maxEditLength: wordEditsMax })
      : undefined;
  if (spans === undefined) return `${mark("[-", before, "-]")}${mark("{+", after, "+}")}`;
  return spans
    .map(({ value, added, removed }) =>
      removed ? mark("[-", value, "-]") : added ? mark("{+", value, "+}") : value,
    )
    .join("");
}

function mark(open: string, text: string, close: string): string {
  return text === "" ? "" : open + text + close;
}

/** A side without lines is told by the line before it, 0 at the start; the library counts it from the line after. */
function range(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}
