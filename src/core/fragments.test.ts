import { describe, expect, test } from "vitest";
import { createFragments, createSieve, type Fragments } from "./fragments.ts";
import { type Block, createBlockReader } from "./passages.ts";

const read = createBlockReader();
const block = (text: string): Block =>
  read(text)[0] ?? { kind: "aside", start: 0, end: 0, label: null, words: [], sentences: [] };
const made = (...texts: string[]): Fragments => {
  const fragments = createFragments(() => true);
  for (const text of texts) fragments.add(block(text), 1);
  return fragments;
};
const found = (fragments: Fragments, text: string, sources: string[] = []) =>
  read(text).flatMap((one) =>
    fragments
      .where(new Set(sources))
      .find(one)
      .map((hit) => hit.fragment),
  );

describe("a fragment is found", () => {
  test.each([
    ["The valve leaks a lot.", "They say that the VALVE leaks, a lot, on Sundays.", 1],
    ["The valve leaks a lot.", "The valve leaks a bit.", 0],
    ["The valve leaks a lot.", "The valves leaks a lot.", 0],
    ["The valve leaks a lots.", "The valve leaks a lot.", 0],
    ["The valve leaks a lot. It is old.", "- 2026-03-02, Maya: The valve leaks a lot. <!-- S1:2 -->", 1],
    ["The valve leaks a lot.", "The valve\n  leaks a lot.", 1],
    ["The valve leaks a lot.", "- The valve leaks\n- a lot", 0],
    ["Hypertransmogrification valves.", "No hypertransmogrification valves here.", 1],
    ["It leaks.", "It leaks.", 1],
    ["It leaks.", "So. It leaks. Now what?", 1],
    ["It leaks.", "It leaks on Sundays.", 0],
    ["It leaks.", "# It leaks", 0],
    ["Leaking.", "- Leaking!", 1],
    ["Leaking.", "- Red. Leaking.", 0],
    ["# Valves", "## Valves", 1],
    ["# Valves", "Valves", 0],
    ["# Valves", "## Valves and pumps", 0],
    ["## History", "## History", 0],
    ["", "It leaks.", 0],
  ])("%j in %j: %i", (said, text, times) => {
    expect(found(made(said), text)).toHaveLength(times);
  });

  test("once where two begin alike", () => {
    const fragments = made("We moved the stand up to ten.", "We moved the stand up to eleven.");
    expect(found(fragments, "We moved the stand up to eleven today.")).toEqual([
      "we moved the stand up to eleven",
    ]);
  });

  test("unless one of the sources that stay says it", () => {
    const fragments = made("The valve leaks a lot.");
    for (const fragment of fragments.said(block("As I said, the valve leaks a lot!"))) {
      fragments.support(fragment, "b");
    }
    expect(found(fragments, "The valve leaks a lot.", ["a"])).toHaveLength(1);
    expect(found(fragments, "The valve leaks a lot.", ["a", "b"])).toHaveLength(0);
  });

  test("unless something that it was written from stays", () => {
    const fragments = made("The valve leaks a lot.");
    const [base = ""] = fragments.said(block("The valve leaks a lot."));
    const [next = ""] = fragments.add(block("Water drips from a valve."), 1, [base]);
    fragments.add(block("The floor is wet from it."), 1, [next]);
    expect(found(fragments, "The floor is wet from it.", ["a"])).toHaveLength(1);
    fragments.support(base, "a");
    expect(found(fragments, "The floor is wet from it.", ["a"])).toHaveLength(0);
    expect(found(fragments, "The floor is wet from it.", ["b"])).toHaveLength(1);
  });
});

test("what is written from itself is found", () => {
  const fragments = createFragments(() => true);
  const text = "Water drips from a valve.";
  fragments.add(block(text), 1, ["water drips from a valve"]);
  expect(found(fragments, text)).toHaveLength(1);
});

test("a sentence is added once, and none with fewer words than asked for", () => {
  const fragments = createFragments(() => true);
  expect(fragments.add(block("Yes. It leaks."), 2)).toEqual(["it leaks"]);
  expect(fragments.add(block("It leaks!"), 2)).toEqual([]);
});

test("a short sentence is a remark, a long one is not", () => {
  const finder = made("No. The valve leaks a lot.").where(new Set());
  expect(finder.isRemark("no")).toBe(true);
  expect(finder.isRemark("yes")).toBe(false);
  expect(finder.isRemark("the valve leaks a lot")).toBe(false);
});

test("a sieve keeps all that was added, and little else", () => {
  const sieve = createSieve();
  const words = Array.from({ length: 2_000 }, (_, index) => `word${index}`);
  sieve.add(block(words.join(" ")));
  for (let from = 0; from + 7 < words.length; from += 50) {
    for (const length of [1, 2, 3, 4, 7]) expect(sieve.mayHold(words.slice(from, from + length))).toBe(true);
  }
  const others = Array.from({ length: 1_000 }, (_, index) => ["word1", `other${index}`]);
  expect(others.filter((run) => sieve.mayHold(run)).length).toBeLessThan(10);
});
