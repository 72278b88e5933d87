import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readTranscript, readTranscriptBytes, type TranscriptItem } from "./transcript.ts";

const fixture = fileURLToPath(
  new URL("../../../test/fixtures/transcripts/claude-code.jsonl", import.meta.url),
);
const sessionId = "5e551000-0000-4000-8000-000000000001";

async function collect(items: AsyncIterable<TranscriptItem>) {
  const all: TranscriptItem[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function readLines(lines: readonly object[], lenient = false) {
  async function* bytes() {
    yield Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n"));
  }
  return await collect(readTranscriptBytes(bytes(), "cc.jsonl", { lenient }));
}

const user = (text: string, more: object = {}) => ({
  type: "user",
  sessionId,
  message: { role: "user", content: text },
  timestamp: "2026-03-02T10:00:00Z",
  ...more,
});

describe("a session file of Claude Code", () => {
  test("gives what was said, once, and nothing of the program's books", async () => {
    const items = await collect(readTranscript(fixture));
    expect(
      items.map(({ event }) => [
        event.trust,
        event.speaker,
        event.blocks.map((block) => ("text" in block ? block.text : block.type)).join("|"),
      ]),
    ).toEqual([
      ["imported", "system", "<command-name>/model</command-name>"],
      ["imported", "system", "<system-reminder>be brief</system-reminder>"],
      ["user", "user", "Why is sailing 12 late?"],
      ["assistant", "assistant", "tool_use"],
      ["tool", "tool", "fog at 06:00"],
      ["user", "user", "and sailing 14?"],
      ["assistant", "assistant", "other|Fog, both of them."],
    ]);
    expect(items[0]?.session).toEqual({
      index: 0,
      nativeId: sessionId,
      title: "Fix the timetable",
      format: "claude_code",
    });
    expect(items[2]?.event.at).toBe(1_772_445_602_000);
    expect(items[5]?.event.at).toBe(1_772_445_606_000);
  });

  test("with several session ids is several sessions", async () => {
    const items = await readLines([user("a"), user("b", { sessionId: "other" }), user("c")]);
    expect(items.map(({ session }) => session.nativeId)).toEqual([sessionId, "other", sessionId]);
  });

  test("that only keeps books is understood and gives nothing", async () => {
    expect(await readLines([{ type: "summary", summary: "s", leafUuid: "x" }])).toEqual([]);
  });

  test("with an unknown kind of line is refused with its number, and read without it when lenient", async () => {
    const lines = [user("a"), { type: "hologram", sessionId }, user("b")];
    await expect(readLines(lines)).rejects.toThrow(
      'cc.jsonl:2: unknown kind of Claude Code line, "hologram"; use --lenient to skip such lines',
    );
    expect(await readLines(lines, true)).toHaveLength(2);
  });

  test("with a user line without message is refused", async () => {
    await expect(readLines([user("a"), { type: "user", sessionId }])).rejects.toThrow(
      'cc.jsonl:2: a "user" line needs',
    );
  });

  test("with a line written again after a compaction gives it once", async () => {
    const uuid = "00000000-0000-4000-8000-000000000001";
    expect(await readLines([user("a", { uuid }), user("a", { uuid })])).toHaveLength(1);
  });

  test("takes a queued message from a person only", async () => {
    const queued = (kind: string) => ({
      type: "attachment",
      sessionId,
      attachment: { type: "queued_command", prompt: `by ${kind}`, commandMode: "prompt", origin: { kind } },
    });
    const items = await readLines([queued("human"), queued("coordinator")]);
    expect(items.map(({ event }) => event.blocks)).toEqual([[{ type: "text", text: "by human" }]]);
  });
});
