import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRfc3339 } from "./rfc3339.ts";

test("every time that is written in RFC 3339 is read back to the millisecond", () => {
  const min = new Date("0001-01-01T00:00:00Z");
  const max = new Date("9999-12-31T23:59:59.999Z");
  fc.assert(
    fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
      expect(parseRfc3339(date.toISOString())).toBe(date.getTime());
    }),
  );
});

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["2024-02-29T23:59:59.9999Z", 1_709_251_199_999],
  ["2000-02-29T00:00:00Z", 951_782_400_000],
  ["2026-03-02 10:15:00.5+01:00", 1_772_442_900_500],
  ["2026-03-02t09:15:00z", 1_772_442_900_000],
  ["2026-03-01T22:45:00-10:30", 1_772_442_900_000],
  ["2016-12-31T23:59:60Z", 1_483_228_800_000],
])("%s is read", (text, ms) => {
  expect(parseRfc3339(text)).toBe(ms);
});

test.each([
  "2026-03-02",
  "2026-03-02T09:15:00",
  "2026-03-02T09:15Z",
  "2026-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-03-02T24:00:00Z",
  "2026-03-02T09:60:00Z",
  "2026-03-02T09:15:00+24:00",
  " 2026-03-02T09:15:00Z",
  "",
])("%j is no time", (text) => {
  expect(parseRfc3339(text)).toBeNull();
});
