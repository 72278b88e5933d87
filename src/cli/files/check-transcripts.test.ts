import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkTranscripts } from "./check-transcripts.ts";

const line = (text: string, session = "s") => `${JSON.stringify({ speaker: "Ann", text, session })}\n`;

async function aFolder(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), "check-transcripts-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  return {
    check: (...names: readonly string[]) =>
      checkTranscripts(
        names.map((name) => join(root, name)),
        { lenient: false, signal: new AbortController().signal, onSkip: () => {}, onFile: () => {} },
      ),
    root,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

test("files are read to their ends, and their sessions and events counted", async () => {
  await using at = await aFolder({ a: line("1", "x") + line("2", "y") + line("3", "x"), b: line("4") });
  expect(await at.check("a", "b")).toMatchObject({ sessions: 3, events: 4, empty: [] });
});

test("a file that is wrong in its last line is refused, and so is one after good ones", async () => {
  await using at = await aFolder({ a: line("1"), b: `${line("1").repeat(2_000)}{` });
  await expect(at.check("a", "b")).rejects.toThrow("b:2001: the line is not valid JSON");
});

test("a pipe is refused without being opened", async () => {
  await using at = await aFolder({});
  execFileSync("mkfifo", [join(at.root, "pipe")]);
  await expect(at.check("pipe")).rejects.toThrow("is no regular file, and it is read twice");
});

test("a file that was changed since is refused", async () => {
  await using at = await aFolder({ a: line("1"), b: line("2") });
  const checked = await at.check("a", "b");
  await checked.checkUnchanged();
  await appendFile(join(at.root, "b"), line("3"));
  await expect(checked.checkUnchanged()).rejects.toThrow(/b: was changed while it was read/);
});
