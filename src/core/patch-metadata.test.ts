import { expect, test } from "vitest";
import { patchMetadata, sameMetadata } from "./patch-metadata.ts";

test("a patch sets pairs, removes those it empties, and leaves the others", () => {
  expect(patchMetadata({ a: "1", b: "2", c: "" }, { b: "", d: "4", e: "" })).toEqual({
    a: "1",
    c: "",
    d: "4",
  });
});

test("a patch changes neither of what it is given", () => {
  const [current, patch] = [{ a: "1" }, { a: "2" }];
  patchMetadata(current, patch);
  expect([current, patch]).toEqual([{ a: "1" }, { a: "2" }]);
});

test("a key that objects have a meaning for is a key like any other", () => {
  const patched = patchMetadata({}, JSON.parse(`{"__proto__":"x"}`));
  expect(Object.entries(patched)).toEqual([["__proto__", "x"]]);
});

test.each([
  [{}, {}, true],
  [{ a: "1", b: "2" }, { b: "2", a: "1" }, true],
  [{ a: "1" }, { a: "2" }, false],
  [{ a: "1" }, {}, false],
  [{}, { a: "1" }, false],
  [{ a: "1" }, { b: "1" }, false],
])("%j and %j are the same: %j", (a, b, expected) => {
  expect(sameMetadata(a, b)).toBe(expected);
});
