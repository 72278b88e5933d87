import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anEntry } from "../../test/support/factories.ts";
import { createSystemDigest } from "../adapters/system/digest.ts";
import { limits } from "./limits.ts";
import {
  bucketOf,
  comparePaths,
  emptyHead,
  makeBucket,
  makeHead,
  memoryIdIn,
  versionIdIn,
} from "./memory.ts";

const { sha256 } = createSystemDigest();
const empties = Array.from({ length: limits.headBuckets }, () => "");

describe("the bucket of a path", () => {
  test("never changes: stored heads rest on it", () => {
    // FNV-1a, 32 bits, modulo 64; worked out apart from this code.
    expect(["", "/a", "/notes/team.md", "/ä", "/日記.md"].map(bucketOf)).toEqual([5, 45, 56, 14, 6]);
  });

  test("spreads a store's paths: no bucket of 10,000 memories has three times its share", () => {
    const counts = new Array<number>(limits.headBuckets).fill(0);
    for (let n = 0; n < 10_000; n += 1) {
      const bucket = bucketOf(`/projects/p${n % 50}/note-${n}.md`);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(Math.max(...counts)).toBeLessThan((3 * 10_000) / limits.headBuckets);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  test("is one of 64 for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (path) => {
        expect(bucketOf(path)).toBeOneOf(Array.from({ length: limits.headBuckets }, (_, index) => index));
      }),
    );
  });
});

describe("a bucket", () => {
  const a = anEntry({ path: "/a" });
  const b = anEntry({ path: "/b" });

  test("has one key for the same entries in any order, and lists them by path", () => {
    expect(makeBucket([b, a], sha256)).toEqual(makeBucket([a, b], sha256));
    expect(makeBucket([b, a], sha256).entries).toEqual([a, b]);
  });

  test("without entries has the empty key", () => {
    expect(makeBucket([], sha256)).toEqual({ hash: "", entries: [] });
  });

  test.each([
    { path: "/c" },
    { memoryId: "mem_x" },
    { versionId: "memver_x" },
    { originStoreId: "memstore_x" },
    { contentHash: "x" },
    { sizeBytes: 8 },
    { version: 2 },
    { createdAt: 1 },
    { updatedAt: 1 },
  ])("has another key when an entry has another %o", (change) => {
    expect(makeBucket([{ ...a, ...change }], sha256).hash).not.toBe(makeBucket([a], sha256).hash);
  });

  test("cannot be mistaken for another by what its paths contain", () => {
    const joined = anEntry({ ...a, path: `/a","${a.memoryId}` });
    expect(makeBucket([joined], sha256).hash).not.toBe(makeBucket([a], sha256).hash);
  });
});

describe("a head", () => {
  test("has one key for the same buckets, and another when one differs or moves", () => {
    const head = (index: number, hash: string) => makeHead(empties.with(index, hash), 1, 7, sha256).hash;
    expect(head(0, "x")).toBe(head(0, "x"));
    expect(head(0, "x")).not.toBe(head(1, "x"));
    expect(head(0, "x")).not.toBe(head(0, "y"));
  });

  test("of an empty store is that of 64 empty buckets", () => {
    expect(emptyHead(sha256)).toEqual(makeHead(empties, 0, 0, sha256));
    expect(emptyHead(sha256).buckets).toHaveLength(64);
  });
});

describe("the ids of a memory", () => {
  const entry = anEntry({ originStoreId: "memstore_a" });

  test("are its own in the store it was written in", () => {
    expect(memoryIdIn("memstore_a", entry, sha256)).toBe(entry.memoryId);
    expect(versionIdIn("memstore_a", entry, sha256)).toBe(entry.versionId);
  });

  test("are others in each clone, and the same each time it is asked", () => {
    const ids = ["memstore_b", "memstore_c"].map((store) => memoryIdIn(store, entry, sha256));
    expect(new Set([...ids, entry.memoryId]).size).toBe(3);
    expect(memoryIdIn("memstore_b", entry, sha256)).toBe(ids[0]);
    expect(ids[0]).toMatch(/^mem_[0-9a-f]{32}$/);
    expect(versionIdIn("memstore_b", entry, sha256)).toMatch(/^memver_[0-9a-f]{32}$/);
  });
});

test("paths are ordered by their units, the same in every locale", () => {
  expect(["/ä", "/b", "/B", "/a/b", "/a", "/a-b"].sort(comparePaths)).toEqual([
    "/B",
    "/a",
    "/a-b",
    "/a/b",
    "/b",
    "/ä",
  ]);
});
