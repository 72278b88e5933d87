import type { ParsedComponents, ParsedResult } from "chrono-node";
import { casual } from "chrono-node/en";
import { dayNumberOf, formatDay, noonOf, toDayNumber, weekdayOf } from "../../core/calendar.ts";
import { derivedDatePattern } from "./words.ts";

// chrono costs far more than this test, and most sentences name no time.
const timeWords =
  /\b(?:yesterday|today|tonight|tomorrow|ago|last|next|this|past|previous|coming|since|until|by|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d{1,2}[/.-]\d{1,2}|\d(?:st|nd|rd|th)\b/i;
const relativeUnit = /^(last|past|previous|this|next|coming)\s+(week|weekend|month|year)$/i;
const ownPattern =
  /\b(?:the day before yesterday|the day after tomorrow|(?:last|past|previous|this|next|coming) (?:weekend|week|month|year))\b/gi;
const weekdayName = /\b(?:sun|mon|tues|wednes|thurs|fri|satur)days?\b/i;

interface Expression {
  readonly start: number;
  readonly end: number;
  readonly date: string;
}

export type AppendDates = (sentence: string, spokenAtMs: number | null) => string;

/**
 * Appends to each expression of time the date it means, seen from the day it was spoken: `last Friday (2023-05-19)`,
 * `last weekend (2023-05-20..2023-05-21)`. No word is changed. With an unknown day, and where a reading is not
 * sure (a bare weekday that may be a habit, a bare month, a time of day), nothing is appended.
 */
export function createDateAppender(): AppendDates {
  return (sentence, spokenAtMs) => {
    if (spokenAtMs === null || !timeWords.test(sentence)) return sentence;
    const today = dayNumberOf(spokenAtMs);
    const own = ownExpressions(sentence, today);
    const rest = chronoExpressions(sentence, today).filter(
      (found) => !own.some((known) => found.start < known.end && known.start < found.end),
    );
    let text = sentence;
    for (const { end, date } of [...own, ...rest].sort((a, b) => b.start - a.start)) {
      const next = text.slice(end);
      if (next.search(derivedDatePattern) === 0 || next.includes(`(${date})`)) continue;
      text = `${text.slice(0, end)} (${date})${next}`;
    }
    return text;
  };
}

function ownExpressions(sentence: string, today: number): Expression[] {
  const found: Expression[] = [];
  for (const match of sentence.matchAll(ownPattern)) {
    const words = match[0].toLowerCase();
    const start = match.index;
    const date = dateOfOwn(words, today);
    if (date !== null) found.push({ start, end: start + words.length, date });
  }
  return found;
}

function dateOfOwn(words: string, today: number): string | null {
  if (words === "the day before yesterday") return formatDay(today - 2);
  if (words === "the day after tomorrow") return formatDay(today + 2);
  const [, which = "", unit = ""] = relativeUnit.exec(words) ?? [];
  const step = /^(?:last|past|previous)$/.test(which) ? -1 : which === "this" ? 0 : 1;
  // Weeks begin on Monday, so that a weekend is one piece of one week.
  const monday = today - ((weekdayOf(today) + 6) % 7);
  const month = formatDay(today).slice(0, 7);
  switch (unit) {
    case "week":
      return `${formatDay(monday + 7 * step)}..${formatDay(monday + 7 * step + 6)}`;
    case "weekend":
      return `${formatDay(monday + 7 * step + 5)}..${formatDay(monday + 7 * step + 6)}`;
    case "month":
      return shiftMonth(month, step);
    default:
      return null;
  }
}

function shiftMonth(month: string, step: number): string {
  const count = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + step;
  return `${String(Math.floor(count / 12)).padStart(4, "0")}-${String((count % 12) + 1).padStart(2, "0")}`;
}

function chronoExpressions(sentence: string, today: number): Expression[] {
  // Noon in UTC with the zone said outright, so that no zone of the machine can move the day. Not a clock: the time is given.
  const reference = { instant: new Date(noonOf(today)), timezone: 0 };
  const found: Expression[] = [];
  for (const result of casual.parse(sentence, reference)) {
    const words = result.text.replace(/[\s,;.:-]+$/, "");
    const end = result.index + words.length;
    // "tonight's dinner" would be torn apart.
    if (/^['’\p{L}]/u.test(sentence.slice(end))) continue;
    const date = dateOfResult(result, words, sentence, today);
    if (date !== null) found.push({ start: result.index, end, date });
  }
  return found;
}

function dateOfResult(result: ParsedResult, words: string, sentence: string, today: number): string | null {
  const { start, end } = result;
  if (/^[a-z]{1,3}$/i.test(words) || /\d{4}-\d{2}-\d{2}|^weekend$/i.test(words)) return null;
  // "a few weeks ago" names no day, "for five days" names a length.
  if (/\b(?:few|several|couple|some)\b/i.test(words)) return null;
  // "10/12 of that" is a fraction.
  if (
    /^\d{1,2}\/\d{1,2}$/.test(words) &&
    !/\b(?:on|by|since|until|from|before|after|of)\s+$/i.test(sentence.slice(0, result.index))
  ) {
    return null;
  }
  const span = /\b(?:days?|weeks?|months?|years?)\b/i.test(words);
  if (span && !/\b(?:ago|from now|later|last|past|previous|next|in|within)\b/i.test(words)) return null;
  if (span && /\byears?\b/i.test(words)) return null;
  if (!start.isCertain("day") && !start.isCertain("weekday") && !span) return null;
  if (isHabit(words, sentence.slice(0, result.index))) return null;
  const from = dayOf(start);
  // A slip of the pen ("in the year 20235") must not become a date.
  if (from === null || Math.abs(from - today) > 36_525) return null;
  if (span && /\bmonths?\b/i.test(words) && !/\b(?:last|past|previous)\b/i.test(words))
    return formatDay(from).slice(0, 7);
  if (span && /\b(?:last|past|previous)\b/i.test(words)) return `${formatDay(from)}..${formatDay(today)}`;
  const to = end ? dayOf(end) : null;
  if (to === null || to <= from) return formatDay(from);
  return `${formatDay(from)}..${formatDay(to)}`;
}

// "on Fridays", "every Monday", "the Thursday class" say when something happens again and again.
function isHabit(text: string, before: string): boolean {
  if (!weekdayName.test(text)) return false;
  if (/\b(?:every|each|most|on alternate|usually|always)\s*$/i.test(before)) return true;
  if (/\b(?:last|this|next|past|coming|previous)\b/i.test(text)) return false;
  return !/\d/.test(text.replace(/\d{1,2}:\d{2}|\d{1,2}\s?[ap]\.?m\b/gi, ""));
}

function dayOf(components: ParsedComponents): number | null {
  const year = components.get("year");
  const month = components.get("month");
  const day = components.get("day");
  return year === null || month === null || day === null ? null : toDayNumber({ year, month, day });
}
