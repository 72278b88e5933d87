/** Export and import as people run them. */

import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { ExportResponseSchema, TransferService } from "../../gen/dream/v1/transfer_service_pb.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { type CliOptions, freshFolder, runCli, startCli } from "./cli-process.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const text = { encoding: "utf8" } as const;

/** A server over the data folder that commands in `cwd` look for. */
function serveIn(cwd: string): Promise<ServerProcess> {
  return startServer({ REVERIED_DATA_DIR: join(cwd, ".reveried") });
}

async function post(url: string, method: string, body: unknown): Promise<Record<string, { id: string }>> {
  const response = await fetch(`${url}/dream.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, { id: string }>;
}

/** A store of these texts, a session, and a completed dream over both if it is to be. */
async function fill(url: string, contents: readonly string[], dreams = true): Promise<void> {
  const { memoryStore } = await post(url, "MemoryStoreService/CreateMemoryStore", { name: "notes" });
  for (const [at, content] of contents.entries()) {
    const memories = [{ path: `/notes/${at}.md`, content }];
    await post(url, "MemoryStoreService/PutMemories", { memoryStoreId: memoryStore?.id, memories });
  }
  const { session } = await post(url, "SessionService/CreateSession", { title: "Talk" });
  const events = [{ speaker: "Maya", text: "The stand-up is at ten." }];
  await post(url, "SessionService/AppendSessionEvents", { sessionId: session?.id, events });
  if (!dreams) return;
  const request = { inputMemoryStoreId: memoryStore?.id, sessionIds: [session?.id] };
  const { dream } = await post(url, "DreamService/CreateDream", request);
  const shown = await runCli(["dreams", "watch", dream?.id ?? "", "--url", url], { cwd: process.cwd() });
  expect(shown.code).toBe(0);
}

const small = ["# A\n\n- The sky is blue.\n- The sky is blue.\n", "# B\n\n- Grass is green.\n"];
const large = Array.from({ length: 40 }, (_, at) => `${at} ${"x".repeat(100_000)}`);

test("a folder's data goes through a file into another, with a server running or not, the same to the byte", {
  timeout: 120_000,
}, async () => {
  await using from = await freshFolder();
  await using to = await freshFolder();
  {
    await using server = await serveIn(from.path);
    await fill(server.url, small);
    const exported = await runCli(["export", "--out", "a.jsonl"], { cwd: from.path });
    expect(exported.code).toBe(0);
    expect(exported.stdout).toMatch(
      /^Exported: 2 stores, \d+ versions, 2 sessions and 1 dream in \d+ lines, [\d.]+ kB, to a\.jsonl\nHash: [0-9a-f]{64}\n$/,
    );
    expect(await server.stop()).toBe(0);
  }
  const a = await readFile(join(from.path, "a.jsonl"), text);
  expect(await readdir(from.path)).toEqual([".reveried", "a.jsonl"]);
  const again = await runCli(["export", "--out", "b.jsonl", "--json"], { cwd: from.path });
  expect(JSON.parse(again.stdout)).toMatchObject({
    complete: true,
    counts: { store: 2, session: 2, dream: 1 },
  });
  expect(await readFile(join(from.path, "b.jsonl"), text)).toBe(a);

  const file = join(from.path, "a.jsonl");
  const imported = await runCli(["import", file], { cwd: to.path });
  expect(imported).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/\d+ records written, .*; 2 stores checked\n/),
  });
  await using server = await serveIn(to.path);
  const twice = await runCli(["import", file, "--json", "--from-line", "3"], { cwd: to.path });
  expect(twice.code).toBe(0);
  expect(JSON.parse(twice.stdout)).toMatchObject({ written: 0, storesChecked: 2 });
  const back = await runCli(["export", "--out", "c.jsonl", "--url", server.url], { cwd: from.path });
  expect(back.code).toBe(0);
  expect(await readFile(join(from.path, "c.jsonl"), text)).toBe(a);
  const listed = await runCli(["dreams", "list", "--status", "completed"], { cwd: to.path });
  expect(listed.stdout).toContain("drm_");
});

test("an export that broke off goes on, and is then the same as one that did not", {
  timeout: 120_000,
}, async () => {
  await using folder = await freshFolder();
  const cwd = folder.path;
  await using server = await serveIn(cwd);
  await fill(server.url, large, false);
  expect((await runCli(["export", "--out", "whole.jsonl"], { cwd })).code).toBe(0);
  const { transfer, mark } = await firstAnswer(server.url);
  const partial = join(cwd, "out.jsonl.partial");
  await writeFile(partial, `${transfer}{"kind":"torn`);
  await writeFile(`${partial}.cursor`, JSON.stringify({ ...mark, source: join(cwd, ".reveried") }));

  const refused = await runCli(["export", "--out", "out.jsonl"], { cwd });
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("go on with --resume, or delete it"),
  });
  const other = await runCli(["export", "--out", "out.jsonl", "--resume", "--url", server.url], { cwd });
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("was begun from") });
  const resumed = await runCli(["export", "--out", "out.jsonl", "--resume"], { cwd });
  expect(resumed.code).toBe(0);
  const whole = await readFile(join(cwd, "whole.jsonl"), text);
  expect(await readFile(join(cwd, "out.jsonl"), text)).toBe(whole);
  expect((await readdir(cwd)).filter((name) => name.includes("partial"))).toEqual([]);

  await server.kill();
  const gone = await runCli(["export", "--out", "none.jsonl", "--url", server.url], { cwd });
  expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining("no server answers") });
  expect(await readdir(cwd)).not.toContain("none.jsonl.partial");
});

/** The lines of the first answer of an export, and the mark behind them. */
async function firstAnswer(url: string) {
  const client = createClient(TransferService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
  for await (const { lines, cursor } of client.export({})) {
    return { transfer: lines, mark: { cursor, bytes: Buffer.byteLength(lines) } };
  }
  throw new Error("the export has no answer");
}

test("an import that is interrupted says where to go on, and goes on there", {
  timeout: 120_000,
}, async () => {
  await using from = await freshFolder();
  const cwd = from.path;
  {
    await using server = await serveIn(cwd);
    await fill(server.url, large, false);
    expect((await runCli(["export", "--out", "a.jsonl"], { cwd })).code).toBe(0);
  }
  // It takes the first lines, and never says what became of the next.
  let calls = 0;
  const second = Promise.withResolvers<void>();
  const stuck = createServer((request, response) => {
    request.resume();
    calls += 1;
    if (calls === 1) response.writeHead(200, { "content-type": "application/proto" }).end();
    else second.resolve();
  });
  await new Promise<void>((resolve) => stuck.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = stuck.address() as { port: number };
    await using cli = startCli(["import", "a.jsonl", "--url", `http://127.0.0.1:${port}`], { cwd });
    await second.promise;
    cli.child.kill("SIGINT");
    const interrupted = await cli.result;
    expect(interrupted).toMatchObject({ signal: "SIGINT" });
    const line =
      /go on with: reveried import a\.jsonl --from-line (\d+)\n/.exec(interrupted.stderr)?.[1] ?? "";
    expect(Number(line)).toBeGreaterThan(5);

    await using to = await freshFolder();
    const file = join(cwd, "a.jsonl");
    const lines = (await readFile(file, text)).split("\n");
    await writeFile(join(to.path, "part.jsonl"), `${lines.slice(0, Number(line) - 1).join("\n")}\n`);
    const part = await runCli(["import", "part.jsonl", "--allow-partial"], { cwd: to.path });
    expect(part).toMatchObject({ code: 0, stdout: expect.stringContaining("The file breaks off") });
    expect((await runCli(["import", file, "--from-line", line], { cwd: to.path })).code).toBe(0);
    expect((await runCli(["export", "--out", "b.jsonl"], { cwd: to.path })).code).toBe(0);
    expect(await readFile(join(to.path, "b.jsonl"), text)).toBe(lines.join("\n"));
  } finally {
    stuck.closeAllConnections();
    stuck.close();
  }
});

test("an export that is interrupted keeps what it has, and says how to go on", async () => {
  await using folder = await freshFolder();
  const lines = '{"kind":"begin","format":"reveried-export","version":1}\n';
  const message = toBinary(ExportResponseSchema, create(ExportResponseSchema, { lines, cursor: "c1" }));
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  // It sends one answer, and nothing after it.
  const stuck = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "application/connect+proto" });
    response.write(Buffer.concat([envelope, message]));
  });
  await new Promise<void>((resolve) => stuck.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(stuck.address() as { port: number }).port}`;
    await using cli = startCli(["export", "--out", "a.jsonl", "--url", url], { cwd: folder.path });
    const partial = join(folder.path, "a.jsonl.partial");
    const isWritten = async () => (await readFile(partial, text).catch(() => "")) === lines;
    while (!(await isWritten())) await new Promise((resolve) => setImmediate(resolve));
    cli.child.kill("SIGINT");
    expect(await cli.result).toMatchObject({
      signal: "SIGINT",
      stderr: expect.stringContaining("go on with: reveried export --out a.jsonl --resume"),
    });
    expect(JSON.parse(await readFile(`${partial}.cursor`, text))).toEqual({
      source: url,
      cursor: "c1",
      bytes: lines.length,
    });
    expect(await readFile(partial, text)).toBe(lines);
  } finally {
    stuck.closeAllConnections();
    stuck.close();
  }
});

describe("a file that cannot be imported is told in one line, with exit code 2, and nothing is made", () => {
  const begin = '{"kind":"begin","format":"reveried-export","version":1}\n';
  const cases: readonly (readonly [string, string, string])[] = [
    ["is not there", "", "there is no such file"],
    ["is no export", "hello\n", "is no export of reveried"],
    ["is of a newer format", begin.replace("1}", "2}"), "use a newer one"],
    ["breaks off", begin, "breaks off after line 1, so something is missing"],
    ["does not match its end", `${begin}{"kind":"end","counts":{},"hash":""}\n`, "lines were lost or added"],
    ["has a line without end", `${begin}${"x".repeat(64)}`, ":2: is longer than 8323072 bytes"],
  ];
  test.each(cases)("%s", async (title, content, message) => {
    await using folder = await freshFolder();
    const file = join(folder.path, "x.jsonl");
    if (content !== "") await writeFile(file, content);
    if (title.includes("without end")) await truncate(file, 1_000_000_000);
    const { code, stdout, stderr } = await runCli(["import", "x.jsonl"], { cwd: folder.path });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    const told = stderr.split("\n").filter((line) => line.startsWith("reveried:"));
    expect(told).toEqual([expect.stringContaining(message)]);
    expect(await readdir(folder.path)).toEqual(content === "" ? [] : ["x.jsonl"]);
  });

  test.each([
    [["export"], "--out is needed"],
    [["export", "--out", "a.jsonl"], "there is no data folder"],
    [["export", "--out", "there"], "is there already"],
    [["import"], "missing FILE"],
    [["import", "there", "--from-line", "x"], "--from-line must be a whole number"],
    [["import", "there"], "is no regular file"],
  ])("%j is refused", async (args, message) => {
    await using folder = await freshFolder();
    await mkdir(join(folder.path, "there"));
    const { code, stderr } = await runCli(args, { cwd: folder.path });
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(await readdir(folder.path)).toEqual(["there"]);
  });
});

await describeWith(["mongodb"], "SQLite and MongoDB", ([url]) => {
  test("export from the one, import into the other, the same hash, in both directions", {
    timeout: 180_000,
  }, async () => {
    await using from = await freshFolder();
    await using back = await freshFolder();
    {
      await using server = await serveIn(from.path);
      await fill(server.url, small);
    }
    const env = { REVERIED_MONGODB_URL: url, REVERIED_MONGODB_DATABASE: freshName() };
    const hashOf = async (args: readonly string[], options: CliOptions): Promise<string> => {
      const { code, stdout, stderr } = await runCli([...args, "--json"], options);
      expect([code, stderr]).toEqual([0, ""]);
      return (JSON.parse(stdout) as { hash: string }).hash;
    };
    const hash = await hashOf(["export", "--out", "a.jsonl"], { cwd: from.path });
    expect(await hashOf(["import", "a.jsonl"], { cwd: from.path, env })).toBe(hash);
    expect(await hashOf(["export", "--out", "b.jsonl"], { cwd: from.path, env })).toBe(hash);
    const b = join(from.path, "b.jsonl");
    expect(await hashOf(["import", b], { cwd: back.path })).toBe(hash);
    expect(await hashOf(["export", "--out", "c.jsonl"], { cwd: back.path })).toBe(hash);
    expect(await readFile(join(back.path, "c.jsonl"), text)).toBe(
      await readFile(join(from.path, "a.jsonl"), text),
    );
  });
});
