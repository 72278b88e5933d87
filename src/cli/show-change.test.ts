import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ChangeKind, DreamChangeSchema, EditKind } from "../../gen/dream/v1/dream_pb.ts";
import { createOutput } from "./output.ts";
import { type ShowChangeOptions, writeChange } from "./show-change.ts";

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
const green = (text: string) => `\u001b[32m${text}\u001b[39m`;

const change = {
  kind: ChangeKind.UPDATE,
  path: "/a.md",
  edits: [{ kind: EditKind.REPLACE, before: "old words", after: "new words", reason: "It was said." }],
  unifiedDiff: "@@ -1,1 +1,1 @@\n-old words\n+new words",
  wordDiff: "@@ -1,1 +1,1 @@\nThe [-old-]{+new+} words",
  applied: true,
};

/** The change as it is shown, on a terminal of 60 columns or in a pipe. */
function shown(
  init: MessageInitShape<typeof DreamChangeSchema>,
  options: ShowChangeOptions = {},
  isTTY = false,
): string {
  let text = "";
  const write = (part: string) => {
    text += part;
  };
  writeChange(
    createOutput({ isTTY, columns: 60, write }, { color: true }),
    create(DreamChangeSchema, init),
    options,
  );
  return text;
}

describe("a change by words", () => {
  test("shows what went in red, what came in green, and why", () => {
    const text = shown(change, { words: true }, true);
    expect(text).toContain(`  The ${red("[-old-]")}${green("{+new+}")} words\n`);
    expect(text).toContain("why (replace): It was said.");
    expect(text).not.toContain("- old words");
  });

  test("has its marks without colours, too", () => {
    const text = shown(change, { words: true });
    expect(text).toContain("  The [-old-]{+new+} words\n");
    expect(text).not.toContain("\u001b");
  });

  test("keeps its colour over the ends of lines, and no further than to the next hunk", () => {
    const long = Array.from({ length: 20 }, (_, number) => `word${number}`).join(" ");
    const wordDiff = `{+one\n${long}+}\nplain\n@@ -1,1 +1,1 @@\n[-never closed\n@@ -9,1 +9,1 @@\nplain again`;
    const lines = shown({ ...change, edits: [], wordDiff }, { words: true }, true).split("\n");
    expect(lines.filter((line) => line.includes("word")).length).toBeGreaterThan(1);
    for (const line of lines.filter((one) => one.includes("word"))) {
      expect(line.startsWith("  \u001b[32m")).toBe(true);
    }
    expect(lines).toContain("  plain");
    expect(lines).toContain(`  ${red("[-never closed")}`);
    expect(lines).toContain("  plain again");
  });

  test("cannot steer the terminal", () => {
    expect(shown({ ...change, wordDiff: "{+\u001b[2J+}" }, { words: true })).not.toContain("\u001b");
  });

  test("is shown by lines where there is no difference by words, or lines are wanted", () => {
    expect(shown({ ...change, wordDiff: "" }, { words: true })).toContain("  - old words\n  + new words\n");
    expect(shown(change)).toContain("  - old words\n  + new words\n      why: It was said.\n");
  });
});

test.each([
  [{ conflict: true, applied: false }, "left alone: changed by somebody else meanwhile"],
  [{ flags: ["protected_path"], applied: false }, "not applied: protected path"],
  [{ flags: ["text_removed"], wordDiff: "", unifiedDiff: "" }, "its text was removed since"],
  [{ flags: ["unseen_number"] }, "unseen_number"],
])("a change with %j says so", (more, words) => {
  expect(shown({ ...change, ...more }).split("\n")[0]).toContain(words);
});
