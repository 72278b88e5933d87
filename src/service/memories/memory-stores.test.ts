import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { copyOf, memoryAt, put, storeWith } from "../../../test/support/stores.ts";
import { limits } from "../../core/limits.ts";
import type { CreateMemoryStoreRequest } from "./create-memory-store.ts";
import type { UpdateMemoryStoreRequest } from "./update-memory-store.ts";

const metadata = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "v"]));

async function create(world: Bundle, fields: Partial<CreateMemoryStoreRequest> = {}) {
  const plain = { name: "notes", description: "", metadata: {}, protectedPaths: [] };
  return (await world.useCases.createMemoryStore(world.principal, { ...plain, ...fields })).store;
}

async function update(world: Bundle, id: string, change: Partial<UpdateMemoryStoreRequest>) {
  const nothing = { id, name: null, description: null, metadata: {}, protectedPaths: null };
  return (await world.useCases.updateMemoryStore(world.principal, { ...nothing, ...change })).store;
}

const get = async (world: Bundle, id: string) =>
  (await world.useCases.getMemoryStore(world.principal, { id })).store;

describe("a new store", () => {
  test("is empty, without history, and protects what it was told to", async () => {
    await using world = await setup();
    const store = await create(world, { protectedPaths: ["/rules/", "/me.md"] });
    expect(store).toMatchObject({ revision: 0, origin: null, protectedPaths: ["/rules/", "/me.md"] });
    expect(await get(world, store.id)).toEqual(store);
  });

  test.each<[string, Partial<CreateMemoryStoreRequest>, RegExp]>([
    ["no name", { name: "" }, /^name: /],
    ["a name with a line break", { name: "a\nb" }, /^name: /],
    ["256 characters of name", { name: "é".repeat(256) }, /^name: .*255/],
    ["1,025 characters of description", { description: "x".repeat(1_025) }, /^description: .*1024/],
    ["17 pairs", { metadata: metadata(17) }, /^metadata: .*16/],
    ["a path that is not canonical", { protectedPaths: ["/a//"] }, /^protected_paths\[0\]: /],
    [
      "101 protected paths",
      { protectedPaths: Object.keys(metadata(101)).map((key) => `/${key}`) },
      /^protected_paths: .*100/,
    ],
  ])("with %s is refused", async (_name, fields, message) => {
    await using world = await setup();
    await expect(create(world, fields)).rejects.toMatchObject({
      kind: "invalid_argument",
      message: expect.stringMatching(message),
    });
  });

  test("is one of at most 10,000 of a tenant, whoever makes it", async () => {
    await using world = await setup();
    let stores = limits.storesPerTenant;
    Object.assign(world.deps.memories, { count: async () => stores });
    const full = { kind: "resource_exhausted", details: { limit: limits.storesPerTenant } };
    await expect(create(world)).rejects.toMatchObject(full);
    const request = {
      workspaceId: "w",
      observer: "a",
      observed: null,
      type: "omni",
      sessionId: null,
    } as const;
    await expect(world.useCases.scheduleDream(world.principal, request)).rejects.toMatchObject(full);
    stores -= 1;
    await create(world);
  });
});

describe("an update of a store", () => {
  test("changes what it names, patches metadata, and leaves the rest", async () => {
    await using world = await setup();
    const before = await create(world, {
      description: "d",
      metadata: { a: "1", b: "2" },
      protectedPaths: ["/a"],
    });
    await world.clock.advance(1_000);
    const after = await update(world, before.id, { name: "new", metadata: { a: "", c: "3" } });
    expect(after).toEqual({
      ...before,
      name: "new",
      metadata: { b: "2", c: "3" },
      edition: 2,
      updatedAt: before.updatedAt + 1_000,
    });
    expect(await get(world, before.id)).toEqual(after);
    expect((await update(world, before.id, { description: "" })).description).toBe("");
  });

  test("of protected paths puts them in place of those that were, and describes nothing anew", async () => {
    await using world = await setup();
    const before = await create(world, { protectedPaths: ["/a"] });
    await world.clock.advance(1_000);
    const after = await update(world, before.id, { protectedPaths: ["/b/"] });
    expect(after).toMatchObject({ protectedPaths: ["/b/"], updatedAt: before.updatedAt });
    expect((await update(world, before.id, { protectedPaths: [] })).protectedPaths).toEqual([]);
  });

  test("that changes nothing writes nothing", async () => {
    await using world = await setup();
    const before = await create(world, { metadata: { a: "1", b: "2" }, protectedPaths: ["/a"] });
    await world.clock.advance(1_000);
    for (const change of [
      {},
      { name: "notes", description: "", metadata: { a: "1", none: "" }, protectedPaths: ["/a"] },
    ]) {
      expect(await update(world, before.id, change)).toEqual(before);
    }
  });

  test("leaves memories and history alone, and a write of memories leaves it alone", async () => {
    await using world = await setup();
    const { id } = await create(world);
    await Promise.all([put(world, id, { "/a.md": "x" }), update(world, id, { name: "new" })]);
    expect(await get(world, id)).toMatchObject({ name: "new", revision: 1 });
    expect(await world.texts(id)).toEqual({ "/a.md": "x" });
  });

  test("of many at once all come through", async () => {
    await using world = await setup();
    const { id } = await create(world);
    await Promise.all(
      Object.entries(metadata(16)).map(([key, value]) => update(world, id, { metadata: { [key]: value } })),
    );
    expect((await get(world, id)).metadata).toEqual(metadata(16));
  });

  test.each<[string, Partial<UpdateMemoryStoreRequest>, RegExp]>([
    ["an empty name", { name: "" }, /^name: /],
    ["1,025 characters of description", { description: "x".repeat(1_025) }, /^description: .*1024/],
    ["a 17th pair after the patch", { metadata: { more: "v" } }, /^metadata: .*16.*17/],
    ["a key of 65", { metadata: { ["k".repeat(65)]: "v", k0: "" } }, /^metadata key: .*64/],
    ["a value of 513", { metadata: { k0: "v".repeat(513) } }, /^metadata\.k0: .*512/],
    ["a protected path that is not canonical", { protectedPaths: ["a/"] }, /^protected_paths\.paths\[0\]: /],
  ])("with %s is refused and changes nothing", async (_name, change, message) => {
    await using world = await setup();
    const before = await create(world, { metadata: metadata(16) });
    await expect(update(world, before.id, change)).rejects.toMatchObject({
      kind: "invalid_argument",
      message: expect.stringMatching(message),
    });
    expect(await get(world, before.id)).toEqual(before);
  });

  test("of 16 pairs may put one in place of another", async () => {
    await using world = await setup();
    const { id } = await create(world, { metadata: metadata(16) });
    const after = await update(world, id, { metadata: { k0: "", more: "v" } });
    expect(Object.keys(after.metadata)).toHaveLength(16);
  });
});

describe("archiving", () => {
  test("makes a store read-only, and again changes nothing", async () => {
    await using world = await setup();
    const id = await storeWith(world, { "/a.md": "x" });
    await world.clock.advance(1_000);
    const archive = () => world.useCases.archiveMemoryStore(world.principal, { id });
    const { store } = await archive();
    expect(store).toMatchObject({ archivedAt: world.clock.now(), updatedAt: world.clock.now() });
    await world.clock.advance(1_000);
    expect((await archive()).store).toEqual(store);
    expect(await world.texts(id)).toEqual({ "/a.md": "x" });
    const readOnly = { kind: "failed_precondition", message: expect.stringContaining("archived") };
    await expect(put(world, id, { "/b.md": "x" })).rejects.toMatchObject(readOnly);
    await expect(update(world, id, { name: "new" })).rejects.toMatchObject(readOnly);
    await expect(update(world, id, { name: "notes" })).rejects.toMatchObject(readOnly);
  });
});

describe("deleting a store", () => {
  test("takes it with all in it, archived or not; what was copied from it stays", async () => {
    await using world = await setup();
    const id = await storeWith(world, { "/a.md": "x" });
    const copy = await copyOf(world, id);
    const { id: memoryId, versionId } = await memoryAt(world, id, "/a.md");
    await world.useCases.archiveMemoryStore(world.principal, { id });
    await world.useCases.deleteMemoryStore(world.principal, { id });
    const { principal, useCases } = world;
    const page = { pageSize: 0, pageToken: "" };
    const any = { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null };
    for (const call of [
      () => useCases.getMemoryStore(principal, { id }),
      () => useCases.deleteMemoryStore(principal, { id }),
      () => useCases.getMemory(principal, { memoryStoreId: id, key: { by: "id", id: memoryId } }),
      () => useCases.getMemoryVersion(principal, { memoryStoreId: id, id: versionId }),
      () => useCases.listMemoryVersions(principal, { memoryStoreId: id, ...any, ...page }),
      () => put(world, id, { "/b.md": "x" }),
    ]) {
      await expect(call()).rejects.toMatchObject({ kind: "not_found" });
    }
    expect(await world.texts(copy.id)).toEqual({ "/a.md": "x" });
    const { tenant } = principal;
    expect(await world.deps.sweep.listDeletedStores({ tenant, limit: 10 })).toEqual([]);
  });

  test("is done when its rows cannot be removed at once; they are left to the sweeper", async () => {
    await using world = await setup();
    const { tenant } = world.principal;
    const id = await storeWith(world, { "/a.md": "x" });
    const removeStore = world.deps.sweep.removeStore.bind(world.deps.sweep);
    const fail = async () => {
      throw new Error("the storage is away");
    };
    Object.assign(world.deps.sweep, { removeStore: fail });
    await world.useCases.deleteMemoryStore(world.principal, { id });
    await expect(get(world, id)).rejects.toMatchObject({ kind: "not_found" });
    expect(await world.deps.sweep.listDeletedStores({ tenant, limit: 10 })).toEqual([id]);
    let calls = 0;
    const never = async () => {
      calls += 1;
      return false;
    };
    Object.assign(world.deps.sweep, { removeStore: never });
    await world.useCases.deleteMemoryStore(world.principal, { id: await storeWith(world) });
    expect(calls).toBe(20);
    expect(await removeStore({ tenant, storeId: id, limit: 500 })).toBe(true);
  });

  test("is not hindered by a dream that reads and holds it", async () => {
    await using world = await setup();
    const dream = await world.dream({ update: true });
    await world.useCases.deleteMemoryStore(world.principal, { id: dream.inputs.memoryStoreId });
    world.worker().start();
    await world.clock.settle();
    expect(await world.get(dream.id)).toMatchObject({
      status: "failed",
      error: { type: "input_memory_store_unavailable" },
    });
  });

  test("of another tenant's is not found, and takes nothing", async () => {
    await using world = await setup();
    const id = await storeWith(world);
    const other = { tenant: "other", keyId: null };
    for (const call of [
      () => world.useCases.deleteMemoryStore(other, { id }),
      () => world.useCases.archiveMemoryStore(other, { id }),
    ]) {
      await expect(call()).rejects.toMatchObject({ kind: "not_found" });
    }
    expect((await get(world, id)).archivedAt).toBeNull();
  });
});
