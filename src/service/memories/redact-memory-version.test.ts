import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { copyOf, memoryAt, put, storeWith } from "../../../test/support/stores.ts";
import type { VersionView } from "./memory-version-view.ts";
import { createPutMemories } from "./put-memories.ts";
import { createRedactMemoryVersion } from "./redact-memory-version.ts";

const redact = (world: Bundle, memoryStoreId: string, id: string) =>
  world.useCases.redactMemoryVersion(world.principal, { memoryStoreId, id });

const get = (world: Bundle, memoryStoreId: string, id: string) =>
  world.useCases.getMemoryVersion(world.principal, { memoryStoreId, id });

async function list(world: Bundle, memoryStoreId: string, pageSize = 100) {
  const any = { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null };
  const found: VersionView[] = [];
  let pageToken = "";
  do {
    const request = { ...any, memoryStoreId, pageSize, pageToken };
    const page = await world.useCases.listMemoryVersions(world.principal, request);
    found.push(...page.versions);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found;
}

/** Whether the storage still has the text. */
async function isStored(world: Bundle, text: string): Promise<boolean> {
  const hash = world.deps.digest.sha256(text);
  const { tenant } = world.principal;
  return (await world.deps.memories.getContents({ tenant, hashes: [hash] })).has(hash);
}

const redacted = { path: null, contentHash: null, sizeBytes: null };

/** A store whose memory had "secret" and has another text now; the id of the version that has it. */
async function pastSecret(world: Bundle): Promise<{ storeId: string; versionId: string }> {
  const storeId = await storeWith(world, { "/a.md": "secret" });
  const { versionId } = await memoryAt(world, storeId, "/a.md");
  await put(world, storeId, { "/a.md": "public" });
  return { storeId, versionId };
}

describe("a redacted version", () => {
  test("keeps what was done and when, and neither path nor text, which leaves the storage at once", async () => {
    await using world = await setup();
    const { storeId, versionId } = await pastSecret(world);
    const before = await get(world, storeId, versionId);
    await world.clock.advance(1_000);
    const principal = { ...world.principal, keyId: "key_1" };
    const request = { memoryStoreId: storeId, id: versionId };
    const { version, copiesRemain } = await world.useCases.redactMemoryVersion(principal, request);
    const after = {
      ...before,
      ...redacted,
      redactedAt: world.clock.now(),
      redactedBy: { kind: "api_key", id: "key_1" },
    };
    expect({ ...version, content: null }).toEqual({ ...after, content: null });
    expect(copiesRemain).toBe(false);
    expect(await isStored(world, "secret")).toBe(false);
    expect(await get(world, storeId, versionId)).toMatchObject({ ...redacted, content: null });
    expect(await world.texts(storeId)).toEqual({ "/a.md": "public" });
  });

  test("stays as it is when it is redacted again", async () => {
    await using world = await setup();
    const { storeId, versionId } = await pastSecret(world);
    const { version } = await redact(world, storeId, versionId);
    await world.clock.advance(1_000);
    expect(await redact(world, storeId, versionId)).toEqual({ version, copiesRemain: false });
  });

  test("may be one of an archived store, and one of a memory that was deleted", async () => {
    await using world = await setup();
    const memoryStoreId = await storeWith(world, { "/a.md": "secret" });
    const { id, versionId } = await memoryAt(world, memoryStoreId, "/a.md");
    const nothing = { expectedSha256: null, expectedVersion: null, sessionId: null };
    await world.useCases.deleteMemory(world.principal, { ...nothing, memoryStoreId, id });
    await world.useCases.archiveMemoryStore(world.principal, { id: memoryStoreId });
    const [deletion] = await list(world, memoryStoreId);
    expect(await redact(world, memoryStoreId, deletion?.id ?? "")).toMatchObject({ copiesRemain: false });
    expect(await isStored(world, "secret")).toBe(true);
    expect(await redact(world, memoryStoreId, versionId)).toMatchObject({ copiesRemain: false });
    expect(await isStored(world, "secret")).toBe(false);
    expect((await list(world, memoryStoreId)).map(({ path }) => path)).toEqual([null, null]);
  });

  test("cannot be the one a memory has now, which must be changed or deleted first", async () => {
    await using world = await setup();
    const storeId = await storeWith(world, { "/a.md": "secret" });
    const { id, versionId } = await memoryAt(world, storeId, "/a.md");
    await expect(redact(world, storeId, versionId)).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringMatching(/update or delete the memory first/),
      details: { field: "id", blockedBy: id },
    });
    expect((await get(world, storeId, versionId)).content).toBe("secret");
  });
});

describe("copies remain, and the text stays", () => {
  test.each<[string, (world: Bundle, storeId: string) => Promise<unknown>]>([
    ["in another memory", (world, id) => put(world, id, { "/copy.md": "secret" })],
    ["in another store", (world) => storeWith(world, { "/x/y.md": "secret" })],
    [
      "in an older version",
      async (world, id) => {
        await put(world, id, { "/b.md": "secret" });
        await put(world, id, { "/b.md": "other" });
      },
    ],
  ])("%s", async (_name, copy) => {
    await using world = await setup();
    const { storeId, versionId } = await pastSecret(world);
    await copy(world, storeId);
    expect((await redact(world, storeId, versionId)).copiesRemain).toBe(true);
    expect(await isStored(world, "secret")).toBe(true);
  });

  test("in a store that was copied when it was there, archived or not, at whatever path", async () => {
    await using world = await setup();
    const memoryStoreId = await storeWith(world, { "/a.md": "secret" });
    const { id, versionId } = await memoryAt(world, memoryStoreId, "/a.md");
    const nothing = { content: null, expectedSha256: null, expectedVersion: null, sessionId: null };
    const moved = await world.useCases.updateMemory(world.principal, {
      ...nothing,
      memoryStoreId,
      id,
      path: "/b.md",
    });
    const copy = await copyOf(world, memoryStoreId);
    await world.useCases.archiveMemoryStore(world.principal, { id: copy.id });
    await put(world, memoryStoreId, { "/b.md": "public" });
    expect((await redact(world, memoryStoreId, moved.versionId)).copiesRemain).toBe(true);
    // No version names the text any more; the copy does, where the memory never was in this version.
    expect((await redact(world, memoryStoreId, versionId)).copiesRemain).toBe(true);
    expect(await world.texts(copy.id)).toEqual({ "/b.md": "secret" });
    await world.useCases.deleteMemoryStore(world.principal, { id: copy.id });
  });

  test("in what a copied store began with, though it has another text now", async () => {
    await using world = await setup();
    const { storeId, versionId } = await (async () => {
      const id = await storeWith(world, { "/a.md": "secret" });
      return { storeId: id, versionId: (await memoryAt(world, id, "/a.md")).versionId };
    })();
    const copy = await copyOf(world, storeId);
    await put(world, storeId, { "/a.md": "public" });
    await put(world, copy.id, { "/a.md": "public" });
    expect((await redact(world, storeId, versionId)).copiesRemain).toBe(true);
    const first = (await list(world, copy.id)).at(-1);
    expect((await get(world, copy.id, first?.id ?? "")).content).toBe("secret");
    expect((await redact(world, copy.id, first?.id ?? "")).copiesRemain).toBe(false);
    expect(await isStored(world, "secret")).toBe(false);
  });

  test("not in another tenant's store, nor in a deleted one", async () => {
    await using world = await setup();
    const { storeId, versionId } = await pastSecret(world);
    const other = { tenant: "other", keyId: null };
    const fields = { name: "n", description: "", metadata: {}, protectedPaths: [] };
    const { store } = await world.useCases.createMemoryStore(other, fields);
    const memories = [{ path: "/a.md", content: "secret" }];
    await world.useCases.putMemories(other, { memoryStoreId: store.id, memories });
    const gone = await storeWith(world, { "/a.md": "secret" });
    await world.useCases.deleteMemoryStore(world.principal, { id: gone });
    expect((await redact(world, storeId, versionId)).copiesRemain).toBe(false);
    expect(await isStored(world, "secret")).toBe(false);
    const key = { by: "path", path: "/a.md" } as const;
    const theirs = await world.useCases.getMemory(other, { memoryStoreId: store.id, key });
    expect(theirs.content).toBe("secret");
  });

  test("when somebody puts the text again while it is being redacted", async () => {
    await using world = await setup();
    const { storeId, versionId } = await pastSecret(world);
    const { memories } = world.deps;
    const redactVersion = memories.redactVersion.bind(memories);
    await world.clock.advance(1_000);
    // The writer's parts are there before its store shows them, and the look for copies falls in between.
    Object.assign(memories, {
      async redactVersion(request: Parameters<typeof redactVersion>[0]) {
        const { tenant, now } = request;
        const contents = [{ hash: world.deps.digest.sha256("secret"), text: "secret" }];
        await memories.putContents({ tenant, contents, now });
        return redactVersion(request);
      },
    });
    expect((await redact(world, storeId, versionId)).copiesRemain).toBe(true);
    expect(await isStored(world, "secret")).toBe(true);
  });

  test("unless nothing is left of them: a deletion whose answer was lost is one", async () => {
    await using world = await setup();
    const { storeId, versionId } = await pastSecret(world);
    const deleteParts = world.deps.sweep.deleteParts.bind(world.deps.sweep);
    Object.assign(world.deps.sweep, {
      async deleteParts(request: Parameters<typeof deleteParts>[0]) {
        await deleteParts(request);
        return deleteParts(request);
      },
    });
    expect((await redact(world, storeId, versionId)).copiesRemain).toBe(false);
  });
});

describe("a version that a copied store began with", () => {
  const memories = { "/a.md": "a", "/b.md": "secret", "/c.md": "c" };

  async function copied(world: Bundle) {
    const from = await storeWith(world, memories);
    const { id } = await copyOf(world, from);
    await put(world, id, { "/b.md": "public" });
    await world.useCases.deleteMemoryStore(world.principal, { id: from });
    const version = (await list(world, id)).find(({ path, revision }) => path === "/b.md" && revision === 0);
    return { storeId: id, versionId: version?.id ?? "" };
  }

  test("is redacted like any other, once, and is listed once", async () => {
    await using world = await setup();
    const { storeId, versionId } = await copied(world);
    const before = await list(world, storeId);
    const { version, copiesRemain } = await redact(world, storeId, versionId);
    expect(version).toMatchObject({ id: versionId, revision: 0, operation: "created", ...redacted });
    expect(copiesRemain).toBe(false);
    expect(await isStored(world, "secret")).toBe(false);
    const after = await list(world, storeId);
    expect(after.map(({ id }) => id).toSorted()).toEqual(before.map(({ id }) => id).toSorted());
    expect(after.map(({ path }) => path)).toEqual(["/b.md", null, "/a.md", "/c.md"]);
    expect(await redact(world, storeId, versionId)).toEqual({ version, copiesRemain: false });
    expect(await get(world, storeId, versionId)).toMatchObject({ ...redacted, content: null });
    const { store } = await world.useCases.getMemoryStore(world.principal, { id: storeId });
    expect(store.revision).toBe(1);
    expect(await world.texts(storeId)).toEqual({ "/a.md": "a", "/b.md": "public", "/c.md": "c" });
  });

  test("cannot be redacted while a memory has it now", async () => {
    await using world = await setup();
    const { storeId } = await copied(world);
    const { versionId } = await memoryAt(world, storeId, "/a.md");
    await expect(redact(world, storeId, versionId)).rejects.toMatchObject({ kind: "failed_precondition" });
    expect(await list(world, storeId)).toHaveLength(4);
  });

  test("of many, all at once and each twice, are all redacted", async () => {
    await using world = await setup();
    const texts = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`/${i}.md`, `text ${i}`]));
    const { id } = await copyOf(world, await storeWith(world, texts));
    await put(world, id, Object.fromEntries(Object.keys(texts).map((path) => [path, "new"])));
    const began = (await list(world, id)).filter(({ revision }) => revision === 0);
    expect(began).toHaveLength(8);
    await Promise.all([...began, ...began].map((version) => redact(world, id, version.id)));
    const after = await list(world, id);
    expect(after).toHaveLength(16);
    expect(
      after
        .filter(({ path }) => path === null)
        .map((version) => version.id)
        .toSorted(),
    ).toEqual(began.map((version) => version.id).toSorted());
  });

  test("is listed once when its redaction stopped half way, and a repeated call ends it", async () => {
    await using world = await setup();
    const { storeId, versionId } = await copied(world);
    const { memories: port } = world.deps;
    const { save, redactVersion } = port;
    const stop = async () => {
      throw new Error("the process dies here");
    };
    for (const step of ["save", "redactVersion"]) {
      Object.assign(port, { save, redactVersion, [step]: stop });
      await expect(redact(world, storeId, versionId)).rejects.toThrow("dies here");
      const shown = (await list(world, storeId)).filter(({ id }) => id === versionId);
      expect(shown).toMatchObject([{ path: "/b.md", redactedAt: null }]);
      expect((await get(world, storeId, versionId)).content).toBe("secret");
      const all = (await list(world, storeId)).map(({ id }) => id);
      for (const pageSize of [1, 2, 3]) {
        expect((await list(world, storeId, pageSize)).map(({ id }) => id)).toEqual(all);
      }
    }
    Object.assign(port, { save, redactVersion });
    expect((await redact(world, storeId, versionId)).copiesRemain).toBe(false);
    expect((await list(world, storeId)).filter(({ id }) => id === versionId)).toMatchObject([redacted]);
  });
});

test("a writer who had put the same text before, and shows it only after it was removed, finds it there", async () => {
  await using world = await setup();
  const { storeId, versionId } = await pastSecret(world);
  const { memories, sweep } = world.deps;
  const late = createPutMemories({ ...world.deps, memories: { ...memories, putContents: async () => {} } });
  const deleteParts: typeof sweep.deleteParts = async (request) => {
    const deleted = await sweep.deleteParts(request);
    await late(world.principal, {
      memoryStoreId: storeId,
      memories: [{ path: "/late.md", content: "secret" }],
    });
    return deleted;
  };
  const redactNow = createRedactMemoryVersion({ ...world.deps, sweep: { ...sweep, deleteParts } });
  const { copiesRemain } = await redactNow(world.principal, { memoryStoreId: storeId, id: versionId });
  expect(copiesRemain).toBe(true);
  expect(await world.texts(storeId)).toEqual({ "/a.md": "public", "/late.md": "secret" });
});
