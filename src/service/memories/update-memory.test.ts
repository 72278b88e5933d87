import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { copyOf, memoryAt, put, storeWith } from "../../../test/support/stores.ts";
import type { DeleteMemoryRequest } from "./delete-memory.ts";
import type { UpdateMemoryRequest } from "./update-memory.ts";

const nothing = { content: null, path: null, expectedSha256: null, expectedVersion: null, sessionId: null };

function update(
  world: Bundle,
  memoryStoreId: string,
  id: string,
  change: Partial<Omit<UpdateMemoryRequest, "memoryStoreId" | "id">>,
) {
  return world.useCases.updateMemory(world.principal, { ...nothing, memoryStoreId, id, ...change });
}

function remove(
  world: Bundle,
  memoryStoreId: string,
  id: string,
  expected: Partial<Omit<DeleteMemoryRequest, "memoryStoreId" | "id">> = {},
) {
  const { expectedSha256, expectedVersion, sessionId } = nothing;
  const request = { expectedSha256, expectedVersion, sessionId, memoryStoreId, id, ...expected };
  return world.useCases.deleteMemory(world.principal, request);
}

async function revisionOf(world: Bundle, id: string): Promise<number> {
  return (await world.useCases.getMemoryStore(world.principal, { id })).store.revision;
}

describe("an update", () => {
  test("changes the text, keeps id and path, and makes the next version", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const before = await memoryAt(world, store, "/a.md");
    await world.clock.advance(1_000);
    const after = await update(world, store, before.id, { content: "two" });
    expect(after).toMatchObject({
      id: before.id,
      content: null,
      entry: { path: "/a.md", version: 2, sizeBytes: 3 },
    });
    expect(after.versionId).not.toBe(before.versionId);
    expect(after.entry.createdAt).toBe(before.entry.createdAt);
    expect(after.entry.updatedAt).toBe(world.clock.now());
    expect(await world.texts(store)).toEqual({ "/a.md": "two" });
  });

  test("moves a memory, which keeps id and text, and may change the text too", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id } = await memoryAt(world, store, "/a.md");
    expect(await update(world, store, id, { path: "/b/c.md" })).toMatchObject({ id, entry: { version: 2 } });
    expect(await world.texts(store)).toEqual({ "/b/c.md": "one" });
    await update(world, store, id, { path: "/d.md", content: "two" });
    expect(await world.texts(store)).toEqual({ "/d.md": "two" });
    expect((await memoryAt(world, store, "/d.md")).id).toBe(id);
  });

  test("may move a memory below itself, and up again", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a": "one" });
    const { id } = await memoryAt(world, store, "/a");
    await update(world, store, id, { path: "/a/b/c" });
    await update(world, store, id, { path: "/a" });
    expect(await world.texts(store)).toEqual({ "/a": "one" });
  });

  test("that changes nothing makes no version, whatever is expected", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id, versionId } = await memoryAt(world, store, "/a.md");
    const same = await update(world, store, id, {
      content: "one",
      path: "/a.md",
      expectedSha256: "0".repeat(64),
      expectedVersion: 7,
    });
    expect(same.versionId).toBe(versionId);
    expect(await revisionOf(world, store)).toBe(1);
  });

  test("of a memory that came with a copied store changes the copy alone", async () => {
    await using world = await setup();
    const from = await storeWith(world, { "/a.md": "one" });
    const copy = (await copyOf(world, from)).id;
    const inherited = await memoryAt(world, copy, "/a.md");
    expect((await update(world, copy, inherited.id, { content: "two" })).id).toBe(inherited.id);
    const { id } = await update(world, copy, inherited.id, { path: "/b.md" });
    expect(await memoryAt(world, copy, "/b.md")).toMatchObject({ id, content: "two", entry: { version: 3 } });
    expect(await world.texts(from)).toEqual({ "/a.md": "one" });
  });

  test("of a path that another memory has is told which", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "a", "/b.md": "b" });
    const [a, b] = [await memoryAt(world, store, "/a.md"), await memoryAt(world, store, "/b.md")];
    await expect(update(world, store, a.id, { path: "/b.md" })).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringContaining(`"/b.md"`),
      details: { field: "path", blockedBy: b.id },
    });
  });

  test.each([
    ["/b", "/b/c.md"],
    ["/b/c.md/d", "/b/c.md"],
  ])("to %s is told that %s is in the way", async (path, there) => {
    await using world = await setup();
    const store = await storeWith(world, { "/b/a.md": "a", "/b/c.md": "c" });
    const { id } = await memoryAt(world, store, "/b/a.md");
    const blocker = await memoryAt(world, store, there);
    await expect(update(world, store, id, { path })).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringContaining(JSON.stringify(there)),
      details: { field: "path", blockedBy: blocker.id },
    });
  });

  test.each<[string, Partial<UpdateMemoryRequest>, string, string]>([
    ["nothing to change", {}, "invalid_argument", "content"],
    ["a path that is not canonical", { path: "/a/" }, "invalid_argument", "path"],
    ["a path that is not NFC", { path: "/cafe\u0301" }, "invalid_argument", "path"],
    ["102,401 bytes", { content: "x".repeat(102_401) }, "too_large", "content"],
    ["a surrogate alone", { content: "\udfff" }, "invalid_argument", "content"],
    ["a NUL", { content: "\0" }, "invalid_argument", "content"],
    ["a hash that is none", { content: "x", expectedSha256: "" }, "invalid_argument", "expected_sha256"],
    ["version 0", { content: "x", expectedVersion: 0 }, "invalid_argument", "expected_version"],
  ])("with %s is refused", async (_name, change, kind, field) => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id } = await memoryAt(world, store, "/a.md");
    await expect(update(world, store, id, change)).rejects.toMatchObject({ kind, details: { field } });
    expect(await world.texts(store)).toEqual({ "/a.md": "one" });
  });

  test("of what is not there is not found: memory, store, session", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id } = await memoryAt(world, store, "/a.md");
    const other = { tenant: "other", keyId: null };
    const request = { ...nothing, memoryStoreId: store, id, content: "x" };
    for (const call of [
      () => update(world, store, "mem_none", { content: "x" }),
      () => update(world, "memstore_none", id, { content: "x" }),
      () => update(world, store, id, { content: "x", sessionId: "sesn_none" }),
      () => world.useCases.updateMemory(other, request),
    ]) {
      await expect(call()).rejects.toMatchObject({ kind: "not_found" });
    }
  });

  test("of an archived store is refused", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id } = await memoryAt(world, store, "/a.md");
    await world.useCases.archiveMemoryStore(world.principal, { id: store });
    await expect(update(world, store, id, { content: "x" })).rejects.toMatchObject({
      kind: "failed_precondition",
    });
    await expect(remove(world, store, id)).rejects.toMatchObject({ kind: "failed_precondition" });
  });
});

describe("a precondition", () => {
  test.each<[string, (hash: string) => Partial<UpdateMemoryRequest>]>([
    ["hash", (hash) => ({ expectedSha256: hash })],
    ["version", () => ({ expectedVersion: 1 })],
  ])(
    "on the %s: of two writers one wins, and the other is told the hash there is now",
    async (_what, expected) => {
      await using world = await setup();
      const store = await storeWith(world, { "/a.md": "one" });
      const { id, entry } = await memoryAt(world, store, "/a.md");
      const answers = await Promise.allSettled(
        ["two", "three"].map((content) =>
          update(world, store, id, { content, ...expected(entry.contentHash) }),
        ),
      );
      const won = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
      const lost = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
      expect(won).toHaveLength(1);
      expect(lost).toMatchObject([
        { kind: "version_mismatch", details: { currentHash: won[0]?.entry.contentHash } },
      ]);
      expect(won[0]?.entry.version).toBe(2);
    },
  );

  test("on both must hold in both", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id, entry } = await memoryAt(world, store, "/a.md");
    await update(world, store, id, { content: "two" });
    await update(world, store, id, { content: "one" });
    const asBefore = { expectedSha256: entry.contentHash, expectedVersion: 1 };
    await expect(update(world, store, id, { content: "x", ...asBefore })).rejects.toMatchObject({
      kind: "version_mismatch",
      message: expect.stringContaining("version 3"),
      details: { field: "expected_version", currentHash: entry.contentHash },
    });
    await update(world, store, id, { content: "x", ...asBefore, expectedVersion: 3 });
  });

  test("on a deletion keeps what changed since", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "one" });
    const { id, entry } = await memoryAt(world, store, "/a.md");
    await put(world, store, { "/a.md": "two" });
    for (const expected of [{ expectedSha256: entry.contentHash }, { expectedVersion: 1 }]) {
      await expect(remove(world, store, id, expected)).rejects.toMatchObject({
        kind: "version_mismatch",
        details: { currentHash: world.deps.digest.sha256("two") },
      });
    }
    await remove(world, store, id, { expectedVersion: 2 });
    expect(await world.texts(store)).toEqual({});
  });
});

describe("a deletion", () => {
  test("takes one memory, and again it is not found; a new one at its path has an id of its own", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "a", "/b.md": "b" });
    const { id } = await memoryAt(world, store, "/a.md");
    await remove(world, store, id);
    expect(await world.texts(store)).toEqual({ "/b.md": "b" });
    await expect(remove(world, store, id)).rejects.toMatchObject({ kind: "not_found" });
    await put(world, store, { "/a.md": "a" });
    expect(await memoryAt(world, store, "/a.md")).toMatchObject({
      id: expect.not.stringMatching(id),
      entry: { version: 1 },
    });
  });

  test("makes room for a memory where the folder was", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a/b.md": "x" });
    await remove(world, store, (await memoryAt(world, store, "/a/b.md")).id);
    await put(world, store, { "/a": "y" });
    expect(await world.texts(store)).toEqual({ "/a": "y" });
  });
});
