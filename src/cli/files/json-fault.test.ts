import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonFaultLine } from "./json-fault.ts";

test.each([
  ["a word", '{\n "a": user\n}', 2],
  ["a missing comma", '[\n {"a":1}\n {"b":2}\n]', 3],
  ["a comma too many", "[\n1,\n]", 3],
  ["a key without quotes", "{\n\n a: 1}", 3],
  ["a missing colon", '{\n"a" 1}', 2],
  ["the wrong bracket", "[\n1\n}", 3],
  ["a string over two lines", '["a\nb"]', 1],
  ["a bad escape", '["a",\n"\\x"]', 2],
  ["a bad number", "[1,\n01]", 2],
  ["an early end", '[\n{"a":\n\n', 2],
  ["something after the end", "[]\n[]", 2],
])("%s is found in its line", (_, text, line) => {
  expect(jsonFaultLine(text)).toBe(line);
});

test("in JSON that was cut, what is left is no fault before its last line", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, cut) => {
      const pretty = JSON.stringify(JSON.parse(json), null, 1);
      const text = pretty.slice(0, cut % pretty.length);
      const tail = `${text.trimEnd()}`;
      fc.pre(!/[\w.+-]$|"[^"]*$/.test(tail.split("\n").at(-1) ?? ""));
      expect(jsonFaultLine(text)).toBe(tail.split("\n").length);
    }),
  );
});

test("a string of 20 MB is passed over", () => {
  expect(jsonFaultLine(`["${"x\\n".repeat(7_000_000)}",\nx]`)).toBe(2);
});
