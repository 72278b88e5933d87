import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { memoryAt, put, storeWith } from "../../../test/support/stores.ts";
import type { ListMemoriesRequest } from "./list-memories.ts";

type Query = Partial<Omit<ListMemoriesRequest, "memoryStoreId">>;

function list(world: Bundle, memoryStoreId: string, query: Query = {}) {
  const all = { pathPrefix: "", depth: 0, pageSize: 0, pageToken: "", includeContent: false };
  return world.useCases.listMemories(world.principal, { ...all, memoryStoreId, ...query });
}

/** What each page shows, folders and paths in one order. */
async function pages(world: Bundle, storeId: string, query: Query): Promise<string[][]> {
  const found: string[][] = [];
  let pageToken = "";
  do {
    const page = await list(world, storeId, { ...query, pageToken });
    found.push([...page.folders, ...page.memories.map((memory) => memory.entry.path)].sort());
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found;
}

const tree = {
  "/a-b.md": "1",
  "/a.md": "2",
  "/a/1.md": "3",
  "/a/2.md": "4",
  "/a/b/3.md": "5",
  "/b/1/2/3.md": "6",
  "/c.md": "7",
};

describe("with depth 1", () => {
  test("a list has what is directly there, and each folder once", async () => {
    await using world = await setup();
    const store = await storeWith(world, tree);
    const top = await list(world, store, { depth: 1 });
    expect(top.folders).toEqual(["/a/", "/b/"]);
    expect(top.memories.map((memory) => memory.entry.path)).toEqual(["/a-b.md", "/a.md", "/c.md"]);
    expect(await list(world, store, { depth: 1, pathPrefix: "/" })).toEqual(top);
    const below = await list(world, store, { depth: 1, pathPrefix: "/a/" });
    expect(below.folders).toEqual(["/a/b/"]);
    expect(below.memories.map((memory) => memory.entry.path)).toEqual(["/a/1.md", "/a/2.md"]);
    expect(await list(world, store, { depth: 1, pathPrefix: "/none/" })).toMatchObject({
      folders: [],
      memories: [],
    });
  });

  test.each([1, 2, 3, 4, 5])(
    "pages of %i have all of it, and a page goes on behind a whole folder",
    async (pageSize) => {
      await using world = await setup();
      const store = await storeWith(world, tree);
      const found = await pages(world, store, { depth: 1, pageSize });
      expect(found.flat()).toEqual(["/a-b.md", "/a.md", "/a/", "/b/", "/c.md"]);
      expect(found.slice(0, -1).every((page) => page.length === pageSize)).toBe(true);
      expect(found.length).toBe(Math.ceil(5 / pageSize));
    },
  );

  test("a folder that fills while it is passed is not shown again", async () => {
    await using world = await setup();
    const store = await storeWith(world, tree);
    const first = await list(world, store, { depth: 1, pageSize: 3 });
    expect(first.folders).toEqual(["/a/"]);
    await put(world, store, { "/a/9.md": "x", "/a/z/9.md": "x", "/aa.md": "x" });
    const { pageToken } = { pageToken: first.nextPageToken };
    const rest = await list(world, store, { depth: 1, pageToken });
    expect(rest.folders).toEqual(["/b/"]);
    expect(rest.memories.map((memory) => memory.entry.path)).toEqual(["/aa.md", "/c.md"]);
  });

  test("a folder of more memories than a page is passed at once", async () => {
    await using world = await setup();
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`/f/${i}.md`, "x"]));
    const store = await storeWith(world, { ...many, "/g.md": "x" });
    expect(await pages(world, store, { depth: 1, pageSize: 2 })).toEqual([["/f/", "/g.md"]]);
  });
});

describe("pages with texts", () => {
  test("end early once the texts pass 2 MiB, and lose nothing", async () => {
    await using world = await setup();
    const text = "x".repeat(102_400);
    const store = await storeWith(
      world,
      Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`/${i}.md`, `${text.slice(3)}${100 + i}`])),
    );
    const found = await pages(world, store, { includeContent: true, pageSize: 100 });
    expect(found.map((page) => page.length)).toEqual([20, 20, 10]);
    expect(new Set(found.flat()).size).toBe(50);
    expect(await pages(world, store, { includeContent: false, pageSize: 100 })).toHaveLength(1);
  });

  test("show what the store has by then when a text was replaced and removed while it was read", async () => {
    await using world = await setup();
    const store = await storeWith(world, { "/a.md": "secret" });
    const { entry } = await memoryAt(world, store, "/a.md");
    const { memories } = world.deps;
    const getContents = memories.getContents.bind(memories);
    // As when another caller replaced the text and redacted it, between the look at the head and that at the text.
    Object.assign(memories, {
      async getContents(key: Parameters<typeof getContents>[0]) {
        if (key.hashes.includes(entry.contentHash)) {
          await put(world, store, { "/a.md": "new" });
          return new Map();
        }
        return getContents(key);
      },
    });
    const page = await list(world, store, { includeContent: true });
    expect(page.memories.map(({ content }) => content)).toEqual(["new"]);
  });
});

test("a text that is missing under a head that stands is a fault", async () => {
  await using world = await setup();
  const store = await storeWith(world, { "/a.md": "x" });
  Object.assign(world.deps.memories, { getContents: async () => new Map() });
  await expect(memoryAt(world, store, "/a.md")).rejects.toMatchObject({ kind: "internal" });
});

test("a page may end at any path there can be", async () => {
  await using world = await setup();
  const paths = ["a", "b"].map((name) => `/${'"'.repeat(500)}/${"\\".repeat(500)}${name}`);
  const store = await storeWith(world, Object.fromEntries(paths.map((path) => [path, "x"])));
  expect(await pages(world, store, { pageSize: 1 })).toEqual(paths.map((path) => [path]));
});

describe("a list refuses", () => {
  test.each<[string, Query, string]>([
    ["a prefix without its first slash", { pathPrefix: "a/" }, "path_prefix"],
    ["a prefix without its last slash", { pathPrefix: "/a" }, "path_prefix"],
    ["a prefix that is not canonical", { pathPrefix: "/a//" }, "path_prefix"],
    ["depth 2", { depth: 2 }, "depth"],
    ["depth -1", { depth: -1 }, "depth"],
    ["a page of 101", { pageSize: 101 }, "page_size"],
  ])("%s", async (_name, query, field) => {
    await using world = await setup();
    const store = await storeWith(world);
    await expect(list(world, store, query)).rejects.toMatchObject({
      kind: "invalid_argument",
      details: { field },
    });
  });

  test("the token of another prefix, depth or store", async () => {
    await using world = await setup();
    const store = await storeWith(world, tree);
    const other = await storeWith(world, tree);
    const { nextPageToken: pageToken } = await list(world, store, { pageSize: 1 });
    for (const call of [
      () => list(world, other, { pageToken }),
      () => list(world, store, { pageToken, depth: 1 }),
      () => list(world, store, { pageToken, pathPrefix: "/a/" }),
    ]) {
      await expect(call()).rejects.toMatchObject({
        kind: "invalid_argument",
        details: { field: "page_token" },
      });
    }
  });
});
