import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkId, checkTenant, derivedId, formatId, idPrefixes, idRandomBytes } from "./ids.ts";

const random = fc.uint8Array({ minLength: idRandomBytes, maxLength: idRandomBytes });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe("an id", () => {
  test("is its prefix and a UUIDv7 in 32 hex digits", () => {
    fc.assert(
      fc.property(time, random, (now, bytes) => {
        const id = formatId(idPrefixes.dream, now, bytes);
        // RFC 9562: 48 bits of time, version 7, variant 10.
        expect(id).toMatch(/^drm_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
        expect(Number.parseInt(id.slice(4, 16), 16)).toBe(now);
      }),
    );
  });

  test("made a millisecond later sorts later, whatever its random part", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 2 }), random, random, (now, a, b) => {
        expect(formatId("mem_", now, a) < formatId("mem_", now + 1, b)).toBe(true);
      }),
    );
  });

  test("keeps 74 random bits, so ids of one millisecond differ", () => {
    const zeros = new Uint8Array(idRandomBytes);
    const ids = new Set([formatId("mem_", 0, zeros)]);
    for (let bit = 0; bit < 80; bit += 1) {
      const bytes = zeros.slice();
      bytes[bit >> 3] = 1 << (bit & 7);
      ids.add(formatId("mem_", 0, bytes));
    }
    // Six of the 80 bits are the version and the variant.
    expect(ids.size).toBe(1 + 74);
  });

  test("of a time between two milliseconds is that of the one begun", () => {
    const bytes = new Uint8Array(idRandomBytes);
    expect(formatId("mem_", 1.9, bytes)).toBe(formatId("mem_", 1, bytes));
  });
});

describe("a derived id", () => {
  const sha256 = (text: string) => Buffer.from(text).toString("hex").padEnd(64, "0");

  test("follows from its parts and their order", () => {
    expect(derivedId("mem_", sha256, "a", "b")).toBe(derivedId("mem_", sha256, "a", "b"));
    expect(derivedId("mem_", sha256, "a", "b")).not.toBe(derivedId("mem_", sha256, "b", "a"));
    expect(derivedId("mem_", sha256, "a", "b")).not.toBe(derivedId("mem_", sha256, "ab"));
    expect(derivedId("mem_", sha256, "a")).toMatch(/^mem_[0-9a-f]{32}$/);
  });
});

describe("checkId", () => {
  test.each(["drm_x", "anything at all", "x".repeat(256), "😀".repeat(256)])(
    "accepts %j: form is no reason",
    (id) => {
      expect(() => checkId("id", id)).not.toThrow();
    },
  );

  test.each([
    ["", "must not be empty"],
    ["x".repeat(257), "at most 256"],
    ["😀".repeat(257), "at most 256"],
    ["drm_\n", "control"],
    ["drm_\u0085", "control"],
  ])("refuses %j", (id, words) => {
    expect(() => checkId("dream_id", id)).toThrowError(
      expect.objectContaining({
        kind: "invalid_argument",
        message: expect.stringMatching(new RegExp(`^dream_id: .*${words}`)),
      }),
    );
  });
});

describe("checkTenant", () => {
  test.each(["default", "A-b_9", "x".repeat(64)])("accepts %s", (tenant) => {
    expect(() => checkTenant("tenant", tenant)).not.toThrow();
  });

  test.each(["", "x".repeat(65), "a b", "a.b", "a*", ">", "ä", "a\n"])(
    "refuses %j, which a subject cannot hold",
    (tenant) => {
      expect(() => checkTenant("tenant", tenant)).toThrowError(
        expect.objectContaining({ kind: "invalid_argument" }),
      );
    },
  );
});
