/** Everything a tenant can have, exported and imported by real processes, some of which are killed. */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, watch, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DreamStatus } from "../../gen/dream/v1/dream_pb.ts";
import { nextLinesHash, noLinesHash } from "../../src/core/transfer.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { freshFolder, runCli, startCli } from "./cli-process.ts";
import { answersOf, atRest, clientsOf, type FullFolder, fillStorage, untilEnded } from "./full-folder.ts";
import { startServer } from "./server-process.ts";
import { openValve } from "./tcp-valve.ts";

const text = { encoding: "utf8" } as const;
const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

function dataIn(cwd: string): Readonly<Record<string, string>> {
  return { REVERIED_DATA_DIR: join(cwd, ".reveried") };
}

/** Exports in the folder and answers with what the file has. */
async function exported(cwd: string, file: string, args: readonly string[] = []): Promise<string> {
  const { code, stderr } = await runCli(["export", "--out", file, ...args], { cwd });
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("reveried:")]);
  return readFile(join(cwd, file), text);
}

/** What a server over this storage shows, then that its dreams can be undone and go on. */
async function checkInUse(
  settings: Readonly<Record<string, string>>,
  full: FullFolder,
  before: Awaited<ReturnType<typeof answersOf>>,
): Promise<void> {
  {
    await using server = await startServer({ ...settings, ...atRest });
    expect(await answersOf(clientsOf(server.url), full)).toEqual(before);
    await server.stop();
  }
  await using server = await startServer(settings);
  const clients = clientsOf(server.url);
  expect(await untilEnded(clients, full.dreams.pending)).toBe(DreamStatus.COMPLETED);
  const reverted = await clients.dreams.revertDream({ id: full.dreams.updated });
  expect(reverted.dream?.id).toBe(full.dreams.updated);
  const team = await clients.stores.getMemory({
    memoryStoreId: full.storeId,
    key: { case: "path", value: "/team.md" },
  });
  expect(team.memory?.content).toContain("Maya leads billing.");
}

async function answersIn(settings: Readonly<Record<string, string>>, full: FullFolder) {
  await using server = await startServer({ ...settings, ...atRest });
  const answers = await answersOf(clientsOf(server.url), full);
  await server.stop();
  return answers;
}

test("all of a tenant is there again, answers as before, and goes on", { timeout: 240_000 }, async () => {
  await using from = await freshFolder();
  await using to = await freshFolder();
  const full = await fillStorage(dataIn(from.path));
  let a: string;
  {
    await using server = await startServer({ ...dataIn(from.path), ...atRest });
    a = await exported(from.path, "a.jsonl");
    await server.stop();
  }
  // Once more, since an export that changed anything would show it in the next.
  expect(await exported(from.path, "b.jsonl")).toBe(a);
  expect(await exported(from.path, "b.jsonl", ["--force"])).toBe(a);
  const dreams = a.split("\n").filter((line) => line.startsWith('{"kind":"dream"'));
  const statuses = dreams.map((line) => (JSON.parse(line) as { readonly status: string }).status);
  expect(statuses.toSorted()).toEqual(["canceled", "completed", "completed", "failed", "pending"]);
  expect(a).not.toContain("hunter2");

  const imported = await runCli(["import", join(from.path, "a.jsonl")], { cwd: to.path });
  expect(imported.code).toBe(0);
  expect(await exported(to.path, "c.jsonl")).toBe(a);
  await checkInUse(dataIn(to.path), full, await answersIn(dataIn(from.path), full));
});

describe("a process that is killed", () => {
  /** One store of 16 MB. */
  async function fillLarge(cwd: string): Promise<void> {
    await using server = await startServer(dataIn(cwd));
    const { stores } = clientsOf(server.url);
    const { memoryStore } = await stores.createMemoryStore({ name: "large" });
    const memoryStoreId = memoryStore?.id ?? "";
    for (let first = 0; first < 160; first += 20) {
      const memories = Array.from({ length: 20 }, (_, at) => ({
        path: `/${first + at}.md`,
        // Nothing that answers could be compressed to, so that as many bytes pass as there are.
        content: randomBytes(75_000).toString("base64"),
      }));
      await stores.putMemories({ memoryStoreId, memories });
    }
    await server.stop();
  }

  test("in the middle of an export leaves what the next goes on with", { timeout: 120_000 }, async () => {
    await using folder = await freshFolder();
    const cwd = folder.path;
    await fillLarge(cwd);
    const whole = await exported(cwd, "whole.jsonl");
    await using server = await startServer(dataIn(cwd));
    await using valve = await openValve(server.url, { from: "server", bytes: 8_500_000 });
    await using cli = startCli(["export", "--out", "out.jsonl", "--url", valve.url], { cwd });
    await appears(cwd, "out.jsonl.partial.cursor");
    await valve.shut;
    cli.child.kill("SIGKILL");
    await cli.result;
    expect((await readdir(cwd)).toSorted()).toEqual([
      ".reveried",
      "out.jsonl.partial",
      "out.jsonl.partial.cursor",
      "whole.jsonl",
    ]);
    valve.open();
    const answeredBefore = valve.answered();
    expect(await exported(cwd, "out.jsonl", ["--resume", "--url", valve.url])).toBe(whole);
    // It went on: less came again than had come before.
    expect(valve.answered() - answeredBefore).toBeLessThan(8_000_000);
    expect((await readdir(cwd)).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("in the middle of an import, with its server, leaves what the same import makes whole", {
    timeout: 120_000,
  }, async () => {
    await using from = await freshFolder();
    await using to = await freshFolder();
    await fillLarge(from.path);
    const whole = await exported(from.path, "a.jsonl");
    const file = join(from.path, "a.jsonl");
    {
      await using server = await startServer(dataIn(to.path));
      await using valve = await openValve(server.url, { from: "client", bytes: 5_000_000 });
      await using cli = startCli(["import", file, "--url", valve.url], { cwd: to.path });
      await valve.shut;
      expect(valve.answered()).toBeGreaterThan(0);
      cli.child.kill("SIGKILL");
      await server.kill();
    }
    const again = await runCli(["import", file, "--json"], { cwd: to.path });
    expect(again.code).toBe(0);
    const { written, present } = JSON.parse(again.stdout) as { written: number; present: number };
    expect(written).toBeGreaterThan(0);
    expect(present).toBeGreaterThan(20);
    expect(await exported(to.path, "b.jsonl")).toBe(whole);
  });

  test("at any time while it imports into the storage itself leaves the same", {
    timeout: 120_000,
  }, async () => {
    await using from = await freshFolder();
    await using to = await freshFolder();
    await fillLarge(from.path);
    const whole = await exported(from.path, "a.jsonl");
    const file = join(from.path, "a.jsonl");
    await using cli = startCli(["import", file], { cwd: to.path });
    await cli.wrote("importing");
    cli.child.kill("SIGKILL");
    await cli.result;
    expect((await runCli(["import", file], { cwd: to.path })).code).toBe(0);
    expect(await exported(to.path, "b.jsonl")).toBe(whole);
  });
});

/** Resolves once a file of that name is in the folder. */
async function appears(dir: string, name: string): Promise<void> {
  for await (const { filename } of watch(dir)) {
    if (filename === name && (await readdir(dir)).includes(name)) return;
  }
}

test("a damaged file is refused in one line with the number of a line, and nothing is made", {
  timeout: 120_000,
}, async () => {
  await using from = await freshFolder();
  const cwd = from.path;
  await fillStorage(dataIn(cwd));
  const lines = (await exported(cwd, "a.jsonl")).trimEnd().split("\n");
  const count = lines.length;
  const content = lines.findIndex((line) => line.startsWith('{"kind":"content"') && line.includes("Maya"));
  const swapped = lines.with(content, (lines[content] ?? "").replace("Maya", "Mayo"));
  const cases: readonly (readonly [title: string, content: string, message: string])[] = [
    ["truncated at a line", `${lines.slice(0, 9).join("\n")}\n`, "breaks off after line 9"],
    ["truncated within a line", lines.join("\n").slice(0, -20), `breaks off after line ${count - 1}`],
    ["a changed byte", swapped.join("\n"), `:${count}: the lines before it do not have the hash`],
    ["a lost line", lines.toSpliced(content, 1).join("\n"), `:${count - 1}: counts`],
    ["a line twice", lines.toSpliced(content, 0, lines[content] ?? "").join("\n"), `:${count + 1}: counts`],
    ["two exports in one", `${lines.join("\n")}\n${lines.join("\n")}`, `:${count + 1}: follows the end`],
  ];
  for (const [title, damaged, message] of cases) {
    await using folder = await freshFolder();
    await writeFile(join(folder.path, "x.jsonl"), damaged);
    const { code, stdout, stderr } = await runCli(["import", "x.jsonl"], { cwd: folder.path });
    const told = stderr.split("\n").filter((line) => line.startsWith("reveried:"));
    expect([title, code, stdout, told]).toEqual([title, 2, "", [expect.stringContaining(message)]]);
    expect(await readdir(folder.path)).toEqual(["x.jsonl"]);
  }

  // Whoever changes a text can put the last line right, too; then the text's own hash tells.
  const before = swapped.slice(0, -1).reduce((hash, line) => nextLinesHash(hash, line, sha256), noLinesHash);
  const end = JSON.stringify({ ...JSON.parse(lines.at(-1) ?? ""), hash: before });
  await writeFile(join(cwd, "forged.jsonl"), `${swapped.with(-1, end).join("\n")}\n`);
  await mkdir(join(cwd, "to"));
  const forged = await runCli(["import", "../forged.jsonl"], { cwd: join(cwd, "to") });
  expect([forged.code, forged.stderr]).toEqual([
    2,
    expect.stringContaining(`line ${content + 1}: content.hash: is not the hash`),
  ]);
});

await describeWith(["mongodb"], "MongoDB", ([url]) => {
  test("takes all of a tenant from SQLite, also in two goes, and answers as that did", {
    timeout: 300_000,
  }, async () => {
    await using from = await freshFolder();
    const full = await fillStorage(dataIn(from.path));
    const a = await exported(from.path, "a.jsonl");
    const env = { REVERIED_MONGODB_URL: url, REVERIED_MONGODB_DATABASE: freshName() };
    {
      await using cli = startCli(["import", "a.jsonl"], { cwd: from.path, env });
      await cli.wrote("importing");
      cli.child.kill("SIGKILL");
      await cli.result;
    }
    expect((await runCli(["import", "a.jsonl"], { cwd: from.path, env })).code).toBe(0);
    expect((await runCli(["export", "--out", "b.jsonl"], { cwd: from.path, env })).code).toBe(0);
    expect(await readFile(join(from.path, "b.jsonl"), text)).toBe(a);
    await checkInUse(env, full, await answersIn(dataIn(from.path), full));
  });
});
