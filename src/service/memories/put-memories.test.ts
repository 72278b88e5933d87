import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { memoryAt, storeWith } from "../../../test/support/stores.ts";

function put(world: Bundle, memoryStoreId: string, content: string, expectedSha256?: string) {
  const memories = [{ path: "/a.md", content, expectedSha256 }];
  return world.useCases.putMemories(world.principal, { memoryStoreId, memories });
}

const sha256 = (world: Bundle, text: string) => world.deps.digest.sha256(text);

describe("a put that expects what is at the path", () => {
  test("writes when it is so, and makes the next version", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const [memory] = await put(world, store, "two", sha256(world, "one"));
    expect(memory?.entry).toMatchObject({ version: 2, contentHash: sha256(world, "two") });
  });

  test("is told the hash the memory has now when it is another", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    await expect(put(world, store, "two", sha256(world, "zero"))).rejects.toMatchObject({
      kind: "version_mismatch",
      message: expect.stringContaining(`"/a.md"`),
      details: { field: "memories.expected_sha256", currentHash: sha256(world, "one") },
    });
    expect(await world.texts(store)).toEqual({ "/a.md": "one" });
  });

  test("is told an empty hash when there is no memory", async () => {
    await using world = await setup();
    const store = await storeWith(world);
    await expect(put(world, store, "two", sha256(world, "one"))).rejects.toMatchObject({
      kind: "version_mismatch",
      details: { currentHash: "" },
    });
  });

  test("writes where nothing is expected and nothing is", async () => {
    await using world = await setup();
    const store = await storeWith(world);
    await put(world, store, "one", "");
    expect(await world.texts(store)).toEqual({ "/a.md": "one" });
  });

  test("is told what is there when nothing was expected", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id } = await memoryAt(world, store, "/a.md");
    await expect(put(world, store, "two", "")).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringContaining(`"/a.md"`),
      details: { field: "memories.expected_sha256", blockedBy: id },
    });
  });

  test.each(["", "0".repeat(64)])(
    "changes nothing when the text is there already, whatever is expected: %j",
    async (expected) => {
      await using world = await setup();
      const store = await storeWith(world, { "/a.md": "one" });
      const [memory] = await put(world, store, "one", expected);
      expect(memory?.entry.version).toBe(1);
      const { store: after } = await world.useCases.getMemoryStore(world.principal, { id: store });
      expect(after.revision).toBe(1);
    },
  );

  test.each(["abc", "A".repeat(64), "g".repeat(64)])(
    "is refused when the hash is none: %s",
    async (expected) => {
      await using world = await setup();
      const store = await storeWith(world);
      await expect(put(world, store, "one", expected)).rejects.toMatchObject({
        kind: "invalid_argument",
        details: { field: "memories.expected_sha256" },
      });
    },
  );

  test("fails as a whole when one of its memories is not as expected", async () => {
    await using world = await setup();
    const memoryStoreId = await storeWith(world, { "/a.md": "one" });
    const memories = [
      { path: "/new.md", content: "x" },
      { path: "/a.md", content: "two", expectedSha256: "0".repeat(64) },
    ];
    await expect(
      world.useCases.putMemories(world.principal, { memoryStoreId, memories }),
    ).rejects.toMatchObject({ kind: "version_mismatch" });
    expect(await world.texts(memoryStoreId)).toEqual({ "/a.md": "one" });
  });
});

test("of many that create one path expecting nothing there, one wins", async () => {
  await using world = await setup();
  const store = await storeWith(world);
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => put(world, store, `${i}`, "")),
  );
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === "rejected") expect(answer.reason).toMatchObject({ kind: "conflict" });
  }
});

describe("who wrote", () => {
  const versions = async (world: Bundle, memoryStoreId: string) => {
    const all = { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null };
    const page = await world.useCases.listMemoryVersions(world.principal, {
      ...{ ...all, memoryStoreId, pageSize: 0, pageToken: "" },
    });
    return page.versions.map(({ actor }) => actor);
  };

  test("is the session, when one is named", async () => {
    await using world = await setup();
    const { storeId: memoryStoreId, sessionId } = await world.inputs();
    const memories = [{ path: "/a.md", content: "x" }];
    await world.useCases.putMemories(world.principal, { memoryStoreId, memories, sessionId });
    expect(await versions(world, memoryStoreId)).toEqual([{ kind: "session", id: sessionId }]);
  });

  test("is the caller's key, when none is named, and nobody without a key", async () => {
    await using world = await setup();
    const store = await storeWith(world);
    const memories = [{ path: "/b.md", content: "x" }];
    const principal = { ...world.principal, keyId: "key_1" };
    await put(world, store, "one");
    await world.useCases.putMemories(principal, { memoryStoreId: store, memories });
    expect(await versions(world, store)).toEqual([{ kind: "api_key", id: "key_1" }, null]);
  });

  test("must exist: an unknown session is not found and nothing is written", async () => {
    await using world = await setup();
    const memoryStoreId = await storeWith(world);
    const memories = [{ path: "/a.md", content: "x" }];
    await expect(
      world.useCases.putMemories(world.principal, { memoryStoreId, memories, sessionId: "sesn_none" }),
    ).rejects.toMatchObject({ kind: "not_found", message: expect.stringContaining("sesn_none") });
    expect(await world.texts(memoryStoreId)).toEqual({});
  });
});
