import { expect, test } from "vitest";
import { utcDay } from "./utc-day.ts";

test.each([
  [0, "1970-01-01"],
  [-1, "1969-12-31"],
  [951_782_400_000, "2000-02-29"],
  [951_868_799_999, "2000-02-29"],
  [1_772_409_600_000, "2026-03-02"],
  [4_107_542_400_000, "2100-03-01"],
])("%i is %s", (at, day) => {
  expect(utcDay(at)).toBe(day);
  expect(new Date(at).toISOString().slice(0, 10)).toBe(day);
});
