import { type Features, sharedStems } from "./statement.ts";
import type { Value } from "./values.ts";
import { isStopWord } from "./words.ts";

/** What is known about two statements, the older first. */
export interface Pair {
  readonly older: Features;
  readonly newer: Features;
  /** Stems of the headings and the title above the older one: they say what it is about. */
  readonly olderContext: ReadonlySet<string>;
  readonly olderText: string;
  readonly newerText: string;
  /** Whom "I" means in each, in lower case. */
  readonly olderSelf: string;
  readonly newerSelf: string;
  /** Talk full of code, where the same words speak of many things: only the surest signs count. */
  readonly technical: boolean;
}

export type Verdict =
  /** The newer one takes the older one's place. */
  | { readonly kind: "supersede"; readonly score: number; readonly what: string }
  /** They may be two states of one thing: shown together, newest first. */
  | { readonly kind: "timeline"; readonly score: number; readonly what: string }
  | null;

const updateCue =
  /\b(?:now|no longer|not anymore|anymore|instead(?: of)?|rather than|changed?|changes|moved|moving|switched|switching|upgraded|migrated|replaced|renamed|raised|increased|reduced|lowered|extended|shortened|postponed|rescheduled|pushed|bumped|new|updated?|currently|as of|starting|from now on|these days|already|actually|just|by now|so far|up to|finally|since then|from (?:today|tomorrow|next|january|february|march|april|may|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d)|lowering|raising|turned|grew|dropped|went (?:up|down|from))\b/i;
const unsure =
  /\b(?:might|may|maybe|perhaps|could|would|should|if|thinking (?:of|about)|considering|planning|plan to|want to|hope|hoping|wish|wondering|probably|possibly|proposed?|suggest\w*|used to|was going to|almost|imagine|goal|aim\w*|trying to|try to|let's)\b/i;
const moved = /\b(?:moved|moves|postponed|rescheduled|pushed|changed|instead|delayed|brought forward)\b/i;
const stale =
  /\b(?:used to|previously|formerly|back then|at the time|originally|initially|in the past|had been)\b/i;
// Verbs and measures that any two sentences may share without speaking of one thing.
const generic = new Set(
  "happen start end work run time thing day week month year hour minut move chang switch updat new old current now set keep take took use need want plan go come week team peopl person meet good great better best big small long short look feel find found help talk ask tell told show put buy bought spend spent pay paid cost price number total amount count actual instead anymor final also morn afternoon even night just rais increas reduc extend bump push drop grow euro dollar pound utc januari februari march april may june juli august septemb octob novemb decemb monday tuesday wednesday thursday friday saturday sunday".split(
    " ",
  ),
);

/** Whether, and how surely, a newer statement replaces an older one. When unsure, both stay. */
export function judge(pair: Pair): Verdict {
  const { older, newer } = pair;
  if (older.key === newer.key || stale.test(pair.newerText) || stale.test(pair.olderText)) return null;
  if (/\bsame\b/i.test(pair.newerText)) return null;
  const attribute = singleValued(pair);
  if (attribute !== null) return { kind: "supersede", score: 1, what: attribute };
  const value = changedValue(older.values, newer.values);
  if (value === null) return null;
  if (unsure.test(clauseOf(pair.newerText, value.to)) || unsure.test(clauseOf(pair.olderText, value.from))) {
    return null;
  }
  const named = namesOldValue(value.from, pair.newerText);
  // Two dates are two events, unless one is said to take the other's place.
  if (value.from.type === "date" && !named && !moved.test(pair.newerText)) return null;
  const cue = named || updateCue.test(pair.newerText);
  const { share, shared, same } = overlap(pair, value.from, value.to);
  const enough = named || same ? shared >= 1 : shared >= 2;
  if (!enough) return null;
  const score = share * (cue ? 1 : 0.6) * (named ? 1.3 : 1);
  const what = describe(value.from);
  // A long sentence says more than the one value: striking all of it would lose the rest.
  const types = new Set(newer.values.map((other) => other.type));
  const rest = older.values.filter((other) => other !== value.from && !types.has(other.type)).length;
  const whole = (named ? rest <= 1 : rest === 0) && older.words.length <= 28;
  const sure = cue && whole && (named || (!pair.technical && (same || shared >= 2) && share >= 0.5));
  if (score >= 0.5 && sure) return { kind: "supersede", score, what };
  return score >= 0.3 && share >= 0.3 ? { kind: "timeline", score, what } : null;
}

/** What a candidate for an update is looked up by: its stems, and the attributes of a person it names. */
export function lookupStems(features: Features, text: string, self: string): string[] {
  return [...features.stems, ...attributesOf(text, self).map(({ name, who }) => `${name} of ${who}`)];
}

/** Whether a statement holds anything that a newer one could change. */
export function isChangeable(features: Features, text: string): boolean {
  return features.values.length > 0 || attributesOf(text, "").length > 0;
}

function changedValue(older: readonly Value[], newer: readonly Value[]): { from: Value; to: Value } | null {
  for (const from of older) {
    const alike = newer.filter((value) => value.type === from.type && value.unit === from.unit);
    if (alike.length === 0) continue;
    const others = alike.filter((value) => value.amount !== from.amount);
    // What the older one names already, as in "from Thursday to Tuesday", is no news to it.
    const told = (value: Value) =>
      older.some((known) => known.unit === value.unit && known.amount === value.amount);
    if (others.length === 0 || others.some(told)) return null;
    // Several other values are a list, not an update.
    const last = others.at(-1);
    if (last !== undefined && new Set(others.map((value) => value.amount)).size === 1)
      return { from, to: last };
  }
  return null;
}

// What is only hoped for or weighed in another part of the sentence does not make the value unsure.
function clauseOf(text: string, value: Value): string {
  const word = value.words.at(-1);
  const clauses = text.split(/[,;:]\s|\s[-–—]\s|\s(?:and|but|so|because)\s/);
  return clauses.find((clause) => word !== undefined && clause.toLowerCase().includes(word)) ?? text;
}

function namesOldValue(from: Value, newerText: string): boolean {
  const words = from.words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const spelled = words.length === 0 ? null : `(?:${words.join("\\W+")})`;
  if (spelled === null) return false;
  return new RegExp(
    `\\b(?:from|instead of|rather than|no longer(?: \\w+){0,3}|not|was|were|replac\\w+|off)(?: on| at| every| the| our| \\p{Lu}\\w+){0,2} [$€£v]?${spelled}`,
    "iu",
  ).test(newerText);
}

// Of what the older one is about, how much does the newer one name?
function overlap(pair: Pair, from: Value, to: Value): { share: number; shared: number; same: boolean } {
  const drop = new Set([...from.words, ...to.words, from.amount, to.amount, from.unit, to.unit]);
  const topic = (features: Features) =>
    new Set(features.stems.filter((stem) => !drop.has(stem) && !generic.has(stem) && !/^\d/.test(stem)));
  const older = topic(pair.older);
  const newer = topic(pair.newer);
  // The unit names the thing itself when things are counted: "four bikes", "Postgres 17".
  const unitShared = from.type === "count" || from.type === "named" ? 1 : 0;
  const shared = sharedStems(older, newer);
  const context = sharedStems(new Set([...pair.olderContext].filter((stem) => !older.has(stem))), newer);
  const total = shared + Math.min(context, 1) + unitShared;
  const least = Math.max(1, Math.min(older.size, newer.size) + unitShared);
  // "The canary runs for 20 minutes" and "The canary runs for 45 minutes from now on" are about nothing else.
  const same = shared > 0 && shared === older.size && shared === newer.size;
  return { share: Math.min(1, total / least), shared: total, same };
}

interface Attribute {
  readonly name: string;
  readonly who: string;
  readonly value: string;
}

const temporary =
  /\b(?:this week|next week|for (?:the|a) (?:week|weekend|month|day|summer)|trip|vacation|holiday|visiting|temporar\w+|hotel|airbnb|conference)\b/i;
const person = "(?:I|I'm|I've|we|[A-Z][a-z]+(?: [A-Z][a-z]+)?|he|she)";
const attributePatterns: readonly (readonly [string, RegExp])[] = [
  [
    "holder",
    /\b((?:contact|owner|lead|manager|head|boss|captain|cfo|ceo|cto|maintainer)(?: (?:at|for|of|person at) [\p{L}\d]+)?) is(?: now)? (\p{Lu}\p{L}+(?: \p{Lu}\p{L}+)?)/u,
  ],
  [
    "home",
    new RegExp(
      `\\b(${person})(?:'s| is| am| has| have|'ve)?(?: \\w+ly| just| now)* (?:lives?|living|moved|relocated|based)(?: back)?(?: \\w+ly| now)? (?:in|to) ([A-Z][\\p{L}]+(?: [A-Z][\\p{L}]+)?)`,
      "u",
    ),
  ],
  [
    "employer",
    new RegExp(
      `\\b(${person})(?:'s| is| am| has| have|'ve)?(?: just| now)* (?:works?|working|joined|employed) (?:at|for|by) ([A-Z][\\p{L}\\d]+(?: [A-Z][\\p{L}\\d]+)?)`,
      "u",
    ),
  ],
  [
    "team",
    new RegExp(
      `\\b(${person})(?:'s| is| am| has| have|'ve)?(?: just| now)* (?:moved|switched|transferred|went|works?|working|joined)?\\s?(?:to|on|in|from \\w+ to)? ?(?:the )?([\\p{L}]+) team\\b`,
      "u",
    ),
  ],
  [
    "age",
    new RegExp(
      `\\b(${person})(?:'m| am| is|'s)?(?: just| now)* (?:turned )?(\\d{1,3})(?: years old|(?=[.,!]|$))`,
      "u",
    ),
  ],
];

function attributesOf(text: string, self: string): Attribute[] {
  const found: Attribute[] = [];
  for (const [name, pattern] of attributePatterns) {
    const match = pattern.exec(text);
    if (match === null) continue;
    if (name === "age" && !/\b(?:years old|turned)\b/.test(text)) continue;
    const named = match[1] ?? "";
    if (name !== "holder" && isStopWord(named.toLowerCase()) && !/^I(?:'|$)/.test(named)) continue;
    const who = /^I(?:'|$)/.test(named) ? self : named.toLowerCase();
    found.push({ name, who, value: (match[2] ?? "").toLowerCase() });
  }
  return found;
}

// Of where somebody lives, works and in which team there is one at a time.
function singleValued(pair: Pair): string | null {
  if (temporary.test(pair.newerText) || temporary.test(pair.olderText)) return null;
  if (pair.older.words.length > 28) return null;
  if (unsure.test(pair.newerText)) return null;
  const olders = attributesOf(pair.olderText, pair.olderSelf);
  if (olders.length === 0) return null;
  const newers = attributesOf(pair.newerText, pair.newerSelf);
  for (const older of olders) {
    const newer = newers.find((other) => other.name === older.name && other.who === older.who);
    if (newer !== undefined && newer.value !== older.value) return older.name;
  }
  return null;
}

function describe(value: Value): string {
  switch (value.type) {
    case "weekday":
      return "day";
    case "clock":
      return "time";
    case "named":
      return "version or number";
    case "money":
      return "amount of money";
    case "percent":
      return "percentage";
    case "url":
      return "address";
    default:
      return value.type;
  }
}
