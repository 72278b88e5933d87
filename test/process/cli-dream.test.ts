import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { examples, freshFolder, runCli, startCli } from "./cli-process.ts";

const notes = join(examples, "notes");
const talks = join(examples, "conversations");

async function exampleArgs(): Promise<string[]> {
  const files = (await readdir(talks)).map((name) => join(talks, name));
  return ["dream", notes, "--sessions", ...files, "--out", "out"];
}

describe("dream", () => {
  test("writes the new folder, prints what changed and why, and leaves the notes alone", async () => {
    await using folder = await freshFolder();
    const before = await textsOf(notes);
    const result = await runCli(await exampleArgs(), { cwd: folder.path });
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/^ {2}- We deploy .*Thursday/m);
    expect(result.stdout).toMatch(/^ {2}\+ .*Tuesday at 14:00 UTC/m);
    expect(result.stdout).toMatch(/^ {6}why: /m);
    expect(result.stdout).toMatch(/^ {6}Maya, in 2026-04-14-deploy-day: “/m);
    expect(result.stdout).toMatch(/^Written: \d+ notes in out$/m);
    const diff = result.stdout.slice(0, result.stdout.indexOf("\nRead: "));
    expect(Math.max(...diff.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect((await textsOf(join(folder.path, "out"))).get("infrastructure.md")).toContain("90 days");
    expect(await textsOf(notes)).toEqual(before);
    expect(await readdir(folder.path)).toEqual(["out"]);
  });

  test("gives the same bytes each time", async () => {
    await using folder = await freshFolder();
    const args = (await exampleArgs()).slice(0, -1);
    await runCli([...args, "one", "--quiet"], { cwd: folder.path });
    await runCli([...args, "two", "--quiet"], { cwd: folder.path });
    expect(await textsOf(join(folder.path, "two"))).toEqual(await textsOf(join(folder.path, "one")));
  });

  test("with --json prints one object and with --quiet only where the result is", async () => {
    await using folder = await freshFolder();
    const json = await runCli([...(await exampleArgs()), "--json"], { cwd: folder.path });
    const read = JSON.parse(json.stdout) as { dream: { status: string }; changes: unknown[] };
    expect(read.dream.status).toBe("DREAM_STATUS_COMPLETED");
    expect(read.changes.length).toBeGreaterThan(3);
    const quiet = await runCli(["dream", notes, "--out", "out2", "--quiet"], { cwd: folder.path });
    expect(quiet).toMatchObject({ code: 0, stdout: "Written: 10 notes in out2\n", stderr: "" });
  });

  test("refuses a folder that is not empty, and with --force keeps what was in it", async () => {
    await using folder = await freshFolder();
    await runCli(["dream", notes, "--out", "out"], { cwd: folder.path });
    const refused = await runCli(["dream", notes, "--out", "out"], { cwd: folder.path });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("use --force to replace it") });
    const forced = await runCli(["dream", notes, "--out", "out", "--force"], { cwd: folder.path });
    expect(forced.stdout).toMatch(/What was there before is in .*out\.bak-1/);
    expect((await readdir(folder.path)).toSorted()).toEqual(["out", "out.bak-1"]);
  });

  test("names the line of a transcript it cannot read, and writes nothing; --lenient leaves it out and says so", async () => {
    await using folder = await freshFolder();
    const file = join(folder.path, "talk.jsonl");
    await writeFile(file, '{"speaker":"Ann","text":"The door code is 4711."}\n{"speaker":\n');
    const strict = await runCli(["dream", notes, "--sessions", file, "--out", "out"], { cwd: folder.path });
    expect(strict).toMatchObject({ code: 2, stderr: expect.stringContaining("talk.jsonl:2: ") });
    expect(await readdir(folder.path)).toEqual(["talk.jsonl"]);
    const lenient = await runCli(["dream", notes, "--sessions", file, "--out", "out", "--lenient"], {
      cwd: folder.path,
    });
    expect(lenient.stderr).toContain("skipped ");
    expect(lenient.code).toBe(0);
  });

  test("refuses more sessions than one dream reads", async () => {
    await using folder = await freshFolder();
    const files = Array.from({ length: 101 }, (_, number) => join(folder.path, `${number}.jsonl`));
    for (const file of files) await writeFile(file, '{"speaker":"Ann","text":"Hello."}\n');
    const result = await runCli(["dream", notes, "--sessions", ...files, "--out", "out"], {
      cwd: folder.path,
    });
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining("more than 100 sessions") });
  });

  test("reads a transcript longer than one call may append", async () => {
    await using folder = await freshFolder();
    const file = join(folder.path, "long.jsonl");
    const line = (number: number) =>
      `{"speaker":"Ann","text":"Locker ${number} belongs to person ${number}."}\n`;
    await writeFile(file, Array.from({ length: 1_201 }, (_, number) => line(number)).join(""));
    const args = ["dream", notes, "--sessions", file, "--out", "out", "--json"];
    const { stdout } = await runCli(args, { cwd: folder.path });
    expect(JSON.parse(stdout)).toMatchObject({ dream: { summary: { eventsRead: 1_201, sessionsRead: 1 } } });
  });
});

describe("Ctrl-C", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends a dream that still reads, and leaves nothing behind",
    async (signal) => {
      await using folder = await freshFolder();
      const pipe = join(folder.path, "talk.jsonl");
      // Nobody writes into it, so the dream waits for its transcript until it is told to stop.
      execFileSync("mkfifo", [pipe]);
      await using cli = startCli(["dream", notes, "--sessions", pipe, "--out", "out"], { cwd: folder.path });
      await cli.wrote("loading sessions");
      cli.child.kill(signal);
      const result = await cli.result;
      expect(result.stderr).toContain("interrupted; nothing was written");
      expect(result.signal).toBe(signal);
      expect(await readdir(folder.path)).toEqual(["talk.jsonl"]);
    },
  );
});

test("Ctrl-C ends a dream whose engine is at work, and leaves nothing behind", {
  timeout: 120_000,
}, async () => {
  await using folder = await freshFolder();
  const file = join(folder.path, "long.jsonl");
  const line = (number: number) =>
    `{"speaker":"Ann","text":"Ferry ${number} leaves pier ${number % 97} with crew ${number % 31} and ${number} cars."}\n`;
  await writeFile(file, Array.from({ length: 60_000 }, (_, number) => line(number)).join(""));
  const args = ["dream", notes, "--sessions", file, "--out", "out"];
  await using cli = startCli(args, { cwd: folder.path });
  await cli.wrote("reading (");
  cli.child.kill("SIGINT");
  const result = await cli.result;
  expect(result.stderr).toContain("interrupted; nothing was written");
  expect(result.signal).toBe("SIGINT");
  expect(await readdir(folder.path)).toEqual(["long.jsonl"]);
});

describe("output that nobody reads any more", () => {
  test("ends quietly", async () => {
    await using folder = await freshFolder();
    await using cli = startCli(await exampleArgs(), { cwd: folder.path });
    cli.child.stdout.once("data", () => cli.child.stdout.destroy());
    const { code, stderr } = await cli.result;
    expect(stderr).not.toContain("EPIPE");
    expect(code).toBe(0);
  });
});

describe("demo", () => {
  test("ends by itself, shows a diff with reasons and sources, and leaves the result it names", {
    timeout: 60_000,
  }, async () => {
    await using folder = await freshFolder();
    // Settings of a real service must not reach it.
    const env = {
      TMPDIR: folder.path,
      REVERIED_MONGODB_URL: "mongodb://127.0.0.1:1",
      REVERIED_NATS_URL: "nats://127.0.0.1:1",
    };
    const { code, stdout } = await runCli(["demo"], { cwd: join(examples, ".."), env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}- /m);
    expect(stdout).toMatch(/^ {2}\+ /m);
    expect(stdout).toMatch(/^ {6}why: /m);
    expect(stdout).toMatch(/“.+”/);
    const lines = stdout.split("\n");
    expect(lines.length).toBeLessThan(120);
    expect(Math.max(...lines.slice(0, -5).map((line) => line.length))).toBeLessThanOrEqual(100);
    const result = /^ {2}result +(\S+)$/m.exec(stdout)?.[1] ?? "";
    expect((await textsOf(result)).size).toBeGreaterThan(9);
    expect(await readdir(join(result, ".."))).toEqual(["changes.txt", "notes"]);
  });
});

async function textsOf(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const texts = new Map<string, string>();
  for (const { parentPath, name } of names) {
    const path = join(parentPath, name);
    texts.set(path.slice(folder.length + 1), await readFile(path, "utf8"));
  }
  return texts;
}
