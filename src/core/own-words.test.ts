import { expect, test } from "vitest";
import { createOwnWords } from "./own-words.ts";
import { createBlockReader } from "./passages.ts";

const readBlocks = createBlockReader();

function wordsFor(asked: readonly string[], said: readonly string[], speakers: readonly string[] = []) {
  const words = createOwnWords();
  for (const text of asked) for (const block of readBlocks(text)) words.ask(block);
  for (const text of said) for (const block of readBlocks(text)) words.add(block);
  for (const speaker of speakers) words.addSpeaker(speaker);
  return words;
}

const none = new Set<string>();

test("words of headings and labels are looked for, and no others", () => {
  const asked = ["# Zorblax\n\n- 2026-03-04, Quill: My friend Ostrander came.\n"];
  const words = wordsFor(asked, ["I met Zorblax with Quill and Ostrander."]);
  expect([...words.where(none)]).toEqual([
    ["zorblax", true],
    ["quill", true],
  ]);
});

test.each([
  ["written large inside a sentence", ["I met Quill."], [], true],
  ["only at the start of one", ["Quill came."], [], false],
  ["written small somewhere", ["I met Quill.", "a quill is a feather"], [], false],
  ["of who speaks, though written small somewhere", ["a quill is a feather"], ["Quill"], true],
  ["of nobody", [], ["user"], null],
])("a word is a name: %s", (_name, said, speakers, isName) => {
  const words = wordsFor(["# Quill"], said, speakers);
  expect(words.where(none).get("quill") ?? null).toBe(isName);
});

test("a number plate is a name, a number is none", () => {
  const words = wordsFor(["# xk77 and 2026"], ["the plate is xk77 since 2026"]);
  expect(Object.fromEntries(words.where(none))).toEqual({ xk77: true, and: undefined, 2026: false });
});

test("a path shows the parts of a name apart", () => {
  const words = createOwnWords();
  words.askName("/people/sean-o-neil.md");
  words.addSpeaker("Sean O'Neil");
  expect([...words.where(none).keys()]).toEqual(["sean", "o", "neil"]);
});

test("what a source has that stays is not its own", () => {
  const words = wordsFor(["# Quill"], ["I met Quill."]);
  for (const block of readBlocks("We know quill."))
    for (const word of words.said(block)) words.support(word, "b");
  expect(words.where(new Set(["a"])).has("quill")).toBe(true);
  expect(words.where(new Set(["b"])).has("quill")).toBe(false);
  expect(words.saidName("/people/quill.md")).toEqual(["quill"]);
});
