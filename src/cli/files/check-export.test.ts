import { createHash } from "node:crypto";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { limits } from "../../core/limits.ts";
import { exportFormat, nextLinesHash, noLinesHash, noRecords } from "../../core/transfer.ts";
import { type CheckedExport, checkExport } from "./check-export.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const begin = `{"kind":"begin","format":"${exportFormat}","version":1}`;
const head = `{"kind":"head","hash":"h1","buckets":[],"entry_count":3,"total_bytes":12}`;
const store = `{"kind":"store","id":"memstore_1","head":"h1","revision":7}`;

function endOf(lines: readonly string[], counts = { ...noRecords, head: 1, store: 1 }): string {
  const hash = lines.reduce((before, line) => nextLinesHash(before, line, sha256), noLinesHash);
  return JSON.stringify({ kind: "end", counts, hash });
}

const whole = [begin, head, store, endOf([begin, head, store])];

async function checkText(text: string | Uint8Array): Promise<CheckedExport> {
  const dir = await mkdtemp(join(tmpdir(), "reveried-export-"));
  try {
    const file = join(dir, "x.jsonl");
    await writeFile(file, text);
    return await checkExport(file, { sha256, signal: new AbortController().signal, onProgress: () => {} });
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe("an export that is whole", () => {
  test("is told with what it has, and what its stores must show", async () => {
    const text = `${whole.join("\n")}\n`;
    expect(await checkText(text)).toEqual({
      lines: 4,
      bytes: Buffer.byteLength(text),
      counts: { ...noRecords, head: 1, store: 1 },
      hash: JSON.parse(whole[3] ?? "").hash,
      isComplete: true,
      stores: [{ id: "memstore_1", line: 3, revision: 7, memories: 3, bytes: 12 }],
    });
  });

  test("may be without the end of its last line", async () => {
    expect(await checkText(whole.join("\n"))).toMatchObject({ lines: 4, isComplete: true });
  });
});

describe("an export that broke off", () => {
  test.each([
    ["after a line", `${begin}\n${head}\n`, 2],
    ["within a line", `${begin}\n${head}\n${store.slice(0, 20)}`, 2],
    ["within the last one", whole.join("\n").slice(0, -9), 3],
    ["after the first", `${begin}\n`, 1],
  ])("%s is told up to its last whole line", async (_, text, lines) => {
    expect(await checkText(text)).toMatchObject({ lines, isComplete: false });
  });
});

describe("what is no export, or a damaged one, is refused", () => {
  const changed = [begin, head.replace("12", "13"), store, whole[3]];
  test.each([
    ["nothing", "", "is empty"],
    ["other lines", '{"speaker":"Maya"}\n', "is no export of reveried"],
    ["another format", '{"kind":"begin","format":"x","version":1}\n', "is no export of reveried"],
    ["half of a first line", begin.slice(0, 30), "is no export of reveried"],
    [
      "a newer format",
      begin.replace(":1}", ":2}"),
      "has the format version 2, this reveried knows 1; use a newer",
    ],
    ["gzip", new Uint8Array([0x1f, 0x8b, 8, 0]), "is compressed with gzip"],
    ["zero bytes", new Uint8Array(100), "is binary"],
    ["a changed line", changed.join("\n"), ":4: the lines before it do not have the hash"],
    [
      "a lost line",
      [begin, head, whole[3]].join("\n"),
      ":3: counts 1 records of the kind store, and there are 0",
    ],
    [
      "a line too many",
      [begin, head, head, store, whole[3]].join("\n"),
      ":5: counts 1 records of the kind head",
    ],
    ["lines in another order", [begin, store, head, whole[3]].join("\n"), ":4: the lines before it"],
    ["an end without counts", [begin, '{"kind":"end"}\n'].join("\n"), ":2: counts null records"],
    ["lines behind the end", `${whole.join("\n")}\n${head}\n`, ":5: follows the end"],
    ["another first line", [begin, begin, ""].join("\n"), ":2: is no record of an export"],
    ["an unknown record", [begin, '{"kind":"tenant"}', ""].join("\n"), ":2: is no record of an export"],
    ["an empty line", [begin, "", head].join("\n"), ":2: is no record of an export"],
    [
      "what is not UTF-8",
      Buffer.concat([Buffer.from(`${begin}\n`), Buffer.from([0x22, 0xff, 0x0a])]),
      ":2: is not UTF-8",
    ],
  ])("%s", async (_, text, message) => {
    await expect(checkText(text)).rejects.toMatchObject({
      kind: "invalid_argument",
      message: expect.stringContaining(message),
    });
  });

  test("a gigabyte without a line end, of which little is read", async () => {
    const dir = await mkdtemp(join(tmpdir(), "reveried-export-"));
    try {
      const file = join(dir, "bomb.jsonl");
      await using handle = await open(file, "w");
      await handle.writeFile(`${begin}\n${"x".repeat(100)}`);
      await handle.truncate(1_000_000_000);
      let told = 0;
      const checked = checkExport(file, {
        sha256,
        signal: new AbortController().signal,
        onProgress: (bytes) => {
          told = bytes;
        },
      });
      await expect(checked).rejects.toThrow(`:2: is longer than ${limits.transferLineBytes} bytes`);
      expect(told).toBeLessThan(2 * limits.transferLineBytes);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("a folder, and a file that is not there", async () => {
    const deps = { sha256, signal: new AbortController().signal, onProgress: () => {} };
    await expect(checkExport(tmpdir(), deps)).rejects.toThrow("is no regular file");
    await expect(checkExport(join(tmpdir(), "no such file"), deps)).rejects.toThrow("there is no such file");
  });
});
