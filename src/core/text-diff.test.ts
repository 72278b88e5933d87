import { applyPatch } from "diff";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unifiedDiff, wordDiff } from "./text-diff.ts";

describe("a unified diff", () => {
  test("of equal texts is empty", () => {
    expect(unifiedDiff("a\nb\n", "a\nb\n")).toBe("");
  });

  test("has minus and plus lines between two lines of context, and no file header", () => {
    const before = "1\n2\n3\nold\n5\n6\n7\n";
    expect(unifiedDiff(before, before.replace("old", "new"))).toBe(
      "@@ -2,5 +2,5 @@\n 2\n 3\n-old\n+new\n 5\n 6",
    );
  });

  test("of a new and of a deleted text has one sign only", () => {
    expect(unifiedDiff("", "a\nb\n")).toBe("@@ -0,0 +1,2 @@\n+a\n+b");
    expect(unifiedDiff("a\nb\n", "")).toBe("@@ -1,2 +0,0 @@\n-a\n-b");
  });

  test("says when only the line end at the end differs", () => {
    expect(unifiedDiff("a", "a\n")).toContain("\\ No newline at end of file");
  });

  test("applied to the text before gives the text after", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "", "-x", "+y", "@@ z"), { maxLength: 12 })
      .map((lines) => lines.map((line) => `${line}\n`).join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(before !== after);
        expect(applyPatch(before, `--- a\n+++ b\n${unifiedDiff(before, after)}\n`)).toBe(after);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a difference by words", () => {
  test("marks what went and what came, and leaves the rest of the lines as they are", () => {
    expect(wordDiff("a\nJonas lives in Lübeck.\nb\n", "a\nJonas lives in Rotterdam now.\nb\n")).toBe(
      "@@ -1,3 +1,3 @@\na\nJonas lives in [-Lübeck-]{+Rotterdam now+}.\nb",
    );
    expect(wordDiff("same\n", "same\n")).toBe("");
  });

  test("without its removals is the text after, without its additions the one before", () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const [old, now] = [`${before.join("\n")}\n`, `${after.join("\n")}\n`];
        const hunks = wordDiff(old, now).replaceAll(/^@@ .* @@$/gm, "");
        const kept = (text: string, mark: RegExp) => text.replaceAll(mark, "$1").split(/\s+/).filter(Boolean);
        const added = hunks.replaceAll(/\[-[\s\S]*?-\]/g, "");
        const removed = hunks.replaceAll(/\{\+[\s\S]*?\+\}/g, "");
        const inText = (words: string[], text: string) => words.every((word) => text.includes(word));
        expect(inText(kept(added, /\{\+([\s\S]*?)\+\}/g), now)).toBe(true);
        expect(inText(kept(removed, /\[-([\s\S]*?)-\]/g), old)).toBe(true);
      }),
    );
  });

  test("of passages that have little in common is the one for the other, at a small cost", () => {
    const passage = (from: number) =>
      Array.from({ length: 3_000 }, (_, index) => `word${from + index}`).join(" ");
    expect(wordDiff(`same\n${passage(0)}\n`, `same\n${passage(10_000)}\n`)).toBe(
      `@@ -1,2 +1,2 @@\nsame\n[-${passage(0)}-]{+${passage(10_000)}+}`,
    );
  });

  test("of lines that only went or only came marks them whole", () => {
    expect(wordDiff("a\nb\nc\n", "a\nc\n")).toBe("@@ -1,3 +1,2 @@\na\n[-b-]\nc");
    expect(wordDiff("a\nc\n", "a\nb\nc\n")).toBe("@@ -1,2 +1,3 @@\na\n{+b+}\nc");
  });
});

const lines = fc.array(fc.stringMatching(/^[abc]( [abc]){0,4}$/), { minLength: 1, maxLength: 8 });
