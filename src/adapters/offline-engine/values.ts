import { isStopWord, type Stem, type Word } from "./words.ts";

/** Something in a sentence that can be another tomorrow: an amount, a day, a version. */
export interface Value {
  readonly type:
    | "money"
    | "percent"
    | "clock"
    | "weekday"
    | "duration"
    | "frequency"
    | "date"
    | "count"
    | "named"
    | "url";
  /** What is counted or named, as a stem; values are compared only when type and unit are the same. */
  readonly unit: string;
  readonly amount: string;
  /** Words the value is made of. */
  readonly words: readonly string[];
}

const numberWords = new Map(
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
    .split(" ")
    .map((word, value) => [word, String(value)]),
);
const weekdays = /^(?:sun|mon|tues|wednes|thurs|fri|satur)days?$/;
const months = /^(?:january|february|march|april|june|july|august|september|october|november|december)$/;
const timeUnits = /^(?:second|minute|min|hour|hr|day|week|month|year|sec)s?$/;
const adverbs: Readonly<Record<string, string>> = {
  daily: "1 day",
  weekly: "1 week",
  monthly: "1 month",
  quarterly: "1 quarter",
  yearly: "1 year",
  annually: "1 year",
};
const moneyPattern =
  /[$€£¥]\s?(\d[\d,.]*\d|\d)\s?(k|m|million|thousand|billion)?\b|\b(\d[\d,.]*\d|\d)\s?(k|m|million|thousand|billion)?\s?(?:dollars?|euros?|pounds|usd|eur|gbp|[€£])(?!\w)/gi;
const percentPattern = /(\d+(?:\.\d+)?)\s?(?:%|percent\b)/gi;
const clockPattern = /\b(\d{1,2}):(\d{2})(?::\d{2})?\s?(am|pm)?\b|\b(\d{1,2})\s?(am|pm)\b/gi;
const urlPattern = /\bhttps?:\/\/[^\s)>\]]+/gi;
const frequencyPattern =
  /\b(once|twice|thrice|\d+|two|three|four|five|six|seven|eight|nine|ten)(?: times)? (?:a|per|each|every) (day|week|month|year|quarter|sprint)\b|\bevery (?:other |(\d+|two|three|four|five|six) )?(day|week|month|year|quarter|sprint)s?\b/gi;
const changePattern =
  /\b(\p{L}[\p{L}\d]*)(?: version| port)? from v?(\d[\d.]*\d|\d) to v?(\d[\d.]*\d|\d)(?![\d.]*\s?(?:[%€$£]|(?:k|ms|seconds?|minutes?|hours?|days?|weeks?|months?|years?|people|times|percent)\b))/gu;
const versionPattern = /\bv?(\d+(?:\.\d+)+)\b/g;

/** A number in one spelling, or null: `three` and `3`, `1,000` and `1000` are the same. */
export function numberOf(word: string): string | null {
  const spelled = numberWords.get(word);
  if (spelled !== undefined) return spelled;
  return /^\d/.test(word) ? word.replace(/,(?=\d{3}\b)/g, "") : null;
}

/** The typed values of a sentence, in order; a part of a text belongs to one value only. */
export function valuesOf(text: string, words: readonly Word[], stem: Stem): Value[] {
  const values: Value[] = [];
  const taken: [number, number][] = [];
  const free = (start: number, end: number) => taken.every(([from, to]) => end <= from || start >= to);
  const take = (match: RegExpExecArray, type: Value["type"], unit: string, amount: string) => {
    const end = match.index + match[0].length;
    if (!free(match.index, end)) return;
    taken.push([match.index, end]);
    const inside = words.filter((word) => word.start >= match.index && word.end <= end);
    values.push({ type, unit, amount: amount.toLowerCase(), words: inside.map((word) => word.text) });
  };
  for (const m of text.matchAll(urlPattern)) take(m, "url", hostUnit(m[0]), m[0].replace(/[.,;]+$/, ""));
  for (const m of text.matchAll(moneyPattern)) {
    take(m, "money", "money", `${(m[1] ?? m[3] ?? "").replaceAll(",", "")}${(m[2] ?? m[4] ?? "").charAt(0)}`);
  }
  for (const m of text.matchAll(percentPattern)) take(m, "percent", "percent", m[1] ?? "");
  for (const m of text.matchAll(frequencyPattern)) take(m, "frequency", "frequency", frequencyAmount(m));
  for (const m of text.matchAll(clockPattern)) {
    take(m, "clock", "clock", `${Number(m[1] ?? m[4])}:${m[2] ?? "00"}${(m[3] ?? m[5] ?? "").toLowerCase()}`);
  }
  for (const m of text.matchAll(changePattern)) {
    take(m, "named", stem((m[1] ?? "").toLowerCase()), m[3] ?? "");
  }
  for (const m of text.matchAll(versionPattern)) {
    take(m, "named", unitBefore(words, m.index, stem), m[1] ?? "");
  }
  words.forEach((word, index) => {
    if (!free(word.start, word.end)) return;
    // "a 5-gallon tank", "pre-1920", "50mm" describe a thing; they count nothing.
    if (/[-/]/.test(text.charAt(word.start - 1)) || /^-?\p{L}/u.test(text.slice(word.end, word.end + 2)))
      return;
    const value = wordValue(words, index, stem);
    if (value !== null) values.push(value);
  });
  return values;
}

function frequencyAmount(match: RegExpExecArray): string {
  const [whole, times, per, every, unit] = match;
  if (per !== undefined) {
    const spelled = { once: "1", twice: "2", thrice: "3" }[(times ?? "").toLowerCase()];
    return `${spelled ?? numberOf((times ?? "").toLowerCase())}/${per.toLowerCase()}`;
  }
  if (/\bother\b/i.test(whole)) return `1/2${unit}`;
  return every === undefined ? `1/${unit}` : `1/${numberOf(every.toLowerCase())}${unit}`;
}

function wordValue(words: readonly Word[], index: number, stem: Stem): Value | null {
  const word = words[index];
  if (word === undefined) return null;
  if (weekdays.test(word.text)) {
    return { type: "weekday", unit: "weekday", amount: word.text.replace(/s$/, ""), words: [word.text] };
  }
  const adverb = adverbs[word.text];
  if (adverb !== undefined) {
    return { type: "frequency", unit: "frequency", amount: `1/${adverb.slice(2)}`, words: [word.text] };
  }
  const amount = numberOf(word.text);
  if (amount === null || /\p{L}/u.test(amount) || /^(?:1[89]|20)\d\d$/.test(amount)) return null;
  const previous = words[index - 1];
  const next = words[index + 1];
  if (months.test(previous?.text ?? "") || months.test(next?.text ?? "")) {
    const month = months.test(previous?.text ?? "") ? previous : next;
    const day = `${month?.text} ${amount}`;
    return { type: "date", unit: "date", amount: day, words: [word.text, month?.text ?? ""] };
  }
  if (next !== undefined && timeUnits.test(next.text)) {
    const unit = stem(next.text);
    return { type: "duration", unit, amount, words: [word.text] };
  }
  // "Postgres 17", "port 8080", "Node 24": the name before the number says what it numbers.
  if (/^\d/.test(word.text) && previous !== undefined && previous.end === word.start - 1) {
    if (/^\p{Lu}/u.test(previous.raw) || /^(?:port|version|release|room|floor)$/.test(previous.text)) {
      if (!isStopWord(previous.text)) {
        return { type: "named", unit: stem(previous.text), amount, words: [word.text] };
      }
    }
  }
  const unit = countedNoun(words, index, stem);
  return unit === null ? null : { type: "count", unit, amount, words: [word.text] };
}

// The counted thing stands within two words: "three different ones" counts nothing that can be compared.
function countedNoun(words: readonly Word[], index: number, stem: Stem): string | null {
  for (const word of [words[index + 1], words[index + 2]]) {
    if (word === undefined || isStopWord(word.text) || /\d/.test(word.text)) return null;
    if (/[a-z]s$/.test(word.text)) return stem(word.text);
  }
  const next = words[index + 1];
  return next === undefined || /\d/.test(next.text) ? null : stem(next.text);
}

function unitBefore(words: readonly Word[], start: number, stem: Stem): string {
  const before = words.filter((word) => word.end <= start).at(-1);
  return before === undefined ? "version" : stem(before.text);
}

function hostUnit(url: string): string {
  const host = /^https?:\/\/([^/:?#]+)/i.exec(url)?.[1] ?? "";
  return host.split(".").slice(-2).join(".").toLowerCase();
}
