import { describe, expect, test } from "vitest";
import { limits } from "../core/limits.ts";
import { planImport } from "./store-import-plan.ts";

const note = (path: string, content = "x") => ({ path, content });
const sha256 = (text: string) => `hash of ${text}`;
const stored = (path: string, content = "x", size = 1) => ({
  id: `mem_${path}`,
  path,
  contentSha256: sha256(content),
  contentSizeBytes: BigInt(size),
});

describe("an import", () => {
  test("writes what is new or differs, and leaves what is the same", () => {
    const plan = planImport(
      [note("/a.md"), note("/b.md", "new"), note("/c.md")],
      [stored("/b.md", "old"), stored("/c.md"), stored("/d.md")],
      { sha256, deleteMissing: false },
    );
    expect(plan).toEqual({
      created: [note("/a.md")],
      changed: [note("/b.md", "new")],
      unchanged: 1,
      missing: [],
    });
  });

  test("that deletes what is missing deletes that alone", () => {
    const plan = planImport([note("/c.md")], [stored("/c.md"), stored("/d.md")], {
      sha256,
      deleteMissing: true,
    });
    expect(plan).toEqual({ created: [], changed: [], unchanged: 1, missing: [stored("/d.md")] });
  });

  const many = Array.from({ length: limits.memoriesPerStore }, (_, number) => stored(`/${number}.md`));

  test.each([
    ["more memories than a store may have", [note("/new.md")], many, "10001 memories, more than the 10000"],
    [
      "more text than a store may have",
      [note("/new.md", "yy")],
      [stored("/a.md", "a", limits.storeBytes - 1)],
      "104857601 bytes of text, more than the 104857600",
    ],
    [
      "a memory where a folder is",
      [note("/a.md")],
      [stored("/a.md/b.md")],
      '"/a.md" and "/a.md/b.md" of the store',
    ],
    [
      "a folder where a memory is",
      [note("/a.md/b.md")],
      [stored("/a.md")],
      '"/a.md/b.md" and "/a.md" of the store',
    ],
  ])("that would give %s is refused", (_, notes, before, message) => {
    expect(() => planImport(notes, before, { sha256, deleteMissing: false })).toThrow(message);
    // What goes makes room for what comes.
    const plan = planImport(notes, before, { sha256, deleteMissing: true });
    expect(plan.missing).toHaveLength(before.length);
  });

  test("of the same notes into a full store changes nothing", () => {
    const notes = many.map(({ path }) => note(path));
    expect(planImport(notes, many, { sha256, deleteMissing: false }).unchanged).toBe(many.length);
  });
});
