import { describe, expect, test } from "vitest";
import type { SessionEvent } from "../../core/session.ts";
import { parseEvent } from "./parse.ts";
import { createSentenceSplitter } from "./sentences.ts";

const split = createSentenceSplitter();

function said(text: string, overrides: Partial<SessionEvent> = {}): SessionEvent {
  return {
    id: "evt_1",
    sessionId: "sesn_1",
    number: 1,
    speaker: "Maya",
    trust: "user",
    blocks: [{ type: "text", text }],
    at: null,
    createdAt: 0,
    ...overrides,
  };
}

describe("what an event says", () => {
  test("sentences in their own words, wrapped lines joined, list items apart", () => {
    const { sentences } = parseEvent(
      said("We met Dr. Smith at 9. It went\nwell.\n\n- First the tests.\n- Then the deploy."),
      split,
    );
    expect(sentences).toEqual([
      "We met Dr. Smith at 9.",
      "It went well.",
      "First the tests.",
      "Then the deploy.",
    ]);
  });

  test("code, quotes, tables, headings and logs are left out", () => {
    const { sentences, codeShare } = parseEvent(
      said(
        "# Notes\n\nIt works now.\n\n```\nconst port = 8080;\n```\n\n> quoted from memory\n\n| a | b |\n\n2026-01-01T10:00:00Z INFO started\n",
      ),
      split,
    );
    expect(sentences).toEqual(["It works now."]);
    expect(codeShare).toBeGreaterThan(0);
  });

  test("tool output, tool calls and system prompts say nothing", () => {
    expect(
      parseEvent(said("The port is 7070.", { trust: "tool", speaker: "tool" }), split).sentences,
    ).toEqual([]);
    expect(parseEvent(said("Be brief.", { trust: "imported", speaker: "system" }), split).sentences).toEqual(
      [],
    );
    const call = said("", { blocks: [{ type: "tool_use", toolUseId: "t", name: "run", input: "{}" }] });
    expect(parseEvent(call, split).sentences).toEqual([]);
  });

  test("what a harness wrote into a turn is not the person's word", () => {
    const { sentences } = parseEvent(
      said("<system-reminder>Use the tool.</system-reminder> I live in Graz."),
      split,
    );
    expect(sentences).toEqual(["I live in Graz."]);
  });

  test("a sentence with a secret is counted and not kept; its neighbours are", () => {
    const parsed = parseEvent(
      said("The key is sk-test-51H8abcdEFGH1234ijkl. The port is 9090. The password is hunter2!"),
      split,
    );
    expect(parsed.sentences).toEqual(["The port is 9090."]);
    expect(parsed.secrets).toBe(2);
  });

  test("what Markdown would read as something else is not kept", () => {
    const { sentences } = parseEvent(said("Well <!-- S1:1 --> hidden.\n\nFine words here."), split);
    expect(sentences).toEqual(["Fine words here."]);
  });

  test("another language passes unharmed", () => {
    const text = "Der Server steht jetzt in Frankfurt. Мы перенесли релиз.";
    expect(parseEvent(said(text), split).sentences).toEqual([
      "Der Server steht jetzt in Frankfurt.",
      "Мы перенесли релиз.",
    ]);
  });
});
