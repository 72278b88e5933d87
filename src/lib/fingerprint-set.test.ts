import fc from "fast-check";
import { expect, test } from "vitest";
import { createFingerprintSet } from "./fingerprint-set.ts";

const hash = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });

test("it holds what was added and says when that was new", () => {
  fc.assert(
    fc.property(fc.array(hash), fc.array(hash), (added, others) => {
      const set = createFingerprintSet();
      const model = new Set<string>();
      for (const one of [...added, ...added]) {
        expect(set.add(one)).toBe(!model.has(one));
        model.add(one);
      }
      for (const one of added) expect(set.has(one)).toBe(true);
      for (const one of others) expect(set.has(one)).toBe(model.has(one));
    }),
  );
});

test("hashes of one shard, and one of zeros only, are kept apart however many there are", () => {
  const set = createFingerprintSet();
  const hashOf = (number: number) => number.toString(16).padStart(15, "0").padEnd(64, "0");
  for (let number = 0; number < 5_000; number += 1) expect(set.add(hashOf(number))).toBe(true);
  for (let number = 0; number < 5_000; number += 1) expect(set.has(hashOf(number))).toBe(true);
  expect(set.has(hashOf(5_000))).toBe(false);
});
