import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { copyOf, memoryAt, put, storeWith } from "../../../test/support/stores.ts";
import type { ListMemoryVersionsRequest } from "./list-memory-versions.ts";

type Query = Partial<Omit<ListMemoryVersionsRequest, "memoryStoreId">>;

function list(world: Bundle, memoryStoreId: string, query: Query = {}) {
  const any = { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null };
  const request = { ...any, pageSize: 0, pageToken: "", memoryStoreId, ...query };
  return world.useCases.listMemoryVersions(world.principal, request);
}

const brief = async (world: Bundle, storeId: string, query: Query = {}) =>
  (await list(world, storeId, query)).versions.map(
    ({ revision, operation, path, version }) => `${revision} ${operation} ${path} v${version}`,
  );

const get = (world: Bundle, memoryStoreId: string, id: string) =>
  world.useCases.getMemoryVersion(world.principal, { memoryStoreId, id });

/** Writes, moves and deletes; the time moves on a second after each. */
async function history(world: Bundle): Promise<{ storeId: string; memoryId: string; sessionId: string }> {
  const { storeId: memoryStoreId, sessionId } = await world.inputs({ "/a.md": "one", "/b.md": "b" });
  const { id } = await memoryAt(world, memoryStoreId, "/a.md");
  const nothing = { content: null, path: null, expectedSha256: null, expectedVersion: null, sessionId: null };
  const { principal, useCases, clock } = world;
  await clock.advance(1_000);
  await useCases.updateMemory(principal, { ...nothing, memoryStoreId, id, content: "two", sessionId });
  await clock.advance(1_000);
  await useCases.updateMemory(principal, { ...nothing, memoryStoreId, id, path: "/c.md" });
  await clock.advance(1_000);
  const { expectedSha256, expectedVersion } = nothing;
  await useCases.deleteMemory(principal, {
    memoryStoreId,
    id,
    expectedSha256,
    expectedVersion,
    sessionId: null,
  });
  return { storeId: memoryStoreId, memoryId: id, sessionId };
}

describe("versions of a store", () => {
  test("are listed newest first, what was deleted too, and each is read with its text", async () => {
    await using world = await setup();
    const { storeId, memoryId } = await history(world);
    const { versions, nextPageToken } = await list(world, storeId);
    expect(await brief(world, storeId)).toEqual([
      "4 deleted /c.md v4",
      "3 modified /c.md v3",
      "2 modified /a.md v2",
      "1 created /b.md v1",
      "1 created /a.md v1",
    ]);
    expect(nextPageToken).toBe("");
    expect(versions.every(({ content }) => content === null)).toBe(true);
    expect(versions[0]).toMatchObject({ memoryId, contentHash: null, sizeBytes: null });
    const texts = await Promise.all(versions.map(async ({ id }) => (await get(world, storeId, id)).content));
    expect(texts).toEqual([null, "two", "two", "b", "one"]);
  });

  test("come in pages, and a write between pages shifts nothing", async () => {
    await using world = await setup();
    const { storeId } = await history(world);
    const all = (await list(world, storeId)).versions.map(({ id }) => id);
    const found: string[] = [];
    let pageToken = "";
    do {
      const page = await list(world, storeId, { pageSize: 2, pageToken });
      found.push(...page.versions.map(({ id }) => id));
      pageToken = page.nextPageToken;
      await put(world, storeId, { "/new.md": `${found.length}` });
    } while (pageToken !== "");
    expect(found).toEqual(all);
  });

  test("are narrowed by memory, operation, actor and time, all of which must match", async () => {
    await using world = await setup();
    const from = world.clock.now();
    const { storeId, memoryId, sessionId } = await history(world);
    const operations = async (query: Query) =>
      (await list(world, storeId, query)).versions.map(({ operation, version }) => `${operation} ${version}`);
    expect(await operations({ memoryId })).toEqual(["deleted 4", "modified 3", "modified 2", "created 1"]);
    expect(await operations({ operation: "created" })).toEqual(["created 1", "created 1"]);
    expect(await operations({ actorId: sessionId })).toEqual(["modified 2"]);
    expect(await operations({ createdFrom: from + 1_000, createdTo: from + 2_000 })).toEqual([
      "modified 3",
      "modified 2",
    ]);
    expect(await operations({ memoryId, operation: "created", createdTo: from - 1 })).toEqual([]);
    expect(await operations({ memoryId, actorId: "sesn_none" })).toEqual([]);
  });

  test("are not another tenant's to see, and an unknown one is not found", async () => {
    await using world = await setup();
    const { storeId: memoryStoreId } = await history(world);
    const [newest] = (await list(world, memoryStoreId)).versions;
    const other = { tenant: "other", keyId: null };
    const id = newest?.id ?? "";
    for (const call of [
      () => world.useCases.getMemoryVersion(other, { memoryStoreId, id }),
      () => world.useCases.redactMemoryVersion(other, { memoryStoreId, id }),
      () => get(world, memoryStoreId, "memver_none"),
    ]) {
      await expect(call()).rejects.toMatchObject({ kind: "not_found" });
    }
  });

  test("whose text is nowhere kept any more have none", async () => {
    await using world = await setup();
    const storeId = await storeWith(world, { "/a.md": "one" });
    const { versionId } = await memoryAt(world, storeId, "/a.md");
    Object.assign(world.deps.memories, { getContents: async () => new Map() });
    expect(await get(world, storeId, versionId)).toMatchObject({ path: "/a.md", content: null });
  });

  test.each<[string, Query, string]>([
    ["a memory id of 257", { memoryId: "x".repeat(257) }, "memory_id"],
    ["an actor with a control character", { actorId: "a\u0000" }, "actor_id"],
    ["a page of 101", { pageSize: 101 }, "page_size"],
    ["a token that is none", { pageToken: "x" }, "page_token"],
  ])("cannot be listed with %s", async (_name, query, field) => {
    await using world = await setup();
    const storeId = await storeWith(world);
    await expect(list(world, storeId, query)).rejects.toMatchObject({
      kind: "invalid_argument",
      details: { field },
    });
  });
});

describe("what a copied store began with", () => {
  const memories = { "/b.md": "b", "/a.md": "a", "/c/d.md": "d" };

  test("is listed after all others in the order of paths, and read", async () => {
    await using world = await setup();
    const copy = (await copyOf(world, await storeWith(world, memories))).id;
    await put(world, copy, { "/a.md": "new", "/x.md": "x" });
    expect(await brief(world, copy)).toEqual([
      "1 created /x.md v1",
      "1 modified /a.md v2",
      "0 created /a.md v1",
      "0 created /b.md v1",
      "0 created /c/d.md v1",
    ]);
    const { versions } = await list(world, copy);
    const texts = await Promise.all(versions.map(async ({ id }) => (await get(world, copy, id)).content));
    expect(texts).toEqual(["x", "new", "a", "b", "d"]);
    expect(versions[2]).toMatchObject({ actor: null, redactedAt: null });
  });

  test.each([1, 2, 3, 4, 5])("comes in pages of %i with the others", async (pageSize) => {
    await using world = await setup();
    const copy = (await copyOf(world, await storeWith(world, memories))).id;
    await put(world, copy, { "/a.md": "new", "/x.md": "x" });
    const all = (await list(world, copy)).versions.map(({ id }) => id);
    const found: string[][] = [];
    let pageToken = "";
    do {
      const page = await list(world, copy, { pageSize, pageToken });
      found.push(page.versions.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(found.flat()).toEqual(all);
    expect(found).toHaveLength(Math.ceil(5 / pageSize));
  });

  test("is narrowed like the others", async () => {
    await using world = await setup();
    const from = await storeWith(world, memories);
    await world.clock.advance(5_000);
    const { id: copy, createdAt } = await copyOf(world, from);
    await world.clock.advance(5_000);
    await put(world, copy, { "/b.md": "new" });
    const { id: memoryId } = await memoryAt(world, copy, "/b.md");
    const paths = async (query: Query) => (await list(world, copy, query)).versions.map(({ path }) => path);
    expect(await brief(world, copy, { memoryId })).toEqual(["1 modified /b.md v2", "0 created /b.md v1"]);
    expect(await paths({ createdFrom: createdAt, createdTo: createdAt })).toEqual([
      "/a.md",
      "/b.md",
      "/c/d.md",
    ]);
    expect(await paths({ operation: "created" })).toEqual(["/a.md", "/b.md", "/c/d.md"]);
    expect(await paths({ operation: "modified" })).toEqual(["/b.md"]);
    expect(await paths({ createdTo: createdAt - 1 })).toEqual([]);
    expect(await paths({ createdFrom: createdAt + 1 })).toEqual(["/b.md"]);
    expect(await paths({ actorId: "key_1" })).toEqual([]);
    const second = await list(world, copy, { memoryId, pageSize: 1 });
    expect(await paths({ memoryId, pageSize: 1, pageToken: second.nextPageToken })).toEqual(["/b.md"]);
  });
});
