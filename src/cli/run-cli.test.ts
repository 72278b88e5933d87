import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isReveriedError } from "../core/errors.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { createTextOutput } from "./output.ts";
import { runCli } from "./run-cli.ts";

const notes = join(import.meta.dirname, "..", "..", "examples", "notes");

describe("a command line that is wrong", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "reveried-cli-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each([
    [[], 2, "Usage: reveried COMMAND"],
    [["frob"], 2, '"frob" is no command'],
    [["drems"], 2, "did you mean dreams?"],
    [["dreams"], 2, "dreams list"],
    [["dreams", "lst"], 2, "did you mean list?"],
    [["serve", "--prot", "1"], 2, "did you mean --port?"],
    [["serve", "--port", "99999"], 2, "--port: must be a whole number from 0 to 65535"],
    [["serve", "--port", "--json"], 2, "--port needs a value"],
    [["serve", "--host", "0.0.0.0"], 2, "--insecure"],
    [["serve", "--mongodb-url", "http://x"], 2, "--mongodb-url"],
    [["dreams", "list", "--json=5"], 2, "--json takes no value"],
    [["dreams", "list", "--limit", "0"], 2, "--limit must be a whole number from 1"],
    [["dreams", "list", "--status", "asleep"], 2, "none of: pending, running, completed, failed, canceled"],
    [["dreams", "get"], 2, "missing ID"],
    [["dreams", "get", "a", "b"], 2, '"b" is one word too many'],
    [["dreams", "create"], 2, "--store is needed"],
    [["dreams", "diff", "a", "--words", "--lines"], 2, "--words and --lines exclude each other"],
    [["stores"], 2, "stores import"],
    [["stores", "delte", "a"], 2, "did you mean delete?"],
    [["stores", "show", "a", "--path", "/a.md", "--prefix", "/a/"], 2, "exclude each other"],
    [["stores", "log", "a", "--limit", "x"], 2, "--limit must be a whole number from 1"],
    [["stores", "export", "a"], 2, "missing ID DIR"],
    [["stores", "revert", "a"], 2, "--dream is needed"],
    [["stores", "redact", "a"], 2, "missing ID VERSION"],
    [["stores", "protect", "a", "/a.md", "--none"], 2, "give paths or --none, not both"],
    [["stores", "import", notes, "--into", "a", "--name", "b"], 2, "--into and --name exclude each other"],
    [["stores", "import", notes, "--delete-missing"], 2, "--delete-missing needs --into"],
    [["stores", "import", "absent"], 2, "absent: there is no such file or folder"],
    [["sessions", "show", "a", "--events", "-1"], 2, "--events must be a whole number from 0"],
    [["sessions", "import"], 2, "missing FILE ..."],
    [["sessions", "import", "--tag", "a", "b"], 2, "missing FILE ... (before --tag"],
    [["sessions", "import", "absent"], 2, "absent: there is no such file or folder"],
    [["sessions", "import", notes], 2, "notes: is a folder; name the files in it"],
    [["sessions", "export", "a"], 2, "--out is needed"],
    [["erase"], 2, "name either --session or --store"],
    [["erase", "--session", "a", "--store", "b"], 2, "name either --session or --store"],
    [["health", "--url", "foo"], 2, "is no URL"],
    [["dream", notes], 2, "--out is needed"],
    [["dream", "--sessions", "a", "b", "--out", "c"], 2, "missing NOTES_DIR (before --sessions"],
    [["dream", "absent", "--out", "c"], 2, "absent: there is no such file or folder"],
    [["dream", notes, "--out", join(notes, "x")], 2, "is the notes folder"],
    [["dream", notes, "--out", "c", "--max-tokens", "1"], 2, "--max-tokens: must be a whole number from 200"],
    [["dream", notes, "--out", "c", "--model", "gpt"], 2, "configured: auto, lite, ultimate"],
    [["dream", notes, "--sessions", "absent", "--out", "c"], 2, "absent: there is no such file or folder"],
  ])("%j ends with %i and says what is wrong", async (args, code, words) => {
    const placed = args.map((arg) => (arg === "c" || arg === "absent" ? join(folder, arg) : arg));
    const result = await run(placed);
    expect(result.err).toContain(words);
    expect(result.out).toBe("");
    expect(result.code).toBe(code);
  });
});

/** As the program runs a command, without a process of its own. */
async function run(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const out = createTextOutput();
  const err = createTextOutput();
  const code = await runCli({ out, err, signal: new AbortController().signal }, argv).catch(
    (error: unknown) => {
      if (!isReveriedError(error)) throw error;
      expect(error.message).not.toContain("\n");
      err.line(error.message);
      return exitCodeOf(error.kind);
    },
  );
  return { code, out: out.text(), err: err.text() };
}
