/** Days of the Gregorian calendar in UTC as plain arithmetic, so that no machine's time zone can leak into a text. */

export interface Day {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

const dayMs = 86_400_000;

/** The day number since 1970-01-01; after Howard Hinnant, "chrono-compatible low-level date algorithms". */
export function toDayNumber({ year, month, day }: Day): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function fromDayNumber(dayNumber: number): Day {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthPart = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthPart < 10 ? monthPart + 3 : monthPart - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthPart + 2) / 5) + 1,
  };
}

/** 0 for Sunday. */
export function weekdayOf(dayNumber: number): number {
  return (((dayNumber + 4) % 7) + 7) % 7;
}

/** The UTC day of a time in Unix milliseconds. */
export function dayNumberOf(atMs: number): number {
  return Math.floor(atMs / dayMs);
}

/** Noon of the day, in Unix milliseconds. */
export function noonOf(dayNumber: number): number {
  return dayNumber * dayMs + dayMs / 2;
}

/** `2026-03-02`. */
export function formatDay(dayNumber: number): string {
  const { year, month, day } = fromDayNumber(dayNumber);
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** `2026-03-02` of a time, or null when the time is not known. */
export function dayText(atMs: number | null): string | null {
  return atMs === null ? null : formatDay(dayNumberOf(atMs));
}

/** The day number of `2026-03-02`. */
export function parseDay(text: string): number {
  return toDayNumber({
    year: Number(text.slice(0, 4)),
    month: Number(text.slice(5, 7)),
    day: Number(text.slice(8, 10)),
  });
}
