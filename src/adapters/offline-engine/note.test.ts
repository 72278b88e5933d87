import { describe, expect, test } from "vitest";
import type { EngineMemory } from "../../ports/engine.ts";
import { createDateAppender } from "./dates.ts";
import { applySplices, createDrafts } from "./draft.ts";
import { readNote } from "./note.ts";
import { createSentenceSplitter } from "./sentences.ts";
import { createStemmer } from "./words.ts";

const tools = { split: createSentenceSplitter(), stem: createStemmer(), appendDates: createDateAppender() };
const memory = (path: string): EngineMemory => ({
  path,
  memoryId: "mem_1",
  versionId: "memver_1",
  contentHash: "",
  sizeBytes: 0,
  createdAt: 0,
  updatedAt: 0,
});
const read = (content: string, path = "/a.md") => readNote(memory(path), content, tools);

describe("reading a note", () => {
  test("every sentence stands where its offsets say, across wrapped lines and CRLF", () => {
    const content =
      "# Deploys\r\n\r\nWe deploy on\r\nTuesday. It takes an hour.\r\n\r\n- First: the tests.\r\n";
    const note = read(content);
    expect(note.title).toBe("Deploys");
    expect(note.sentences.map((sentence) => sentence.text)).toEqual([
      "We deploy on Tuesday.",
      "It takes an hour.",
      "First: the tests.",
    ]);
    for (const { start, end, text } of note.sentences) {
      expect(content.slice(start, end).replace(/\s+/g, " ")).toBe(text);
    }
  });

  test("code, tables, front matter and quotes hold no sentences", () => {
    const note = read(
      "---\ntitle: x\n---\n\n```\nWe deploy.\n```\n\n| a | b |\n\n> We quote.\n\nWe speak plainly here.\n",
    );
    expect(note.sentences.map((sentence) => sentence.text)).toEqual(["We speak plainly here."]);
    expect(note.hasOther).toBe(true);
  });

  test("an entry of an earlier dream is told by its comment; its label is no part of the sentence", () => {
    const [sentence] = read("# A\n\n- 2026-03-02, Maya: I moved to York. <!-- S3:12 S4:1 -->\n").sentences;
    expect(sentence?.text).toBe("I moved to York.");
    expect(sentence?.subject).toBe("me:maya");
    expect(sentence?.block).toMatchObject({ own: true, day: "2026-03-02", until: null, speaker: "Maya" });
  });

  test("history and insights are told apart from what is true now", () => {
    const note = read(
      "# A\n\n- We use blue.\n\n## History\n\n- until 2026-03-02: We use red.\n\n## Insights\n\n- Blue came up.\n",
    );
    expect(note.sentences.map((sentence) => sentence.block.section)).toEqual(["live", "history", "insights"]);
    expect(note.sentences[1]?.block.until).toBe("2026-03-02");
  });
});

describe("changing a note in place", () => {
  test("only the sentence is replaced; all else stays byte for byte", () => {
    const note = read("Intro   stays.\r\n\r\n*  We use red. We like it.\r\n1. Step one.\r\n");
    const drafts = createDrafts([note], () => false);
    const draft = drafts.at("/a.md");
    const sentence = note.sentences.find((one) => one.text === "We use red.");
    if (sentence !== undefined) draft.splices.set(sentence, "We use blue.");
    applySplices(draft);
    expect(draft.content).toBe("Intro   stays.\r\n\r\n*  We use blue. We like it.\r\n1. Step one.\r\n");
  });

  test("a list item that lost its only sentence goes with its line", () => {
    const note = read("# A\n\n- One is here.\n- Two is here.\n");
    const draft = createDrafts([note], () => false).at("/a.md");
    const [first] = note.sentences;
    if (first !== undefined) draft.splices.set(first, "");
    applySplices(draft);
    expect(draft.content).toBe("# A\n\n- Two is here.\n");
  });
});
