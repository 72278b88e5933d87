import { applyPatch } from "diff";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "./text-diff.ts";

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
