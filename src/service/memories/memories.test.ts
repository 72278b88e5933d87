import { describe, expect, test } from "vitest";
import { setup } from "../../../test/support/bundle.ts";
import { memoryAt, put, storeWith } from "../../../test/support/stores.ts";

describe("put refuses, names the field, and writes nothing of the call", () => {
  const long = `/${"é".repeat(512)}`;
  const cases: [string, string, string, string][] = [
    ["an empty path", "", "x", "invalid_argument"],
    ["a relative path", "a.md", "x", "invalid_argument"],
    ["a parent segment", "/a/../b.md", "x", "invalid_argument"],
    ["a dot segment", "/./b.md", "x", "invalid_argument"],
    ["an empty segment", "/a//b.md", "x", "invalid_argument"],
    ["a slash at the end", "/a/", "x", "invalid_argument"],
    ["1,025 bytes", long, "x", "invalid_argument"],
    ["21 segments", "/a".repeat(21), "x", "invalid_argument"],
    ["a control character", "/a\u0007.md", "x", "invalid_argument"],
    ["a line separator", "/a\u2028.md", "x", "invalid_argument"],
    ["a form that is not NFC", "/cafe\u0301.md", "x", "invalid_argument"],
    ["102,401 bytes of content", "/a.md", "x".repeat(102_401), "too_large"],
    ["a NUL", "/a.md", "a\0b", "invalid_argument"],
    ["a surrogate alone", "/a.md", "\ud800", "invalid_argument"],
  ];
  test.each(cases)("%s", async (_name, path, content, kind) => {
    await using world = await setup();
    const store = await storeWith(world);
    await expect(put(world, store, { "/good.md": "x", [path]: content })).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(/memories\.(path|content)/),
    });
    expect(await world.texts(store)).toEqual({});
  });
});

test("102,400 bytes and 1,024 bytes of path are kept byte for byte", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  const path = `/${"é".repeat(511)}a`;
  const content = `${"🌙".repeat(25_599)}e\u0301x`;
  await put(world, store, { [path]: content });
  expect(await world.texts(store)).toEqual({ [path]: content });
});

test("a path cannot be a memory and a folder at once, and the memory in the way is named", async () => {
  await using world = await setup();
  const store = await storeWith(world, { "/a/b.md": "x", "/a/c.md": "x" });
  const { id } = await memoryAt(world, store, "/a/b.md");
  await expect(put(world, store, { "/a": "x" })).rejects.toMatchObject({
    kind: "conflict",
    message: expect.stringContaining(`"/a/b.md"; memory ${id} is in the way`),
    details: { field: "memories.path", blockedBy: id },
  });
  await expect(put(world, store, { "/a/b.md/c/d": "x" })).rejects.toMatchObject({
    kind: "conflict",
    details: { blockedBy: id },
  });
  await put(world, store, { "/a.md": "x", "/ab": "x", "/a-/c": "x" });
});

test("two new paths of a call cannot be a memory and its folder, and nothing of the call is written", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  const conflict = { kind: "conflict", message: expect.stringMatching(/"\/n".*"\/n\/m\/x"/) };
  await expect(put(world, store, { "/ok": "x", "/n/m/x": "x", "/n": "x" })).rejects.toMatchObject(conflict);
  expect(await world.texts(store)).toEqual({});
});

test("paths that differ by case are two memories", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  await put(world, store, { "/Notes.md": "one", "/notes.md": "two" });
  expect(await world.texts(store)).toEqual({ "/Notes.md": "one", "/notes.md": "two" });
});

test.each<[string, number, RegExp]>([
  ["no memory", 0, /empty/],
  ["501 memories", 501, /500.*501/],
])("%s in a call is refused", async (_name, count, message) => {
  await using world = await setup();
  const store = await storeWith(world);
  const memories = Object.fromEntries(Array.from({ length: count }, (_, i) => [`/${i}`, "x"]));
  await expect(put(world, store, memories)).rejects.toMatchObject({
    kind: "invalid_argument",
    message: expect.stringMatching(message),
  });
});

test("a path twice in a call is refused", async () => {
  await using world = await setup();
  const memoryStoreId = await storeWith(world);
  const memories = [
    { path: "/a", content: "1" },
    { path: "/a", content: "2" },
  ];
  await expect(
    world.useCases.putMemories(world.principal, { memoryStoreId, memories }),
  ).rejects.toMatchObject({
    kind: "invalid_argument",
    message: expect.stringContaining(`"/a" stands twice`),
  });
});

test("the same text again makes no version; another text makes the next and keeps the id", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  const [first] = await put(world, store, { "/a.md": "one" });
  const [same] = await put(world, store, { "/a.md": "one" });
  const [next] = await put(world, store, { "/a.md": "two" });
  expect(same).toEqual(first);
  expect(next?.id).toBe(first?.id);
  expect(next?.versionId).not.toBe(first?.versionId);
  expect(next?.entry.version).toBe(2);
});

test("two writers of different paths both win", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  await Promise.all(Array.from({ length: 20 }, (_, i) => put(world, store, { [`/m/${i}.md`]: `${i}` })));
  expect(Object.keys(await world.texts(store))).toHaveLength(20);
  const view = await world.useCases.getMemoryStore(world.principal, { id: store });
  expect(view.head).toMatchObject({ entryCount: 20, totalBytes: 30 });
});

test("a memory is found by id and by path, and the clone a dream makes has ids of its own", async () => {
  await using world = await setup();
  world.worker().start();
  const created = await world.dream();
  await world.clock.settle();
  const dream = await world.get(created.id);
  const key = { by: "path", path: "/old.md" } as const;
  const mine = await world.useCases.getMemory(world.principal, {
    memoryStoreId: dream.inputs.memoryStoreId,
    key,
  });
  const output = dream.ids?.outputStoreId ?? "";
  const cloned = await world.useCases.getMemory(world.principal, { memoryStoreId: output, key });
  expect(cloned.content).toBe("old");
  expect(cloned.id).not.toBe(mine.id);
  const byId = await world.useCases.getMemory(world.principal, {
    memoryStoreId: output,
    key: { by: "id", id: cloned.id },
  });
  expect(byId).toEqual(cloned);
  await expect(
    world.useCases.getMemory(world.principal, { memoryStoreId: output, key: { by: "id", id: mine.id } }),
  ).rejects.toMatchObject({ kind: "not_found" });
});

test("pages of memories go by path, a prefix narrows them, and a write between pages shifts nothing", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  await put(world, store, { "/b/1.md": "1", "/b/2.md": "2", "/b/3.md": "3", "/c.md": "c", "/B/x.md": "x" });
  const list = (pageToken: string) =>
    world.useCases.listMemories(world.principal, {
      memoryStoreId: store,
      pathPrefix: "/b/",
      depth: 0,
      pageSize: 2,
      pageToken,
      includeContent: false,
    });
  const first = await list("");
  await put(world, store, { "/b/0.md": "0" });
  const second = await list(first.nextPageToken);
  expect([...first.memories, ...second.memories].map((memory) => memory.entry.path)).toEqual([
    "/b/1.md",
    "/b/2.md",
    "/b/3.md",
  ]);
  expect(first.memories[0]?.content).toBeNull();
});

test("a store has at most 10,000 memories", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  for (let batch = 0; batch < 20; batch += 1) {
    await put(
      world,
      store,
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`/n/${batch}-${i}.md`, "x"])),
    );
  }
  await expect(put(world, store, { "/one-more.md": "x" })).rejects.toMatchObject({
    kind: "resource_exhausted",
    details: { limit: 10_000 },
  });
});
