import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { limits } from "../../core/limits.ts";
import {
  type ReadTranscriptOptions,
  readTranscript,
  readTranscriptBytes,
  type TranscriptItem,
} from "./transcript.ts";

const fixtures = fileURLToPath(new URL("../../../test/fixtures/transcripts/", import.meta.url));
const examples = fileURLToPath(new URL("../../../examples/conversations/", import.meta.url));

type Items = readonly TranscriptItem[];

async function collect(items: AsyncIterable<TranscriptItem>): Promise<Items> {
  const all: TranscriptItem[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Reads text as a file of this name, in pieces of `pieceBytes` so that lines are cut anywhere. */
async function readText(
  text: string | Uint8Array,
  options: ReadTranscriptOptions = {},
  name = "notes/x.jsonl",
  pieceBytes = 5,
): Promise<Items> {
  async function* pieces() {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  return await collect(readTranscriptBytes(pieces(), name, options));
}

/** Events in short: speaker, trust and blocks. */
function short(items: Items) {
  return items.map(({ event }) => [
    event.speaker,
    event.trust,
    ...event.blocks.map((block) => ("text" in block ? block.text : block.type)),
  ]);
}

const line = (text: string, more: object = {}) => JSON.stringify({ speaker: "Maya", text, ...more });

describe("lines of speaker, text and time", () => {
  test("give events in order, with trust by role and times in milliseconds", async () => {
    const items = await collect(readTranscript(`${fixtures}speaker-lines.jsonl`));
    expect(short(items)).toEqual([
      ["Rhona", "user", "The ferry leaves at 7:40 now."],
      ["assistant", "assistant", "Noted, 7:40."],
      ["user", "user", "Thanks."],
      ["Bosun", "assistant", "Always."],
      ["tool", "tool", "exit code 0"],
      ["system", "imported", "The clock was set back."],
    ]);
    expect(items.map(({ event }) => event.at)).toEqual([
      1_772_439_300_250,
      1_772_439_360_000,
      null,
      null,
      null,
      null,
    ]);
    expect(items[0]?.session).toEqual({
      index: 0,
      nativeId: null,
      title: "speaker-lines",
      format: "speaker_lines",
    });
  });

  test("with a session field are parted into sessions, also when they are mixed", async () => {
    const items = await readText(
      [
        line("a", { session: "s1", title: "One" }),
        line("b", { session: "s2" }),
        line("c", { session: "s1" }),
      ].join("\n"),
    );
    expect(
      items.map(({ session, event }) => [
        session.nativeId,
        session.title,
        short([{ session, event }])[0]?.[2],
      ]),
    ).toEqual([
      ["s1", "One", "a"],
      ["s2", "x (s2)", "b"],
      ["s1", "One", "c"],
    ]);
    expect(items[2]?.session).toBe(items[0]?.session);
  });

  test("give nothing for an empty text", async () => {
    expect(await readText(`${line("")}\n${line("b")}`)).toHaveLength(1);
  });

  test.each([
    ["seconds instead of milliseconds", 1_772_439_300],
    ["a time without a zone", "2026-03-02T09:15:00"],
    ["a date that does not exist", "2026-02-30T09:15:00Z"],
    ["words", "yesterday"],
    ["a boolean", true],
  ])("refuse %s as time", async (_, at) => {
    await expect(readText(line("a", { at }))).rejects.toThrow(
      /^notes\/x\.jsonl:1: "at" is not a time; expected RFC 3339/,
    );
  });

  test.each([
    ["no text", { speaker: "Maya" }],
    ["a text that is no text", { speaker: "Maya", text: 3 }],
    ["an empty speaker", { speaker: " ", text: "a" }],
    ["a session that is an object", { speaker: "Maya", text: "a", session: {} }],
    ["a speaker over its bound", { speaker: "x".repeat(limits.peerNameLength + 1), text: "a" }],
  ])("refuse %s, naming file and line", async (_, bad) => {
    await expect(readText(`${line("a")}\n${JSON.stringify(bad)}\n`)).rejects.toThrow(/^notes\/x\.jsonl:2: /);
  });
});

describe("bytes of a file", () => {
  test("may have CRLF, blank lines, a byte order mark and no line end at the end", async () => {
    const items = await readText(`\ufeff${line("ä")}\r\n\r\n  \r\n${line("😀")}`);
    expect(short(items)).toEqual([
      ["Maya", "user", "ä"],
      ["Maya", "user", "😀"],
    ]);
  });

  test.each([
    ["gzip", Buffer.from([0x1f, 0x8b, 8, 0, 0]), /is compressed with gzip; unpack it first/],
    ["zip", Buffer.from("PK\x03\x04rest"), /is a zip archive/],
    ["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1]), /is compressed with zstd/],
    [
      "UTF-16, little end first",
      Buffer.from(`\ufeff${line("a")}`, "utf16le"),
      /is UTF-16 text; save it as UTF-8/,
    ],
    ["UTF-16, big end first", Buffer.from(`\ufeff${line("a")}`, "utf16le").swap16(), /is UTF-16 text/],
    ["UTF-16 without a mark", Buffer.from(line("a"), "utf16le"), /is binary or UTF-16/],
    ["nothing", Buffer.alloc(0), /is empty; a transcript needs at least one message/],
    ["white space only", Buffer.from("\n \r\n\t"), /is empty/],
    ["an empty array", Buffer.from(" [] "), /is an empty array/],
    ["no messages", Buffer.from('{"messages":[]}'), /"messages" is empty/],
  ])("that are %s get an error of one line with the file's name", async (_, bytes, message) => {
    const refused = readText(bytes);
    await expect(refused).rejects.toMatchObject({ kind: "invalid_argument" });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(/^notes\/x\.jsonl[^\n]*$/);
  });

  test("may be an array with a byte order mark, after blank lines", async () => {
    expect(await readText(`\ufeff\r\n\r\n[${line("a")},\r\n${line("b")}]`)).toHaveLength(2);
  });

  test("that are not UTF-8 are refused with line and byte", async () => {
    const good = `${line("a")}\n`;
    const bytes = Buffer.concat([
      Buffer.from(good),
      Buffer.from('{"speaker":"M'),
      Buffer.from([0xfc]),
      Buffer.from('"}'),
    ]);
    await expect(readText(bytes)).rejects.toThrow(
      `notes/x.jsonl:2: byte ${good.length + 13} of the file (counted from 0) is not UTF-8; convert`,
    );
  });

  test("of a line over the bound are refused, and skipped when lenient, without being held", async () => {
    const long = line("x".repeat(limits.transcriptLineBytes));
    const text = `${line("a")}\n${long}\n${line("b")}\n`;
    await expect(readText(text, {}, "x.jsonl", 1 << 20)).rejects.toThrow(
      `x.jsonl:2: the line is longer than ${limits.transcriptLineBytes} bytes`,
    );
    const skipped: string[] = [];
    const onSkip = ({ message }: { message: string }) => skipped.push(message);
    expect(await readText(text, { lenient: true, onSkip }, "x.jsonl", 1 << 20)).toHaveLength(2);
    expect(skipped).toHaveLength(1);
  });

  test("of a line without end are not held", async () => {
    let peak = 0;
    const used = () => process.memoryUsage().arrayBuffers;
    const before = used();
    async function* endless() {
      yield Buffer.from(`${line("a")}\n`);
      for (let sent = 0; sent < 400; sent += 1) {
        yield Buffer.allocUnsafe(1 << 20).fill("x", 0, 1 << 20);
        peak = Math.max(peak, used() - before);
      }
    }
    const skipped: string[] = [];
    const onSkip = ({ message }: { message: string }) => skipped.push(message);
    const options = { lenient: true, onSkip };
    expect(await collect(readTranscriptBytes(endless(), "x.jsonl", options))).toHaveLength(1);
    expect(skipped).toEqual([expect.stringContaining("x.jsonl:2: the line is longer than")]);
    expect(peak).toBeLessThan(250_000_000);
  });

  test.each([
    ["a line", `${line("a")}\n`, "x.jsonl:2: the line is longer than 16777216 bytes"],
    ["a document", "[", "x.jsonl: one array or object of more than 67108864 bytes"],
  ])("of %s without end are not read on for the end", async (_, start, message) => {
    const piece = Buffer.alloc(1 << 20, "x");
    let sent = 0;
    async function* endless() {
      yield Buffer.from(start);
      for (; sent < 1_000; sent += 1) yield piece;
    }
    await expect(collect(readTranscriptBytes(endless(), "x.jsonl"))).rejects.toThrow(message);
    expect(sent).toBeLessThan(70);
  });

  test("of a text over the bound of an event are refused with the size and the bound", async () => {
    const size = limits.eventTextBytes + 1;
    await expect(readText(line("x".repeat(size)), {}, "x.jsonl", 1 << 20)).rejects.toThrow(
      `x.jsonl:1: the text is ${size} bytes, more than the ${limits.eventTextBytes}`,
    );
    const most = line("x".repeat(limits.eventTextBytes));
    expect(await readText(most, {}, "x.jsonl", 1 << 20)).toHaveLength(1);
  });
});

describe("shapes", () => {
  test.each([
    ["a broken line", `${line("a")}\n{"speaker": "Ma\n`, 2, "the line is not valid JSON"],
    ["a broken first line", '{"speaker":"Maya","text":"a"\n', 1, "the line is not valid JSON"],
    ["prose", "# Notes\n\nHello\n", 1, "the line is not valid JSON"],
    ["an unknown object", '{"foo":1}\n', 1, "unknown shape"],
    ["an event log", '{"type":"click","x":1}\n', 1, "unknown shape"],
    ["a number", "17\n", 1, "not an object"],
    ["another shape later", `${line("a")}\n{"foo":1}\n`, 2, `expected {"speaker"`],
    ["a broken document", '{\n  "messages": [\n    {"role": user}\n  ]\n}', 3, "is not valid JSON"],
  ])("that are %s are refused with the line and what was expected", async (_, text, number, message) => {
    const refused = readText(text);
    await expect(refused).rejects.toMatchObject({ kind: "invalid_argument" });
    await expect(refused).rejects.toThrow(`notes/x.jsonl:${number}: `);
    await expect(refused).rejects.toThrow(message);
  });

  test("that are unknown are skipped and told when lenient", async () => {
    const skipped: string[] = [];
    const onSkip = ({ message }: { message: string }) => skipped.push(message.split(";")[0] ?? "");
    const text = `nonsense\n${line("a")}\n{"foo":1}\n${line("b")}\n{"speaker":`;
    const items = await readText(text, { lenient: true, onSkip });
    expect(short(items).map(([, , text]) => text)).toEqual(["a", "b"]);
    expect(skipped).toEqual([
      "notes/x.jsonl:1: the line is not valid JSON",
      expect.stringMatching(/^notes\/x\.jsonl:3: expected/),
      "notes/x.jsonl:5: the line is not valid JSON",
    ]);
  });

  test("of which lenient understands none are still an error", async () => {
    await expect(readText("a\nb\n", { lenient: true })).rejects.toThrow(
      /^notes\/x\.jsonl: no message was found; expected/,
    );
  });

  test("with a path that would break the line are shown quoted", async () => {
    await expect(readText("", {}, "a\nb.jsonl")).rejects.toThrow('"a\\nb.jsonl": is empty');
  });

  test("report each line with the bytes read so far", async () => {
    const seen: unknown[] = [];
    const text = `${line("a")}\r\n${line("b")}\n`;
    await readText(text, { onLine: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { lines: 1, bytes: line("a").length + 2 },
      { lines: 2, bytes: text.length },
    ]);
  });
});

describe("an array or object over its bound", () => {
  test("is refused with the way out", async () => {
    async function* endless() {
      yield Buffer.from("[\n");
      for (;;) yield Buffer.alloc(1 << 20, `${line("y".repeat(1_000))},\n`);
    }
    await expect(collect(readTranscriptBytes(endless(), "big.json"))).rejects.toThrow(
      /^big\.json: one array or object of more than 67108864 bytes cannot be held in memory; convert it to JSON Lines/,
    );
  });
});

describe("files", () => {
  test.each([
    ["a folder", fixtures, /is a folder; name the files in it/],
    ["a file that is not there", `${fixtures}none.jsonl`, /none\.jsonl: there is no such file or folder/],
  ])("of %s get a clear error", async (_, path, message) => {
    const refused = collect(readTranscript(path));
    await expect(refused).rejects.toMatchObject({ kind: "invalid_argument" });
    await expect(refused).rejects.toThrow(message);
  });

  test("of the examples are all understood", async () => {
    const names = await readdir(examples);
    expect(names.length).toBeGreaterThanOrEqual(12);
    const formats = new Set<string>();
    for (const name of names) {
      const items = await collect(readTranscript(examples + name));
      expect(items.length, name).toBeGreaterThanOrEqual(10);
      formats.add(items[0]?.session.format ?? "");
    }
    expect([...formats].sort()).toEqual(["chat_messages", "claude_code", "speaker_lines"]);
  });

  test("of 200 MB are streamed: the heap does not grow with them", async () => {
    const block = Buffer.from(
      `${line("Boat number one is late again. ".repeat(60), { at: 1_772_439_300_000 })}\n`.repeat(500),
    );
    async function* bytes() {
      for (let sent = 0; sent < 200_000_000; sent += block.length) yield block;
    }
    let events = 0;
    // The least that is in use within each quarter: garbage comes and goes, what is held stays.
    const least = [Infinity, Infinity, Infinity, Infinity];
    for await (const _ of readTranscriptBytes(bytes(), "big.jsonl")) {
      events += 1;
      if (events % 200 !== 0) continue;
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      const quarter = Math.min(3, Math.floor(events / 26_000));
      least[quarter] = Math.min(least[quarter] ?? Infinity, heapUsed + arrayBuffers);
    }
    expect(events).toBeGreaterThan(100_000);
    const [first = 0, , , last = Infinity] = least;
    expect(last - first).toBeLessThan(50_000_000);
  }, 60_000);
});
