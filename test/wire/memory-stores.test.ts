import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aStore, type Caller, caller, type Json, part } from "./calls.ts";
import { post, serveApp } from "./serve.ts";

const service = "MemoryStoreService";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** The memories as they were put, by path. */
async function put(
  call: Caller,
  memoryStoreId: string,
  texts: Record<string, string>,
): Promise<Record<string, Json>> {
  const memories = Object.entries(texts).map(([path, content]) => ({ path, content }));
  const answer = await call(`${service}/PutMemories`, { memoryStoreId, memories });
  return Object.fromEntries((answer.memories as Json[]).map((memory) => [String(memory.path), memory]));
}

async function refused(url: string, procedure: string, body: Json) {
  const answer = await post(url, `${service}/${procedure}`, body);
  const told = (name: string) => answer.headers.get(`reveried-${name}`);
  return { code: answer.body.code, status: answer.status, message: String(answer.body.message), told };
}

describe("a store", () => {
  test("is changed, archived and deleted", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const id = await aStore(call, { metadata: { a: "1", b: "2" }, protectedPaths: ["/rules/"] });
    const changed = await call(`${service}/UpdateMemoryStore`, {
      id,
      name: "new",
      metadata: { a: "", c: "3" },
      protectedPaths: { paths: ["/me.md"] },
    });
    expect(part(changed, "memoryStore")).toMatchObject({
      name: "new",
      description: "",
      metadata: { b: "2", c: "3" },
      protectedPaths: ["/me.md"],
      revision: "0",
      copiedFromMemoryStoreId: "",
    });
    const cleared = await call(`${service}/UpdateMemoryStore`, { id, protectedPaths: {} });
    expect(part(cleared, "memoryStore").protectedPaths).toEqual([]);
    const archived = part(await call(`${service}/ArchiveMemoryStore`, { id }), "memoryStore");
    expect(archived).toHaveProperty("archivedAt");
    expect(part(await call(`${service}/ArchiveMemoryStore`, { id }), "memoryStore")).toEqual(archived);
    const update = await refused(served.url, "UpdateMemoryStore", { id, name: "x" });
    expect(update).toMatchObject({ code: "failed_precondition", status: 400 });
    expect(update.told("field")).toBe("id");
    expect(await call(`${service}/DeleteMemoryStore`, { id })).toEqual({});
    for (const procedure of [
      "GetMemoryStore",
      "UpdateMemoryStore",
      "ArchiveMemoryStore",
      "DeleteMemoryStore",
    ]) {
      expect(await refused(served.url, procedure, { id })).toMatchObject({ code: "not_found", status: 404 });
    }
  });

  test.each<[string, Json, RegExp]>([
    ["UpdateMemoryStore", { name: "" }, /^name: /],
    ["UpdateMemoryStore", { protectedPaths: { paths: ["a/"] } }, /^protected_paths\.paths\[0\]: /],
    ["ListMemories", { depth: 2 }, /^depth: /],
    ["UpdateMemory", { id: "mem_1" }, /^content: /],
    ["UpdateMemory", { content: "x" }, /^id: /],
    ["UpdateMemory", { id: "mem_1", content: "x", expectedVersion: "0" }, /^expected_version: /],
    ["DeleteMemory", { id: "mem_1", expectedSha256: "XYZ" }, /^expected_sha256: .*64/],
    ["ListMemoryVersions", { operation: 9 }, /^operation: /],
    ["ListMemoryVersions", { createdAfter: "0000-01-01T00:00:00Z" }, /created_after/],
    ["RedactMemoryVersion", {}, /^id: /],
  ])("%s %j is refused and says where", async (procedure, body, message) => {
    await using served = await serveApp();
    const id = await aStore(caller(served.url));
    const request = procedure === "UpdateMemoryStore" ? { id, ...body } : { memoryStoreId: id, ...body };
    expect(await refused(served.url, procedure, request)).toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(message),
    });
  });
});

describe("memories", () => {
  test("are changed, moved and deleted under preconditions", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    const memory = (await put(call, memoryStoreId, { "/a.md": "one", "/b.md": "b" }))["/a.md"];
    const name = { memoryStoreId, id: memory?.id };
    const changed = await call(`${service}/UpdateMemory`, {
      ...name,
      content: "two",
      expectedSha256: sha256("one"),
    });
    expect(part(changed, "memory")).toMatchObject({
      id: memory?.id,
      version: "2",
      contentSha256: sha256("two"),
    });
    expect(part(changed, "memory")).not.toHaveProperty("content");

    const late = await refused(served.url, "UpdateMemory", {
      ...name,
      content: "x",
      expectedSha256: sha256("one"),
    });
    expect(late).toMatchObject({ code: "aborted", status: 409 });
    expect(late.told("current-hash")).toBe(sha256("two"));
    const taken = await refused(served.url, "UpdateMemory", { ...name, path: "/b.md/c" });
    expect(taken).toMatchObject({
      code: "already_exists",
      status: 409,
      message: expect.stringContaining(`"/b.md"`),
    });
    expect(taken.told("blocked-by")).toMatch(/^mem_/);

    await call(`${service}/UpdateMemory`, { ...name, path: "/c/a.md", expectedVersion: 2 });
    const kept = await refused(served.url, "DeleteMemory", { ...name, expectedVersion: "2" });
    expect(kept.code).toBe("aborted");
    expect(await call(`${service}/DeleteMemory`, { ...name, expectedVersion: "3" })).toEqual({});
    expect((await refused(served.url, "DeleteMemory", name)).code).toBe("not_found");
  });

  test("are put only where what is expected is there, and in the name of a session", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    const sessionId = part(await call("SessionService/CreateSession", {}), "session").id;
    const request = (expectedSha256: string, content: string) => ({
      memoryStoreId,
      sessionId,
      memories: [{ path: "/a.md", content, expectedSha256 }],
    });
    await call(`${service}/PutMemories`, request("", "one"));
    await call(`${service}/PutMemories`, request("", "one"));
    const there = await refused(served.url, "PutMemories", request("", "two"));
    expect(there.code).toBe("already_exists");
    expect(there.told("blocked-by")).toMatch(/^mem_/);
    const other = await refused(served.url, "PutMemories", request(sha256("zero"), "two"));
    expect(other.code).toBe("aborted");
    expect(other.told("current-hash")).toBe(sha256("one"));
    await call(`${service}/PutMemories`, request(sha256("one"), "two"));
    const listed = await call(`${service}/ListMemoryVersions`, { memoryStoreId, actorId: sessionId });
    expect(listed.memoryVersions).toMatchObject([{ version: "2", actorId: sessionId }, { version: "1" }]);
    const nobody = await refused(served.url, "PutMemories", { ...request("", "x"), sessionId: "sesn_none" });
    expect(nobody.code).toBe("not_found");
  });

  test("are listed with the folders beside them", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    await put(call, memoryStoreId, { "/a/1.md": "1", "/a/2.md": "2", "/b.md": "3", "/c/d/e.md": "4" });
    const first = await call(`${service}/ListMemories`, { memoryStoreId, depth: 1, pageSize: 2 });
    expect(first).toMatchObject({ folders: ["/a/"], memories: [{ path: "/b.md" }] });
    const pageToken = first.nextPageToken;
    const second = await call(`${service}/ListMemories`, { memoryStoreId, depth: 1, pageSize: 2, pageToken });
    expect(second).toEqual({ folders: ["/c/"], memories: [], nextPageToken: "" });
  });
});

describe("versions", () => {
  test("are listed, read and redacted", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    const memory = (await put(call, memoryStoreId, { "/a.md": "secret" }))["/a.md"];
    const id = memory?.memoryVersionId;
    const current = await refused(served.url, "RedactMemoryVersion", { memoryStoreId, id });
    expect(current).toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("update or delete"),
    });
    await call(`${service}/DeleteMemory`, { memoryStoreId, id: memory?.id });
    const listed = (await call(`${service}/ListMemoryVersions`, { memoryStoreId, memoryId: memory?.id }))
      .memoryVersions as Json[];
    expect(listed).toMatchObject([
      {
        operation: "MEMORY_OPERATION_DELETED",
        path: "/a.md",
        contentSha256: "",
        contentSizeBytes: "0",
        storeRevision: "2",
      },
      {
        operation: "MEMORY_OPERATION_CREATED",
        contentSha256: sha256("secret"),
        version: "1",
        storeRevision: "1",
        actorId: "",
      },
    ]);
    expect(listed[1]).not.toHaveProperty("content");
    const page = await call(`${service}/ListMemoryVersions`, {
      memoryStoreId,
      operation: "MEMORY_OPERATION_CREATED",
      pageSize: 1,
    });
    expect(page).toMatchObject({ memoryVersions: [{ id }], nextPageToken: "" });
    const read = part(await call(`${service}/GetMemoryVersion`, { memoryStoreId, id }), "memoryVersion");
    expect(read).toEqual({ ...listed[1], content: "secret" });

    const answer = await call(`${service}/RedactMemoryVersion`, { memoryStoreId, id });
    expect(answer.copiesRemain).toBe(false);
    const redacted = part(answer, "memoryVersion");
    expect(redacted).toMatchObject({
      id,
      path: "",
      contentSha256: "",
      contentSizeBytes: "0",
      redactedBy: "",
    });
    expect(redacted).toHaveProperty("redactedAt");
    expect(await call(`${service}/GetMemoryVersion`, { memoryStoreId, id })).toEqual({
      memoryVersion: redacted,
    });
    for (const procedure of ["GetMemoryVersion", "RedactMemoryVersion"]) {
      const none = await refused(served.url, procedure, { memoryStoreId, id: "memver_none" });
      expect(none).toMatchObject({ code: "not_found", status: 404 });
    }
  });
});
