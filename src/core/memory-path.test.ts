import { normalize } from "node:path/posix";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "./limits.ts";
import { ancestorsOf, checkPath } from "./memory-path.ts";

const segment = fc
  .string({ unit: fc.constantFrom(..."azAZ09 _.-äßλ日😀"), minLength: 1, maxLength: 12 })
  .filter((text) => text !== "." && text !== "..");
const canonical = fc
  .array(segment, { minLength: 1, maxLength: limits.pathSegments })
  .map((segments) => `/${segments.join("/")}`);

describe("a path", () => {
  test("that is canonical is accepted", () => {
    fc.assert(
      fc.property(canonical, (path) => {
        expect(() => checkPath("path", path)).not.toThrow();
      }),
    );
  });

  test.each([
    ["", "empty"],
    ["notes.md", 'start with "/"'],
    ["../notes.md", 'start with "/"'],
    ["/", "empty segment"],
    ["/a/", "empty segment"],
    ["/a//b", "empty segment"],
    ["/.", 'segment "."'],
    ["/a/./b", 'segment "."'],
    ["/..", 'segment ".."'],
    ["/a/../b", 'segment ".."'],
    ["/a\0b", "control"],
    ["/a\nb", "control"],
    ["/a\u007fb", "control"],
    ["/a\u202eb", "control"],
    ["/a\u200bb", "control"],
    ["/a\u2028b", "control"],
    ["/a\ud800b", "control"],
    ["/cafe\u0301.md", "NFC"],
    ["/a".repeat(limits.pathSegments + 1), "at most 20 segments"],
    [`/${"x".repeat(limits.pathBytes)}`, "at most 1024 bytes"],
    [`/${"é".repeat(limits.pathBytes / 2)}`, "at most 1024 bytes"],
  ])("%j is refused, and the message says why", (path, words) => {
    expect(() => checkPath("memories.path", path)).toThrowError(
      expect.objectContaining({
        kind: "invalid_argument",
        message: expect.stringContaining(words),
        details: expect.objectContaining({ field: "memories.path" }),
      }),
    );
  });

  test("at its bounds is accepted: 1,024 bytes, 20 segments", () => {
    expect(() => checkPath("path", `/${"x".repeat(limits.pathBytes - 1)}`)).not.toThrow();
    expect(() => checkPath("path", "/a".repeat(limits.pathSegments))).not.toThrow();
  });

  test("keeps its letter case and dots that hide nothing", () => {
    for (const path of ["/A/a", "/...", "/.hidden", "/a..b", "/a b"]) {
      expect(() => checkPath("path", path)).not.toThrow();
    }
  });

  test("that is accepted names one place below the root, whatever text it was", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("/", ".", "..", "a", "\0", "\u0301", "\ud800"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(hostile, (text) => {
        try {
          checkPath("path", text);
        } catch {
          return;
        }
        expect(normalize(text)).toBe(text);
        expect(text).toMatch(/^(\/[^/]+)+$/);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the ancestors", () => {
  test("of a path are its folders, outermost first", () => {
    expect(ancestorsOf("/a/b/c.md")).toEqual(["/a", "/a/b"]);
    expect(ancestorsOf("/a.md")).toEqual([]);
  });

  test("are one fewer than its segments, and each is an ancestor of the next", () => {
    fc.assert(
      fc.property(canonical, (path) => {
        const chain = [...ancestorsOf(path), path];
        expect(chain).toHaveLength(path.split("/").length - 1);
        for (const [index, ancestor] of chain.entries()) {
          if (index > 0) expect(ancestor.startsWith(`${chain[index - 1]}/`)).toBe(true);
        }
      }),
    );
  });
});
