import { expect, test } from "vitest";
import { createSystemDigest } from "../adapters/system/digest.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

const digest = createSystemDigest();
const query = ["things", "acme", null];
const shape = { at: "number", id: "string" } as const;

function decode(token: string) {
  return decodePageToken(digest, query, token, shape);
}

test("a token comes back as the position it was made of, and none is the beginning", () => {
  const position = { at: 1_767_603_600_000, id: "drm_1" };
  expect(decode(encodePageToken(digest, query, position))).toEqual(position);
  expect(decode("")).toBeNull();
});

test.each([
  ["a fraction", { at: 1.5, id: "x" }],
  ["a negative number", { at: -1, id: "x" }],
  ["a time no date can have", { at: 8_640_000_000_000_001, id: "x" }],
  ["a text for a number", { at: "1", id: "x" }],
  ["a number for a text", { at: 1, id: 1 }],
  ["a missing field", { at: 1 }],
] as const)("a forged token with %s is refused before it reaches a storage", (_, position) => {
  const token = encodePageToken(digest, query, position as Record<string, string | number>);
  expect(() => decode(token)).toThrowError(
    expect.objectContaining({ kind: "invalid_argument", details: { field: "page_token" } }),
  );
});

test("a token of another list is refused", () => {
  const token = encodePageToken(digest, ["things", "other", null], { at: 1, id: "x" });
  expect(() => decode(token)).toThrowError(expect.objectContaining({ kind: "invalid_argument" }));
});
