import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  byteLength,
  checkContent,
  checkLine,
  checkMetadata,
  checkName,
  checkText,
  cutText,
  pageSize,
  textLength,
} from "./check.ts";
import { limits } from "./limits.ts";

function refusal(words: string | RegExp, limit?: number) {
  const details = limit === undefined ? expect.anything() : expect.objectContaining({ limit });
  return expect.objectContaining({
    kind: "invalid_argument",
    message: expect.stringMatching(words),
    details,
  });
}

describe("lengths", () => {
  test("are code points for text and UTF-8 bytes for content", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(textLength(text)).toBe([...text].length);
        expect(byteLength(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });
});

describe("text", () => {
  test("is bounded by code points, so an emoji counts as one", () => {
    expect(() => checkText("instructions", "😀".repeat(10), 10)).not.toThrow();
    expect(() => checkText("instructions", "😀".repeat(11), 10)).toThrowError(
      refusal("^instructions: must be at most 10 characters, has 11$", 10),
    );
  });

  test("with a lone surrogate is refused: it could not come back byte for byte", () => {
    expect(() => checkText("instructions", "a\ud800b", 10)).toThrowError(refusal("well-formed"));
  });

  test("may have lines, a name and a line may not", () => {
    expect(() => checkText("f", "a\nb", 10)).not.toThrow();
    expect(() => checkLine("f", "a\nb", 10)).toThrowError(refusal("control characters"));
    expect(() => checkName("f", "a\tb", 10)).toThrowError(refusal("control characters"));
  });

  test("may be empty as a line, but not as a name", () => {
    expect(() => checkLine("f", "", 10)).not.toThrow();
    expect(() => checkName("f", "", 10)).toThrowError(refusal("must not be empty"));
  });
});

describe("metadata", () => {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "v"]));

  test("at its bounds is accepted", () => {
    const key = "k".repeat(limits.metadataKeyLength);
    expect(() =>
      checkMetadata("metadata", { [key]: "v".repeat(limits.metadataValueLength), other: "" }),
    ).not.toThrow();
    expect(() => checkMetadata("metadata", pairs(limits.metadataPairs))).not.toThrow();
  });

  test.each([
    ["a pair too many", pairs(limits.metadataPairs + 1), "at most 16 pairs, has 17"],
    ["an empty key", { "": "v" }, "must not be empty"],
    ["a key too long", { ["k".repeat(65)]: "v" }, "at most 64"],
    ["a key with a line end", { "a\n": "v" }, "control"],
    ["a value too long", { a: "v".repeat(513) }, "^metadata.a: .*at most 512"],
  ])("with %s is refused", (_, metadata, words) => {
    expect(() => checkMetadata("metadata", metadata)).toThrowError(refusal(words));
  });
});

describe("a page size", () => {
  const bounds = { default: 20, max: 100 };

  test.each([
    [0, 20],
    [1, 1],
    [100, 100],
  ])("of %i gives %i", (requested, size) => {
    expect(pageSize(requested, bounds)).toBe(size);
  });

  test.each([-1, 101])("of %i is refused", (requested) => {
    expect(() => pageSize(requested, bounds)).toThrowError(
      refusal(`must be 1 to 100, or 0 for 20; got ${requested}`, 100),
    );
  });
});

describe("content", () => {
  test("answers with its size in bytes", () => {
    expect(checkContent("content", "né", 3)).toBe(3);
    expect(checkContent("content", "", 3)).toBe(0);
  });

  test("over the bound is too large, and the message has both figures", () => {
    expect(() => checkContent("content", "néé", 4)).toThrowError(
      expect.objectContaining({
        kind: "too_large",
        message: "content: is 5 bytes, more than 4; split it",
        details: { field: "content", limit: 4 },
      }),
    );
  });

  test.each([
    ["NUL", "a\0b"],
    ["well-formed", "\udc00"],
  ])("that cannot be kept byte for byte is refused: %s", (words, text) => {
    expect(() => checkContent("content", text, 100)).toThrowError(refusal(words));
  });
});

test("a text is cut to a bound and never through a character", () => {
  expect(cutText("abc", 3)).toBe("abc");
  expect(cutText("abcd", 3)).toBe("abc");
  expect(cutText("ab🌙", 3)).toBe("ab");
  expect(cutText("a🌙b", 3)).toBe("a🌙");
});
