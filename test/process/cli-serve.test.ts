import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freshFolder, runCli, startServe } from "./cli-process.ts";

describe("serve", () => {
  test("ends with 0 on SIGTERM and leaves the folder free", async () => {
    await using folder = await freshFolder();
    await using server = await startServe(folder.path);
    server.child.kill("SIGTERM");
    expect((await server.result).code).toBe(0);
    await using again = await startServe(folder.path);
    again.child.kill("SIGINT");
    expect((await again.result).code).toBe(0);
  });

  test("refuses a port that is in use, and a folder that is in use, in one line", async () => {
    await using folder = await freshFolder();
    await using server = await startServe(folder.path);
    const { port } = new URL(server.url ?? "");
    const samePort = await runCli(["serve", "--port", port, "--data-dir", join(folder.path, "b")], {
      cwd: folder.path,
    });
    expect(samePort.stderr).toMatch(/^reveried: port \d+ on 127\.0\.0\.1 is in use; .*\n$/);
    expect(samePort.code).toBe(5);
    const sameFolder = await runCli(["serve", "--port", "0"], { cwd: folder.path });
    expect(sameFolder.stderr).toContain(`is in use by process ${server.child.pid} (it serves ${server.url})`);
    expect(sameFolder.code).toBe(5);
    server.child.kill("SIGTERM");
    await server.result;
  });

  test("without the role api opens no port", async () => {
    await using folder = await freshFolder();
    await using server = await startServe(folder.path, ["--role", "worker,relay"]);
    expect(server.url).toBeNull();
    server.child.kill("SIGTERM");
    expect((await server.result).code).toBe(0);
  });
});

describe("commands about a running server", () => {
  test("find it by its data folder, and do to dreams what they say", async () => {
    await using folder = await freshFolder();
    await using server = await startServe(folder.path);
    const run = (...args: string[]) => runCli(args, { cwd: folder.path });
    const health = await run("health");
    expect(health).toMatchObject({ code: 0, stdout: expect.stringContaining(`${server.url} is ready`) });
    expect((await run("dreams", "list")).stdout).toBe("There are no dreams.\n");

    const store = await post(server.url, "MemoryStoreService/CreateMemoryStore", { name: "notes" });
    const storeId = (store as { memoryStore: { id: string } }).memoryStore.id;
    await post(server.url, "MemoryStoreService/PutMemories", {
      memoryStoreId: storeId,
      memories: [{ path: "/a.md", content: "# A\n\n- The sky is blue.\n- The sky is blue.\n" }],
    });
    const created = await run("dreams", "create", "--store", storeId, "--json");
    const { id } = JSON.parse(created.stdout) as { id: string };
    const watched = await run("dreams", "watch", id, "--json");
    expect(watched.code).toBe(0);
    const updates = watched.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event?: { number: number } });
    expect(updates.flatMap(({ event }) => event?.number ?? [])).toEqual([1, 2, 3]);
    expect((await run("dreams", "get", id)).stdout).toMatch(/^status +completed$/m);
    expect((await run("dreams", "list", "--status", "completed")).stdout).toContain(id);
    expect((await run("dreams", "diff", id)).code).toBe(0);

    const canceled = await run("dreams", "cancel", id);
    expect(canceled).toMatchObject({ code: 5, stdout: "" });
    expect((await run("dreams", "archive", id)).stdout).toMatch(/^archived +20/m);
    expect((await run("dreams", "list")).stdout).toBe("There are no dreams.\n");
    expect(JSON.parse((await run("dreams", "list", "--archived", "--json")).stdout)).toMatchObject({
      dreams: [{ id }],
      more: false,
    });
    const unknown = await run("dreams", "get", "drm_x");
    expect(unknown).toMatchObject({ code: 4, stderr: 'reveried: dream "drm_x" not found\n' });
    const inUse = await run("migrate");
    expect(inUse.code).toBe(5);

    server.child.kill("SIGTERM");
    expect((await server.result).code).toBe(0);
  });
});

async function post(url: string | null, method: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${url}/dream.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return response.json();
}
