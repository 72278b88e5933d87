import { describe, expect, test } from "vitest";
import { type Erasing, eraseText, type Rewording } from "./erasure.ts";
import { createFragments } from "./fragments.ts";
import { createBlockReader } from "./passages.ts";

const readBlocks = createBlockReader();

interface Given {
  readonly said?: readonly string[];
  readonly own?: Record<string, boolean>;
  readonly gone?: readonly string[];
  readonly rewordings?: Record<string, Rewording>;
}

function erasing({ said = [], own = {}, gone = [], rewordings = {} }: Given): Erasing {
  const fragments = createFragments(() => true);
  for (const text of said) for (const block of readBlocks(text)) fragments.add(block, 1);
  return {
    readBlocks,
    fragments: fragments.where(new Set()),
    ownWords: new Map(Object.entries(own)),
    rewordings: new Map(Object.entries(rewordings)),
    isGone: (path) => gone.includes(path),
  };
}

const valve = "The valve leaks a lot.";
const erase = (text: string, given: Given, path = "/a.md") => eraseText(text, path, erasing(given));

describe("what goes is taken out, and nothing beside it", () => {
  test.each([
    ["an entry", `# T\n\n- ${valve} <!-- S1:2 -->\n- It is red.\n`, "# T\n\n- It is red.\n", 1],
    ["with its line's end", `- It is red.\r\n- ${valve}\r\n- Blue.\r\n`, "- It is red.\r\n- Blue.\r\n", 1],
    ["at the end of the text", `- It is red.\n- ${valve}`, "- It is red.\n", 1],
    ["a first sentence", `- ${valve} It is red.\n`, "- It is red.\n", 1],
    ["a last sentence", `- It is red. ${valve} <!-- S1:2 -->\n`, "- It is red. <!-- S1:2 -->\n", 1],
    ["in the middle", `It is red. ${valve} It is blue.\n`, "It is red. It is blue.\n", 1],
    ["over two lines", "It is red. The valve\nleaks a lot. It is blue.\n", "It is red. It is blue.\n", 2],
    ["a line of a paragraph", `It is red.\n${valve}\nIt is blue.\n`, "It is red.\nIt is blue.\n", 1],
    ["the last of a paragraph", `It is red.\n${valve}\n\nIt is blue.\n`, "It is red.\n\nIt is blue.\n", 1],
    ["code", "```\nthe valve leaks a lot\n```\nIt is red.\n", "```\n```\nIt is red.\n", 1],
    ["front matter", `---\nabout: ${valve}\n---\nIt is red.\n`, "---\n---\nIt is red.\n", 1],
    ["nothing", "- It is red.\r\n\r\n\tIndented.\n", "- It is red.\r\n\r\n\tIndented.\n", 0],
  ])("%s", (_name, text, left, lines) => {
    expect(erase(text, { said: [valve] })).toEqual({ text: left, lines, isEmpty: false });
  });

  test("a remark goes with the sentence it stood by, and stays by another", () => {
    const said = [`No. ${valve}`];
    expect(erase(`- No. ${valve}\n- No. It is red.\n- It is blue. ${valve}\n`, { said }).text).toBe(
      "- No. It is red.\n- It is blue.\n",
    );
  });
});

describe("nothing is left", () => {
  test.each([
    `# Title\n\n- ${valve}\n`,
    `${valve}`,
    `---\na: b\n---\n# T\n\n<!-- a note -->\n---\n- ${valve}\n`,
  ])("of %j", (text) => {
    expect(erase(text, { said: [valve] }).isEmpty).toBe(true);
  });

  test.each([`# Title\n\n- ${valve}\n- a\n`, `${valve}\n\n| a |\n`])("but something of %j", (text) => {
    expect(erase(text, { said: [valve] }).isEmpty).toBe(false);
  });

  test("of a text that had nothing, nothing went", () => {
    expect(erase("# Title\n", { said: [valve] })).toEqual({ text: "# Title\n", lines: 0, isEmpty: false });
  });
});

describe("headings", () => {
  test("with a name that nobody else has go", () => {
    const own = { zorblax: true, people: false };
    expect(erase("# Zorblax's people\n\n- It is red.\n", { own: { ...own, "zorblax's": true } }).text).toBe(
      "\n- It is red.\n",
    );
    expect(erase("# People\n\n- It is red.\n", { own }).lines).toBe(0);
  });

  test("by a topic that nobody else has go once nothing is left below them", () => {
    const own = { valves: false, history: false };
    const text = `# T\n\n## Valves\n\n- ${valve}\n\n## Pumps\n\n- ${valve}\n`;
    expect(erase(`${text}- x\n`, { said: [valve], own }).text).toBe("# T\n\n\n\n## Pumps\n\n- x\n");
    expect(erase(`## Valves\n\n- ${valve}\n- x\n`, { said: [valve], own }).text).toBe("## Valves\n\n- x\n");
    expect(erase("- x\n\n## Valves\n", { said: [valve], own }).lines).toBe(0);
    expect(erase(`- x\n\n## Pumps\n\n- ${valve}\n`, { said: [valve], own }).text).toBe("- x\n\n## Pumps\n\n");
  });
});

describe("links", () => {
  const gone = ["/people/zor blax.md", "/x/y/b.md", "/x/c.md"];
  test.each([
    ["/index.md", "- [Z](people/zor%20blax.md): 3 entries\n- x\n", "- x\n"],
    ["/index.md", "- [Z](/people/zor%20blax.md#top)\n- x\n", "- x\n"],
    ["/topics/a.md", "See [Z](../people/zor%20blax.md). It is red.\n", "It is red.\n"],
    ["/topics/a.md", "- [Z](people/zor%20blax.md)\n- x\n", "- x\n"],
    [
      "/index.md",
      "- [Z](https://a.example/people/zor%20blax.md)\n",
      "- [Z](https://a.example/people/zor%20blax.md)\n",
    ],
    ["/x/y/a.md", "- [B](b.md)\n- x\n", "- x\n"],
    ["/x/y/a.md", "- [C](../c.md)\n- x\n", "- x\n"],
    ["/index.md", "- [Z](people/zor%2)\n", "- [Z](people/zor%2)\n"],
    ["/index.md", "- [Z](people/other.md)\n", "- [Z](people/other.md)\n"],
  ])("of %s: %j", (path, text, left) => {
    expect(erase(text, { gone }, path).text).toBe(left);
  });
});

describe("an entry that stays", () => {
  const label = "- 2026-03-04, Zorblax: ";

  test("loses a speaker whom nothing else names", () => {
    const own = { zorblax: true };
    expect(erase(`${label}It is red. <!-- S1:2 -->\n`, { own })).toEqual({
      text: "- 2026-03-04: It is red. <!-- S1:2 -->\n",
      lines: 1,
      isEmpty: false,
    });
    expect(erase(`${label}It is red.\n`, { own: { zorblax: false } }).lines).toBe(0);
  });

  test("takes the words and the label of whoever else says it", () => {
    const rewordings = {
      "the valve leaks a lot": { text: "It drips.", label: "2026-03-05, Maya: " },
    };
    const { text, lines } = erase(`${label}${valve} <!-- S1:2 S2:1 -->\n`, { said: [valve], rewordings });
    expect([text, lines]).toEqual(["- 2026-03-05, Maya: It drips. <!-- S1:2 S2:1 -->\n", 1]);
    const kept = { "the valve leaks a lot": { text: "It drips.", label: null } };
    expect(erase(`${label}${valve}\n`, { said: [valve], rewordings: kept }).text).toBe(`${label}It drips.\n`);
  });
});
