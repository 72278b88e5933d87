import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ancestorConflict,
  type Change,
  checkAgainstInput,
  checkChanges,
  contentTooLarge,
  rebase,
} from "./change-set.ts";
import { byteLength } from "./check.ts";
import { limits } from "./limits.ts";
import { comparePaths } from "./memory.ts";

const told = { reason: "said later", edits: [], trust: "user", flags: [] } as const;

function create(path: string, content = "text"): Change {
  return { ...told, kind: "create", path, content };
}
function update(path: string, content = "text"): Change {
  return { ...told, kind: "update", path, baseVersionId: "v1", content };
}
function remove(path: string): Change {
  return { ...told, kind: "delete", path, baseVersionId: "v1" };
}
function rename(path: string, toPath: string): Change {
  return { ...told, kind: "rename", path, toPath, baseVersionId: "v1" };
}

/** Stores as path → version; `own:…` is a version that the dream itself makes. */
function heads(base: Record<string, string>, current: Record<string, string>) {
  return {
    base: (path: string) => base[path] ?? null,
    current: (path: string) => current[path] ?? null,
    isOwn: (path: string, version: string) => version === `own:${path}`,
  };
}

describe("a change set over a store that moved meanwhile", () => {
  test.each([
    ["an update of what the engine read applies", update("/a"), { "/a": "v1" }, { "/a": "v1" }, true],
    ["an update of what somebody else changed does not", update("/a"), { "/a": "v1" }, { "/a": "v2" }, false],
    ["an update of what somebody else deleted does not", update("/a"), { "/a": "v1" }, {}, false],
    ["an update that is in already applies", update("/a"), { "/a": "v1" }, { "/a": "own:/a" }, true],
    ["a create where nothing was and is applies", create("/a"), {}, {}, true],
    ["a create where somebody else wrote does not", create("/a"), {}, { "/a": "v9" }, false],
    ["a create that is in already applies", create("/a"), {}, { "/a": "own:/a" }, true],
    ["a delete of what the engine read applies", remove("/a"), { "/a": "v1" }, { "/a": "v1" }, true],
    ["a delete of what is gone applies", remove("/a"), { "/a": "v1" }, {}, true],
    ["a delete of what somebody else changed does not", remove("/a"), { "/a": "v1" }, { "/a": "v2" }, false],
    ["a rename to a free path applies", rename("/a", "/b"), { "/a": "v1" }, { "/a": "v1" }, true],
    ["a rename that is in already applies", rename("/a", "/b"), { "/a": "v1" }, { "/b": "own:/b" }, true],
    [
      "a rename whose old path somebody else wrote again does not",
      rename("/a", "/b"),
      { "/a": "v1" },
      { "/a": "v9", "/b": "own:/b" },
      false,
    ],
    [
      "a rename to a path taken since does not",
      rename("/a", "/b"),
      { "/a": "v1" },
      { "/a": "v1", "/b": "v9" },
      false,
    ],
    [
      "a rename of what somebody else changed does not",
      rename("/a", "/b"),
      { "/a": "v1" },
      { "/a": "v2" },
      false,
    ],
  ] as const)("%s", (_, change, base, current, applies) => {
    const { applicable, conflicting } = rebase([change], heads(base, current));
    expect(applicable).toEqual(applies ? [change] : []);
    expect(conflicting).toEqual(applies ? [] : [change]);
  });

  test("each change is parted by itself: one conflict takes no other with it", () => {
    const changes = [update("/a"), update("/b"), create("/c"), remove("/d")];
    const base = { "/a": "v1", "/b": "v1", "/d": "v1" };
    const parted = rebase(changes, heads(base, { ...base, "/b": "v2" }));
    expect(parted.conflicting).toEqual([update("/b")]);
    expect(parted.applicable).toEqual([update("/a"), create("/c"), remove("/d")]);
  });

  test("every change ends in exactly one part, in order, and all apply to what the engine read", () => {
    const path = fc.constantFrom("/a", "/b", "/c", "/d");
    const change = fc.oneof(
      path.map((one) => create(one)),
      path.map((one) => update(one)),
      path.map(remove),
    );
    const store = fc.dictionary(path, fc.constantFrom("v1", "v2"));
    fc.assert(
      fc.property(fc.array(change), store, store, (changes, base, current) => {
        const { applicable, conflicting } = rebase(changes, heads(base, current));
        expect(applicable.length + conflicting.length).toBe(changes.length);
        expect(changes.filter((one) => applicable.includes(one))).toEqual(applicable);
        expect(rebase(changes, heads(base, base)).conflicting).toEqual([]);
      }),
    );
  });
});

describe("a change set that no engine may return is refused", () => {
  test.each([
    ["a path that is not canonical", [create("/a/../b")], "invalid_argument", "changes.path"],
    ["a rename to a path that is not canonical", [rename("/a", "b")], "invalid_argument", "changes.path"],
    ["a path changed twice", [update("/a"), remove("/a")], "invalid_argument", "changed twice"],
    ["a rename onto a changed path", [update("/b"), rename("/a", "/b")], "invalid_argument", "changed twice"],
    ["a memory in a new memory", [create("/a/b"), create("/a")], "invalid_argument", '"/a" and "/a/b"'],
    ["a memory in a renamed one", [create("/a/b/c"), rename("/d", "/a")], "invalid_argument", "a folder"],
    ["a text over the bound", [create("/a", "é".repeat(51_201))], "too_large", "102402 bytes"],
  ] as const)("%s", (_, changes, kind, words) => {
    const message = expect.stringContaining(words);
    expect(() => checkChanges(changes, byteLength)).toThrowError(expect.objectContaining({ kind, message }));
  });

  test.each([
    ["a create over what is there", create("/a"), '"/a" is there already'],
    ["a rename onto what is there", rename("/b", "/a"), '"/a" is there already'],
    ["an update of nothing", update("/c"), 'no memory "/c" to update'],
    ["a delete of nothing", remove("/c"), 'no memory "/c" to delete'],
    ["a rename of nothing", rename("/c", "/d"), 'no memory "/c" to rename'],
  ] as const)("%s", (_, change, words) => {
    const read = new Set(["/a", "/b"]);
    const message = expect.stringContaining(words);
    expect(() => checkAgainstInput([change], read)).toThrowError(
      expect.objectContaining({ kind: "invalid_argument", message }),
    );
    expect(() =>
      checkAgainstInput([update("/a"), rename("/b", "/c"), create("/d"), remove("/a")], read),
    ).not.toThrow();
  });

  test("more changes than a dream may make", () => {
    const changes = Array.from({ length: limits.changesPerDream + 1 }, (_, index) => remove(`/${index}`));
    expect(() => checkChanges(changes, byteLength)).toThrowError(
      expect.objectContaining({ kind: "too_large" }),
    );
    expect(() => checkChanges(changes.slice(1), byteLength)).not.toThrow();
  });

  test("but one at its bounds is accepted", () => {
    const full = "x".repeat(limits.memoryContentBytes);
    expect(() =>
      checkChanges([create("/a", full), update("/b", full), rename("/c", "/d")], byteLength),
    ).not.toThrow();
  });

  test("and the refusal of a text names the path, the size and the bound", () => {
    const error = contentTooLarge("/a", 200_000);
    expect(error.message).toBe(
      `content of "/a" is 200000 bytes, more than the 102400 a memory may have; split it`,
    );
    expect(error.details).toEqual({ field: "content", limit: 102_400 });
  });
});

describe("a path that would be memory and folder at once", () => {
  const stored = ["/a/b/c.md", "/a/b-2.md", "/d.md"].sort(comparePaths);
  const conflict = (path: string) => ancestorConflict(path, new Set(stored), stored);

  test.each([
    ["/d.md/x", "/d.md"],
    ["/d.md/x/y", "/d.md"],
    ["/a/b", "/a/b/c.md"],
    ["/a", "/a/b-2.md"],
    ["/a/b/c.md/d", "/a/b/c.md"],
  ])("%s is in the way of %s", (path, blocking) => {
    expect(conflict(path)).toBe(blocking);
  });

  test.each(["/a/b/c.md", "/a/b/d.md", "/a/b-", "/d", "/d.md2", "/z/y"])("%s is in nobody's way", (path) => {
    expect(conflict(path)).toBeNull();
  });

  test("is found as a walk over all paths would find it", () => {
    const part = fc.constantFrom("a", "b", "a-", "a0", "ab");
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(fc.uniqueArray(path), path, (paths, wanted) => {
        const sorted = paths.toSorted(comparePaths);
        const slow = paths.some((one) => one.startsWith(`${wanted}/`) || wanted.startsWith(`${one}/`));
        expect(ancestorConflict(wanted, new Set(paths), sorted) !== null).toBe(slow);
      }),
    );
  });
});
