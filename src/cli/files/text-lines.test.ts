import { expect, test } from "vitest";
import { firstBadByte } from "./text-lines.ts";

test.each([
  ["a lone byte", [0x61, 0xfc, 0x62], 1],
  ["a sequence that breaks off", [0x61, 0x62, 0xe2, 0x82, 0x28], 2],
  ["a sequence cut by the end", [0x61, 0xf0, 0x9f, 0x98], 1],
  ["half of a surrogate pair", [0xc3, 0xa4, 0xed, 0xa0, 0x80], 2],
  ["the second of two faults", [0xff, 0x61, 0xff], 0],
])("%s is found where it begins", (_, bytes, index) => {
  expect(firstBadByte(Buffer.from(bytes))).toBe(index);
});
