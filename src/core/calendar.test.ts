import fc from "fast-check";
import { expect, test } from "vitest";
import {
  dayNumberOf,
  dayText,
  formatDay,
  fromDayNumber,
  parseDay,
  toDayNumber,
  weekdayOf,
} from "./calendar.ts";

test("a day number and a day are the same thing, over eight thousand years", () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_000, max: 2_200_000 }), (dayNumber) => {
      expect(toDayNumber(fromDayNumber(dayNumber))).toBe(dayNumber);
      expect(parseDay(formatDay(dayNumber))).toBe(dayNumber);
    }),
  );
});

test("days agree with the platform's own calendar in UTC", () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000_000_000, max: 32_000_000_000_000 }), (at) => {
      const date = new Date(at);
      expect(dayText(at)).toBe(date.toISOString().slice(0, 10));
      expect(weekdayOf(dayNumberOf(at))).toBe(date.getUTCDay());
    }),
  );
});

test("an unknown time has no day", () => {
  expect(dayText(null)).toBeNull();
});

test.each([
  [0, "1970-01-01"],
  [-1, "1969-12-31"],
  [951_782_400_000, "2000-02-29"],
  [951_868_799_999, "2000-02-29"],
  [1_772_409_600_000, "2026-03-02"],
  [4_107_542_400_000, "2100-03-01"],
])("%i is %s", (at, day) => {
  expect(dayText(at)).toBe(day);
  expect(new Date(at).toISOString().slice(0, 10)).toBe(day);
});
