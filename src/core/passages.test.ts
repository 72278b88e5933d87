import { describe, expect, test } from "vitest";
import { createBlockReader, wordsOf } from "./passages.ts";

const read = createBlockReader();
const kinds = (text: string) => read(text).map((block) => block.kind);
const sentences = (text: string) =>
  read(text).flatMap((block) => block.sentences.map(({ start, end }) => text.slice(start, end)));

describe("a text is parted into blocks of whole lines", () => {
  test.each([
    ["# Title\n\nA line\nthat goes on.\n\nAnother.\n", ["heading", "paragraph", "paragraph"]],
    ["- one\n  goes on\n- two\n1. three\n* [ ] four\n", ["item", "item", "item", "item"]],
    ["---\ntitle: x\n---\ntext\n", ["aside", "aside", "aside", "paragraph"]],
    ["<!-- a note -->\n| a | b |\n> quoted\n", ["aside", "other", "other"]],
    ["```\ncode\n# no heading\n```\nprose\n", ["other", "other", "other", "other", "paragraph"]],
    ["", []],
    ["\n \n", []],
  ])("%j", (text, expected) => {
    expect(kinds(text)).toEqual(expected);
    const lines = read(text).map(({ start, end }) => text.slice(start, end));
    expect(lines.join("")).toBe(text.replace(/^[ \t]*\r?\n/gm, ""));
  });

  test("with the line ends they have", () => {
    const text = "- one\r\n- two\r\nlast";
    expect(read(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      "- one\r\n",
      "- two\r\nlast",
    ]);
  });
});

describe("sentences", () => {
  test("are those of a block, its mark, label and source left out", () => {
    const text = "- 2026-03-02, until 2026-03-05, Maya: We met. It rained! <!-- S3:12 S4:1 -->\n";
    expect(sentences(text)).toEqual(["We met.", "It rained!"]);
    const [block] = read(text);
    expect(block?.label?.speaker?.text).toBe("Maya");
    expect(text.slice(block?.label?.start, block?.label?.end)).toBe("2026-03-02, until 2026-03-05, Maya: ");
  });

  test("go on over the end of a line", () => {
    expect(sentences("We met\r\nin the hall. It rained.\n")).toEqual([
      "We met\r\nin the hall.",
      "It rained.",
    ]);
  });

  test("without a word are none", () => {
    expect(sentences("!!!\n\nWe met.\n\n...\n")).toEqual(["We met."]);
  });
});

describe("words", () => {
  test.each([
    ["We *moved* it, to TUESDAY!", ["we", "moved", "it", "to", "tuesday"]],
    ["It’s Zoe\u0308's", ["it's", "zoë's"]],
    ["10:30, 4.5 km", ["10", "30", "4", "5", "km"]],
    ["我们 meet", ["我", "们", "meet"]],
    ["", []],
  ])("of %j", (text, expected) => {
    expect(wordsOf(text)).toEqual(expected);
  });

  test("are the same with dates that an engine worked out, and without", () => {
    const words = (text: string) => read(text).flatMap((block) => block.words.map((word) => word.text));
    expect(words("We met last Friday (2026-02-27) at noon.")).toEqual(words("We met last Friday at noon."));
    expect(words("Last week (2026-02-23..2026-03-01) it rained.")).toEqual(words("Last week it rained."));
    expect(words("See (2026 plans).")).toContain("2026");
  });
});
