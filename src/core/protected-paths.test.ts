import { describe, expect, test } from "vitest";
import { checkProtectedPaths, isProtected } from "./protected-paths.ts";

test.each<[readonly string[], string, boolean]>([
  [[], "/a.md", false],
  [["/a.md"], "/a.md", true],
  [["/a.md"], "/A.md", false],
  [["/a"], "/a/b.md", false],
  [["/a/"], "/a/b.md", true],
  [["/a/"], "/a/b/c.md", true],
  [["/a/"], "/ab.md", false],
  [["/a/"], "/a", false],
  [["/x", "/a/"], "/a/b.md", true],
  [["/"], "/anything", true],
])("%j protects %j: %j", (paths, path, expected) => {
  expect(isProtected(paths, path)).toBe(expected);
});

describe("protected paths", () => {
  test.each<[string, readonly string[]]>([
    ["none", []],
    ["a memory and a folder", ["/a.md", "/a/"]],
    ["the folder of all", ["/"]],
    ["100", Array.from({ length: 100 }, (_, i) => `/${i}`)],
  ])("may be %s", (_name, paths) => {
    expect(() => checkProtectedPaths("protected_paths", paths)).not.toThrow();
  });

  test.each<[string, readonly string[], RegExp]>([
    ["101", Array.from({ length: 101 }, (_, i) => `/${i}`), /^protected_paths: .*100.*101/],
    ["an empty one", ["/a", ""], /^protected_paths\[1\]: /],
    ["a relative one", ["a/"], /^protected_paths\[0\]: /],
    ["two slashes at the end", ["/a//"], /^protected_paths\[0\]: /],
    ["a parent segment", ["/a/../b"], /^protected_paths\[0\]: /],
    ["one that is not NFC", ["/cafe\u0301/"], /^protected_paths\[0\]: .*NFC/],
    ["one twice", ["/a/", "/a/"], /^protected_paths\[1\]: .*twice/],
  ])("may not be %s", (_name, paths, message) => {
    expect(() => checkProtectedPaths("protected_paths", paths)).toThrow(
      expect.objectContaining({ kind: "invalid_argument", message: expect.stringMatching(message) }),
    );
  });
});
