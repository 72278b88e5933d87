import { describe, expect, test } from "vitest";
import { aStore, caller, type Json, part } from "./calls.ts";
import { post, serveApp } from "./serve.ts";

describe("memories", () => {
  test("are written, read by id and by path, and listed in pages", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    const memories = ["/b.md", "/a/one.md", "/a/two.md"].map((path) => ({
      path,
      content: `text of ${path}`,
    }));
    const put = await call("MemoryStoreService/PutMemories", { memoryStoreId, memories });
    const stored = put.memories as Json[];
    expect(stored.map((memory) => memory.path)).toEqual(["/b.md", "/a/one.md", "/a/two.md"]);
    expect(stored[0]).not.toHaveProperty("content");

    const byPath = await call("MemoryStoreService/GetMemory", { memoryStoreId, path: "/b.md" });
    expect(part(byPath, "memory")).toMatchObject({
      content: "text of /b.md",
      contentSizeBytes: "13",
      version: "1",
    });
    const byId = await call("MemoryStoreService/GetMemory", { memoryStoreId, id: stored[0]?.id });
    expect(byId).toEqual(byPath);

    const first = await call("MemoryStoreService/ListMemories", { memoryStoreId, pageSize: 2 });
    const second = await call("MemoryStoreService/ListMemories", {
      memoryStoreId,
      pageSize: 2,
      pageToken: first.nextPageToken,
      includeContent: true,
    });
    expect([first, second].flatMap((page) => page.memories as Json[]).map((memory) => memory.path)).toEqual([
      "/a/one.md",
      "/a/two.md",
      "/b.md",
    ]);
    expect(second.nextPageToken).toBe("");
    const { memoryStore } = await call("MemoryStoreService/GetMemoryStore", { id: memoryStoreId });
    expect(memoryStore).toMatchObject({ memoryCount: "3", totalBytes: "47" });
  });
});

describe("sessions", () => {
  test("keep what was said: text and blocks, speaker, trust and time", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    const created = await call("SessionService/CreateSession", {
      title: "Standup",
      memoryStoreIds: [memoryStoreId],
      tags: ["team"],
      workspaceId: "w",
      metadata: { a: "b" },
    });
    const session = part(created, "session");
    const sessionId = session.id;
    const blocks = [
      { text: { text: "look" } },
      { toolUse: { toolUseId: "t1", name: "grep", inputJson: `{"q":1}` } },
      { toolResult: { toolUseId: "t1", text: "found", isError: true } },
      { other: { description: "image/png" } },
    ];
    const events = [
      { speaker: "Maya", text: "Hello", saidAt: "2026-01-02T03:04:05.678Z", id: "mine" },
      { speaker: "assistant", blocks },
      { speaker: "tool", text: "x", trust: "TRUST_IMPORTED" },
    ];
    await call("SessionService/AppendSessionEvents", { sessionId, events });
    const listed = await call("SessionService/ListSessionEvents", { sessionId });
    expect(listed).toMatchObject({
      nextAfterNumber: "0",
      events: [
        { id: "mine", number: "1", speaker: "Maya", trust: "TRUST_USER", saidAt: "2026-01-02T03:04:05.678Z" },
        { number: "2", speaker: "assistant", trust: "TRUST_ASSISTANT", blocks },
        { number: "3", speaker: "tool", trust: "TRUST_IMPORTED", blocks: [{ text: { text: "x" } }] },
      ],
    });
    const page = await call("SessionService/ListSessionEvents", { sessionId, afterNumber: 1, pageSize: 1 });
    expect(page).toMatchObject({ nextAfterNumber: "2", events: [{ number: "2" }] });
    const found = await call("SessionService/ListSessions", { tag: "team", workspaceId: "w", memoryStoreId });
    expect(found).toMatchObject({ sessions: [{ id: sessionId, lastEventNumber: "3", agentId: "" }] });
    const archived = await call("SessionService/ArchiveSession", { id: sessionId });
    expect(part(archived, "session")).toHaveProperty("archivedAt");
    expect(await call("SessionService/ListSessions", {})).toEqual({ sessions: [], nextPageToken: "" });
    expect(part(await call("SessionService/GetSession", { id: sessionId }), "session").id).toBe(sessionId);
  });
});

describe("a session", () => {
  test("is changed, and deleted with its events", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const session = part(
      await call("SessionService/CreateSession", { tags: ["a"], metadata: { a: "1" } }),
      "session",
    );
    const { id } = session;
    const changed = await call("SessionService/UpdateSession", {
      id,
      title: "new",
      metadata: { a: "", b: "2" },
      tags: { tags: ["b", "c"] },
    });
    expect(part(changed, "session")).toMatchObject({ title: "new", metadata: { b: "2" }, tags: ["b", "c"] });
    const cleared = await call("SessionService/UpdateSession", { id, tags: {} });
    expect(part(cleared, "session")).toMatchObject({ title: "new", metadata: { b: "2" }, tags: [] });
    const long = await post(served.url, "SessionService/UpdateSession", { id, title: "x".repeat(256) });
    expect(long.body).toEqual({ code: "invalid_argument", message: expect.stringMatching(/^title: .*255/) });
    await call("SessionService/ArchiveSession", { id });
    const { body, headers } = await post(served.url, "SessionService/UpdateSession", { id, title: "x" });
    expect(body.code).toBe("failed_precondition");
    expect(headers.get("reveried-field")).toBe("id");
    expect(await call("SessionService/DeleteSession", { id })).toEqual({});
    for (const rpc of ["GetSession", "UpdateSession", "DeleteSession"]) {
      const gone = await post(served.url, `SessionService/${rpc}`, { id });
      expect([gone.status, gone.body.code], rpc).toEqual([404, "not_found"]);
    }
  });
});

describe("dreams", () => {
  test("are created, listed, canceled, archived and watched", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const inputMemoryStoreId = await aStore(call);
    const request = { inputMemoryStoreId, instructions: "tidy", type: "DREAM_TYPE_CONSOLIDATE" };
    const dream = part(await call("DreamService/CreateDream", request), "dream");
    expect(dream).toMatchObject({
      status: "DREAM_STATUS_PENDING",
      type: "DREAM_TYPE_CONSOLIDATE",
      model: "auto",
      instructions: "tidy",
      sessionIds: [],
      outputBehavior: "OUTPUT_BEHAVIOR_CREATE_NEW",
      outputMemoryStoreId: "",
      lastEventNumber: 1,
      dryRun: false,
    });
    const { id } = dream;
    expect(await call("DreamService/GetDream", { id })).toEqual({ dream });
    expect(await call("DreamService/ListDreams", { statuses: ["DREAM_STATUS_PENDING"] })).toMatchObject({
      dreams: [{ id }],
    });
    for (let twice = 0; twice < 2; twice += 1) {
      const canceled = part(await call("DreamService/CancelDream", { id }), "dream");
      expect(canceled).toMatchObject({ status: "DREAM_STATUS_CANCELED", lastEventNumber: 2 });
    }
    expect(part(await call("DreamService/ArchiveDream", { id }), "dream")).toHaveProperty("archivedAt");
    expect(await call("DreamService/ListDreams", {})).toMatchObject({ dreams: [] });
    expect(await call("DreamService/ListDreams", { includeArchived: true })).toMatchObject({
      dreams: [{ id }],
    });
  });

  test("over a collection are one while scheduled, and many when triggered", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const collection = { workspaceId: "w", observer: "alice" };
    const first = await call("DreamService/ScheduleDream", collection);
    const second = await call("DreamService/ScheduleDream", collection);
    expect([first.alreadyActive, second.alreadyActive]).toEqual([false, true]);
    expect(part(second, "dream").id).toBe(part(first, "dream").id);
    expect(part(first, "dream").collection).toEqual({
      workspaceId: "w",
      observer: "alice",
      observed: "alice",
    });
    const third = await call("DreamService/TriggerDream", collection);
    expect(third.alreadyActive).toBe(false);
    expect(part(third, "dream").id).not.toBe(part(first, "dream").id);
  });
});

describe("bad input", () => {
  const idOfNothing = "drm_nothing";

  test.each<[string, string, Json, number, string, RegExp]>([
    ["an unknown id", "DreamService/GetDream", { id: idOfNothing }, 404, "not_found", /drm_nothing/],
    ["no id", "DreamService/GetDream", {}, 400, "invalid_argument", /^id: /],
    ["an id of 257", "DreamService/GetDream", { id: "x".repeat(257) }, 400, "invalid_argument", /^id: .*256/],
    ["a bad cursor", "DreamService/ListDreams", { pageToken: "x" }, 400, "invalid_argument", /^page_token: /],
    [
      "a page of 101",
      "DreamService/ListDreams",
      { pageSize: 101 },
      400,
      "invalid_argument",
      /^page_size: .*100/,
    ],
    ["status 0", "DreamService/ListDreams", { statuses: [0] }, 400, "invalid_argument", /^statuses: /],
    ["no store", "DreamService/CreateDream", {}, 400, "invalid_argument", /^input_memory_store_id: /],
    [
      "a page of -1",
      "DreamService/DiffDream",
      { id: idOfNothing, pageSize: -1 },
      400,
      "invalid_argument",
      /^page_size: /,
    ],
    [
      "no memory key",
      "MemoryStoreService/GetMemory",
      { memoryStoreId: "m" },
      400,
      "invalid_argument",
      /^key: /,
    ],
    ["an empty name", "MemoryStoreService/CreateMemoryStore", {}, 400, "invalid_argument", /^name: /],
    [
      "text and blocks",
      "SessionService/AppendSessionEvents",
      { sessionId: "s", events: [{ speaker: "a", text: "x", blocks: [{ text: { text: "y" } }] }] },
      400,
      "invalid_argument",
      /^events\[0\]\.text: /,
    ],
    [
      "an empty block",
      "SessionService/AppendSessionEvents",
      { sessionId: "s", events: [{ speaker: "a", blocks: [{}] }] },
      400,
      "invalid_argument",
      /^events\[0\]\.blocks\[0\]: /,
    ],
    [
      "an event number beyond all",
      "SessionService/ListSessionEvents",
      { sessionId: "s", afterNumber: "9223372036854775807" },
      400,
      "invalid_argument",
      /^after_number: /,
    ],
  ])("%s: %s is refused", async (_what, procedure, request, status, code, message) => {
    await using served = await serveApp();
    const answer = await post(served.url, procedure, request);
    expect(answer.body).toEqual({ code, message: expect.stringMatching(message) });
    expect(answer.status).toBe(status);
  });

  test.each<[string, (store: string) => Json, string, RegExp]>([
    [
      "4,097 characters of instructions",
      () => ({ instructions: "x".repeat(4_097) }),
      "invalid_argument",
      /^instructions: .*4096/,
    ],
    [
      "101 sessions",
      () => ({ sessionIds: Array.from({ length: 101 }, (_, i) => `s${i}`) }),
      "invalid_argument",
      /^session_ids: .*100/,
    ],
    ["a session that is not", () => ({ sessionIds: ["sesn_none"] }), "not_found", /sesn_none/],
    ["a model that is not mapped", () => ({ model: "gpt-none" }), "invalid_argument", /^model: /],
  ])("a dream with %s is refused and not made", async (_what, extra, code, message) => {
    await using served = await serveApp();
    const call = caller(served.url);
    const inputMemoryStoreId = await aStore(call);
    const request = { inputMemoryStoreId, ...extra(inputMemoryStoreId) };
    const { body } = await post(served.url, "DreamService/CreateDream", request);
    expect(body).toEqual({ code, message: expect.stringMatching(message) });
    expect(await call("DreamService/ListDreams", {})).toEqual({ dreams: [], nextPageToken: "" });
  });

  test.each([
    ["/a/../b", /^memories\.path: /],
    ["", /^memories\.path: /],
    [`/${"x".repeat(1_024)}`, /^memories\.path: .*1024/],
    ["/a\u0007", /^memories\.path: /],
  ])("a memory at %j is refused and nothing is written", async (path, message) => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    const memories = [
      { path: "/good.md", content: "x" },
      { path, content: "x" },
    ];
    const { body } = await post(served.url, "MemoryStoreService/PutMemories", { memoryStoreId, memories });
    expect(body).toEqual({ code: "invalid_argument", message: expect.stringMatching(message) });
    expect(await call("MemoryStoreService/ListMemories", { memoryStoreId })).toMatchObject({ memories: [] });
  });

  test("a memory of 102,401 bytes is too large, and one of 102,400 is not", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const memoryStoreId = await aStore(call);
    const put = (bytes: number) => ({
      memoryStoreId,
      memories: [{ path: "/a", content: "é".repeat(bytes / 2) }],
    });
    await call("MemoryStoreService/PutMemories", put(102_400));
    const { body, headers } = await post(served.url, "MemoryStoreService/PutMemories", put(102_402));
    expect(body).toEqual({ code: "resource_exhausted", message: expect.stringContaining("102400") });
    expect(headers.get("reveried-limit")).toBe("102400");
  });

  test("a second dream into the same store is told which dream has it", async () => {
    await using served = await serveApp();
    const call = caller(served.url);
    const request = {
      inputMemoryStoreId: await aStore(call),
      outputBehavior: "OUTPUT_BEHAVIOR_UPDATE_EXISTING",
    };
    const first = part(await call("DreamService/CreateDream", request), "dream");
    const { status, body, headers } = await post(served.url, "DreamService/CreateDream", request);
    expect([status, body.code]).toEqual([409, "already_exists"]);
    expect(headers.get("reveried-blocked-by")).toBe(first.id);
  });
});
