import { describe, expect, test } from "vitest";
import { anEntry, aStore } from "../../test/support/factories.ts";
import { createSystemDigest } from "../adapters/system/digest.ts";
import { memoryIdIn, versionIdIn } from "./memory.ts";
import { actorOf, entryWritesOf, originVersion, versionsOf } from "./memory-version.ts";

const { sha256 } = createSystemDigest();

describe("changes of entries", () => {
  test("that swap two paths leave both memories", () => {
    const [a, b] = [anEntry({ path: "/a" }), anEntry({ path: "/b" })];
    const writes = entryWritesOf([
      { kind: "put", before: a, after: { ...a, path: "/b" } },
      { kind: "put", before: b, after: { ...b, path: "/a" } },
    ]);
    const paths = new Map([a, b].map((entry) => [entry.path, entry.memoryId]));
    for (const write of writes) {
      if (write.kind === "put") paths.set(write.path, write.entry.memoryId);
      else paths.delete(write.path);
    }
    expect([...paths]).toEqual([
      ["/b", a.memoryId],
      ["/a", b.memoryId],
    ]);
  });

  test("make a version each, under the ids that the store shows", () => {
    const inherited = anEntry({ path: "/a", originStoreId: "memstore_other", version: 4 });
    const created = anEntry({ path: "/b", originStoreId: "memstore_mine" });
    const versions = versionsOf(
      "memstore_mine",
      [
        { kind: "put", before: null, after: created },
        { kind: "put", before: inherited, after: { ...inherited, path: "/c", version: 5 } },
        { kind: "remove", before: inherited, versionId: "memver_end" },
      ],
      sha256,
    );
    expect(versions).toMatchObject([
      { operation: "created", id: created.versionId, memoryId: created.memoryId, path: "/b", version: 1 },
      {
        operation: "modified",
        id: versionIdIn("memstore_mine", inherited, sha256),
        memoryId: memoryIdIn("memstore_mine", inherited, sha256),
        path: "/c",
        version: 5,
      },
      { operation: "deleted", id: "memver_end", path: "/a", contentHash: null, sizeBytes: null, version: 5 },
    ]);
  });
});

test("what a copy began with has a version of revision 0, made when the copy was", () => {
  const store = aStore({ id: "memstore_copy" });
  const entry = anEntry({ originStoreId: "memstore_input", version: 7 });
  expect(originVersion(store, entry, sha256)).toMatchObject({
    id: versionIdIn(store.id, entry, sha256),
    revision: 0,
    version: 7,
    operation: "created",
    createdAt: store.createdAt,
    actor: null,
  });
});

test("a session speaks for itself, else the key does, else nobody is known", () => {
  expect(actorOf({ tenant: "acme", keyId: "key_1" }, "sesn_1")).toEqual({ kind: "session", id: "sesn_1" });
  expect(actorOf({ tenant: "acme", keyId: "key_1" }, null)).toEqual({ kind: "api_key", id: "key_1" });
  expect(actorOf({ tenant: "acme", keyId: null }, null)).toBeNull();
});
