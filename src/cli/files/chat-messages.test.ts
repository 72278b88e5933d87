import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { limits } from "../../core/limits.ts";
import { readTranscript, readTranscriptBytes, type TranscriptItem } from "./transcript.ts";

const fixtures = fileURLToPath(new URL("../../../test/fixtures/transcripts/", import.meta.url));

async function collect(items: AsyncIterable<TranscriptItem>) {
  const all: TranscriptItem[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function readJson(value: unknown, lenient = false) {
  async function* bytes() {
    yield Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  }
  const skipped: string[] = [];
  const onSkip = ({ message }: { message: string }) => skipped.push(message);
  const items = await collect(readTranscriptBytes(bytes(), "chat.json", { lenient, onSkip }));
  return { events: items.map(({ event }) => event), sessions: items.map(({ session }) => session), skipped };
}

describe("Anthropic messages", () => {
  test("are read with tool results parted from what the person wrote", async () => {
    const items = await collect(readTranscript(`${fixtures}anthropic.json`));
    expect(items.map(({ event }) => event)).toEqual([
      {
        speaker: "user",
        trust: "user",
        at: null,
        blocks: [{ type: "text", text: "What time is it in Porto?" }],
      },
      {
        speaker: "assistant",
        trust: "assistant",
        at: null,
        blocks: [
          { type: "other", description: "thinking" },
          { type: "text", text: "I'll look." },
          { type: "tool_use", toolUseId: "toolu_1", name: "clock", input: '{"zone":"Europe/Lisbon"}' },
        ],
      },
      {
        speaker: "tool",
        trust: "tool",
        at: null,
        blocks: [{ type: "tool_result", toolUseId: "toolu_1", text: "no such zone", isError: true }],
      },
      {
        speaker: "user",
        trust: "user",
        at: null,
        blocks: [
          { type: "text", text: "Try again, and look at this." },
          { type: "other", description: "image" },
        ],
      },
    ]);
  });

  test("with a system prompt beside them begin with it, as imported", async () => {
    const { events } = await readJson({
      system: [{ type: "text", text: "Be kind." }],
      messages: [{ role: "user", content: "Hi" }],
    });
    expect(events.map(({ trust, blocks }) => [trust, blocks])).toEqual([
      ["imported", [{ type: "text", text: "Be kind." }]],
      ["user", [{ type: "text", text: "Hi" }]],
    ]);
  });

  test("with more blocks than an event may have become several events", async () => {
    const content = Array.from({ length: limits.blocksPerEvent + 1 }, (_, n) => ({
      type: "text",
      text: `${n}`,
    }));
    const { events } = await readJson([{ role: "assistant", content }]);
    expect(events.map(({ blocks }) => blocks.length)).toEqual([limits.blocksPerEvent, 1]);
  });

  test("with half of a surrogate pair are stored as text that UTF-8 can hold", async () => {
    const { events } = await readJson('[{"role":"user","content":"a\\ud83d"}]');
    expect(events[0]?.blocks).toEqual([{ type: "text", text: "a\ufffd" }]);
  });

  test("nested too deep to be written again are refused, not a crash", async () => {
    const input = "[".repeat(200_000) + "]".repeat(200_000);
    const text = `[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":${input}}]}]`;
    await expect(readJson(text)).rejects.toThrow("chat.json: item 1: is nested too deep");
  });
});

describe("OpenAI messages", () => {
  test("are read with calls and results of tools, names as speakers, and no content", async () => {
    const items = await collect(readTranscript(`${fixtures}openai.json`));
    expect(items[0]?.session).toEqual({
      index: 0,
      nativeId: "chat_7",
      title: "Weather",
      format: "chat_messages",
    });
    expect(items.map(({ event }) => [event.speaker, event.trust, event.blocks])).toEqual([
      ["developer", "imported", [{ type: "text", text: "Answer shortly." }]],
      [
        "Ines",
        "user",
        [
          { type: "text", text: "Rain?" },
          { type: "other", description: "image_url" },
        ],
      ],
      [
        "assistant",
        "assistant",
        [
          { type: "tool_use", toolUseId: "call_1", name: "weather", input: '{"city":"Porto"}' },
          { type: "tool_use", toolUseId: "call_2", name: "weather", input: '"{broken"' },
        ],
      ],
      ["tool", "tool", [{ type: "tool_result", toolUseId: "call_1", text: "dry", isError: false }]],
      ["assistant", "assistant", [{ type: "text", text: "No rain." }]],
    ]);
  });

  test("read an older function call and a refusal", async () => {
    const { events } = await readJson([
      { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
      { role: "function", name: "f", content: "1" },
      { role: "assistant", content: null, refusal: "No." },
    ]);
    expect(events.flatMap(({ blocks }) => blocks)).toEqual([
      { type: "tool_use", toolUseId: "f", name: "f", input: "{}" },
      { type: "tool_result", toolUseId: "f", text: "1", isError: false },
      { type: "text", text: "No." },
    ]);
  });
});

describe("chat messages", () => {
  test("may stand one a line, with a time", async () => {
    const { events } = await readJson(
      '{"role":"user","content":"a","timestamp":"2026-03-02T00:00:00Z"}\n{"role":"assistant","content":"b"}\n',
    );
    expect(events.map(({ at }) => at)).toEqual([1_772_409_600_000, null]);
  });

  test("of one conversation a line are one session a line", async () => {
    const conversation = JSON.stringify({ messages: [{ role: "user", content: "a" }] });
    const { sessions } = await readJson(`${conversation}\n${conversation}\n`);
    expect(sessions.map(({ index, title }) => [index, title])).toEqual([
      [0, "chat"],
      [1, "chat (2)"],
    ]);
  });

  test("of several conversations in an array are a session each", async () => {
    const { sessions } = await readJson([
      { messages: [{ role: "user", content: "a" }] },
      { messages: [{ role: "user", content: "b" }] },
    ]);
    expect(sessions.map(({ index }) => index)).toEqual([0, 1]);
  });

  test.each([
    ["no role", { content: "a" }, "unknown shape"],
    ["an unknown role", { role: "wizard", content: "a" }, "expected a chat message"],
    ["no content", { role: "user" }, "expected a chat message"],
    ["content that is a number", { role: "user", content: 3 }, `"content" must be a text`],
    ["a block without type", { role: "user", content: [{}] }, `needs a "type"`],
    ["a text block without text", { role: "user", content: [{ type: "text" }] }, `needs a "text"`],
    ["calls that are no array", { role: "assistant", content: null, tool_calls: {} }, `"tool_calls" must be`],
    ["a call without function", { role: "assistant", content: null, tool_calls: [{}] }, `needs a "function"`],
  ])("with %s are refused with their number", async (_, message, expected) => {
    await expect(readJson([message])).rejects.toThrow("chat.json: item 1: ");
    await expect(readJson([message])).rejects.toThrow(expected);
  });

  test("that are not understood are skipped alone when lenient, not their conversation", async () => {
    const messages = [
      { role: "user", content: "a" },
      { role: "wizard", content: "b" },
      { role: "user", content: "c" },
    ];
    const { events, skipped } = await readJson({ messages }, true);
    expect(events).toHaveLength(2);
    expect(skipped).toEqual([expect.stringMatching(/^chat\.json:1: message 2: expected a chat message/)]);
  });
});
