import type { Claim } from "./claims.ts";
import { isStopWord, type Word } from "./words.ts";

/** What a claim is filed under. */
export interface Subject {
  readonly kind: "person" | "topic";
  /** Equal for the same subject: a name in lower case, or a stem. */
  readonly key: string;
  /** As a heading shows it. */
  readonly title: string;
}

const claimsPerTopicMin = 3;
const topicsMax = 60;
// In characters: about four sentences.
const pieceLengthMax = 480;
const determiner =
  /^(?:the|my|our|a|an|this|that|these|those|his|her|their|its|your|some|of|for|on|in|with|new|at|about|from|each|every|no|any|two|three|first)$/;
const beforeVerb =
  /^(?:to|i|we|you|they|he|she|can|could|will|would|should|must|may|might|don't|didn't|not|i'll|we'll|i'm|let's|was|were|been|being|got)$/;
const notATopic =
  /^(?:.*days?|week|month|year|hour|minute|time|thing|way|lot|bit|one|idea|tip|kind|sort|type|people|person|friend|part|end|start|place|point|today|yesterday|tomorrow|weekend|morning|afternoon|evening|night|january|february|march|april|june|july|august|september|october|november|december|something|anything|everything|number|example|question|answer|help|advice|suggestion|recommendation|option|reason|problem|fact|case|couple|past|future|good|great|new|old|last|next|experience|plan|while|start|look|feel|try|love|need|user|assistant|ago|recent|different|interested|utc|gmt|cet|a\.?m|p\.?m|euro|dollar|pound|percent|proposal|fine|minute|hour|first|second|noted|decision|note)s?$/;
const relation =
  /\b(?:friend|colleague|manager|wife|husband|partner|sister|brother|mom|mother|dad|father|boss|teammate|coworker|co-worker|cousin|neighbor|neighbour|roommate|girlfriend|boyfriend|son|daughter|aunt|uncle|niece|nephew|therapist|coach|trainer|mentor|lead|engineer|designer|intern)(?:,| is| named| called)? (\p{Lu}\p{Ll}+)\b/gu;
const personal =
  /\b(?:I|my|I'm|I've)\b.*\b(?:prefer|favou?rite|birthday|allerg\w+|vegetarian|vegan|live|lives|living|moved to|moving|wife|husband|partner|kids?|son|daughter|pronouns?|time ?zone|joined|years old|grew up|born|speak|vacation|parental leave|on leave|off (?:on|until|from)|hate|love|like to|don't like|can't stand|working hours|team|role)\b/i;
const genericSpeaker = /^(?:user|human|me|assistant|ai|agent|bot|model)$/i;
const user: Subject = { kind: "person", key: "user", title: "User" };
const general: Subject = { kind: "topic", key: "general", title: "General" };

/** Names of the people who speak, or are spoken of as somebody's friend, sister, colleague; in lower case with their spelling. */
export function findPeople(claims: readonly Claim[]): ReadonlyMap<string, string> {
  const people = new Map<string, string>();
  for (const { said, statements } of claims) {
    if (!genericSpeaker.test(said.speaker)) people.set(said.speaker.toLowerCase(), said.speaker);
    for (const { text } of statements) {
      for (const [, name = ""] of text.matchAll(relation)) {
        if (!isStopWord(name.toLowerCase()) && !people.has(name.toLowerCase()))
          people.set(name.toLowerCase(), name);
      }
    }
  }
  return people;
}

/**
 * Parts what people with a name say of themselves from what they say of other things in the same breath. The one user's turns
 * stay whole: what is said together is found together.
 */
export function partClaims(claims: readonly Claim[]): Claim[] {
  return claims.flatMap(inPieces).flatMap((claim) => {
    if (genericSpeaker.test(claim.said.speaker)) return [claim];
    const own = claim.statements.filter(({ text }) => personal.test(text));
    const rest = claim.statements.filter((statement) => !own.includes(statement));
    if (own.length === 0 || rest.length === 0) return [claim];
    return [own, rest].map((statements) => ({ ...claim, statements }));
  });
}

// A long answer taken whole would fill a memory alone.
function inPieces(claim: Claim): Claim[] {
  const pieces: Claim[] = [];
  let length = 0;
  for (const statement of claim.statements) {
    const open = pieces.at(-1);
    if (open !== undefined && length + statement.shown.length <= pieceLengthMax) {
      open.statements.push(statement);
      length += statement.shown.length;
    } else {
      pieces.push({ ...claim, statements: [statement] });
      length = statement.shown.length;
    }
  }
  return pieces;
}

/** Files each claim under a person or a topic. Looks at sessions only, so that the same sessions are filed alike again. */
export function fileClaims(claims: readonly Claim[]): ReadonlyMap<Claim, Subject> {
  const people = findPeople(claims);
  const subjects = new Map<Claim, Subject>();
  const open: Claim[] = [];
  for (const claim of claims) {
    const person = personOf(claim, people);
    if (person === null) open.push(claim);
    else subjects.set(claim, person);
  }
  for (const [claim, topic] of findTopics(open, claimsPerTopicMin, people)) subjects.set(claim, topic);
  for (const claim of open) {
    if (!subjects.has(claim)) subjects.set(claim, leftover(claim));
  }
  return subjects;
}

function personOf(claim: Claim, people: ReadonlyMap<string, string>): Subject | null {
  for (const { text } of claim.statements) {
    const first =
      /^(?:And |But |So |Also,? |By the way,? |Oh,? )*(?:My \p{Ll}+ )?(\p{Lu}\p{Ll}+)(?:'s)? \p{Ll}/u.exec(
        text,
      )?.[1];
    const name = first === undefined ? undefined : people.get(first.toLowerCase());
    if (name !== undefined) return { kind: "person", key: name.toLowerCase(), title: name };
  }
  if (genericSpeaker.test(claim.said.speaker)) return null;
  if (claim.statements.some(({ text }) => personal.test(text))) return speaker(claim);
  return null;
}

function speaker(claim: Claim): Subject {
  return { kind: "person", key: claim.said.speaker.toLowerCase(), title: claim.said.speaker };
}

function leftover(claim: Claim): Subject {
  if (/^(?:user|human|me)$/i.test(claim.said.speaker)) return user;
  if (genericSpeaker.test(claim.said.speaker)) return general;
  return claim.statements.some((statement) => statement.features.self) ? speaker(claim) : general;
}

interface Term {
  readonly stem: string;
  readonly claims: Set<Claim>;
  readonly spellings: Map<string, number>;
  heads: number;
  /** Times it stood where a verb stands. */
  verbs: number;
  uses: number;
}

/** Covers the claims with as few topics as say much: each is a noun that at least `least` claims are about. */
export function findTopics(
  claims: readonly Claim[],
  least: number,
  people: ReadonlyMap<string, string>,
): Map<Claim, Subject> {
  const terms = [...collectTerms(claims, people).values()].filter(
    (term) => term.claims.size >= least && term.heads * 3 >= term.uses && term.verbs * 5 <= term.uses,
  );
  const topics = new Map<Claim, Subject>();
  for (let round = 0; round < topicsMax; round += 1) {
    const best = bestTerm(terms, topics, claims.length, least);
    if (best === null) break;
    const subject: Subject = { kind: "topic", key: best.stem, title: titleOf(best) };
    for (const claim of best.claims) if (!topics.has(claim)) topics.set(claim, subject);
    terms.splice(terms.indexOf(best), 1);
  }
  return topics;
}

function bestTerm(
  terms: readonly Term[],
  done: ReadonlyMap<Claim, Subject>,
  all: number,
  least: number,
): Term | null {
  let best: Term | null = null;
  let bestScore = 0;
  for (const term of terms) {
    let open = 0;
    for (const claim of term.claims) if (!done.has(claim)) open += 1;
    if (open < least) continue;
    const score = open * (Math.log(all / term.claims.size) + 0.3) * (term.heads / term.uses);
    if (score > bestScore || (score === bestScore && best !== null && term.stem < best.stem)) {
      best = term;
      bestScore = score;
    }
  }
  return best;
}

function collectTerms(claims: readonly Claim[], people: ReadonlyMap<string, string>): Map<string, Term> {
  const terms = new Map<string, Term>();
  for (const claim of claims) {
    for (const { features, text } of claim.statements) {
      features.words.forEach((word, index) => {
        if (!mayBeTopic(word) || people.has(word.text)) return;
        const stem = singular(word.text);
        const term = terms.get(stem) ?? {
          stem,
          claims: new Set(),
          spellings: new Map(),
          heads: 0,
          verbs: 0,
          uses: 0,
        };
        terms.set(stem, term);
        term.uses += 1;
        if (beforeVerb.test(features.words[index - 1]?.text ?? "")) term.verbs += 1;
        if (!isHead(features.words, index, text)) return;
        term.heads += 1;
        term.claims.add(claim);
        term.spellings.set(word.raw, (term.spellings.get(word.raw) ?? 0) + 1);
      });
    }
  }
  return terms;
}

// The stem would put "market" and "marketing" in one place.
function singular(word: string): string {
  if (/(?:ss|us|is)$/.test(word) || word.length < 4) return word;
  return word
    .replace(/ies$/, "y")
    .replace(/(ch|sh|x|z|ss)es$/, "$1")
    .replace(/s$/, "");
}

function mayBeTopic(word: Word): boolean {
  return (
    /^\p{L}[\p{L}\p{N}]{2,}$/u.test(word.text) &&
    !isStopWord(word.text) &&
    !notATopic.test(word.text) &&
    !/(?:ed|ly)$/.test(word.text)
  );
}

// The last word of "our staging database": something that points before it, nothing that it describes behind it.
function isHead(words: readonly Word[], index: number, text: string): boolean {
  const previous = words[index - 1];
  const next = words[index + 1];
  const word = words[index];
  if (word === undefined || previous === undefined) return false;
  // A name points by itself.
  if (/^\p{Lu}/u.test(word.raw) && word.raw.length > 2) return true;
  const pointed =
    determiner.test(previous.text) || (!isStopWord(previous.text) && previous.end + 1 === word.start);
  if (!pointed) return false;
  if (next === undefined || isStopWord(next.text)) return true;
  return /[^\s'’-]/.test(text.slice(word.end, next.start));
}

function titleOf(term: Term): string {
  const [spelling = term.stem] =
    [...term.spellings].sort(([a, x], [b, y]) => y - x || a.length - b.length || (a < b ? -1 : 1))[0] ?? [];
  return spelling.charAt(0).toUpperCase() + spelling.slice(1);
}

/** A name as a part of a path: letters and digits of any script, in lower case, at most 60 characters. */
export function slugify(title: string): string {
  const slug = [
    ...title
      .normalize("NFC")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-"),
  ]
    .slice(0, 60)
    .join("");
  return slug.replace(/^-+|-+$/g, "") || "notes";
}

/** Words of a title as topics are keyed; "on-call" is one word, so that "calls" is not about it. */
export function topicsOfTitle(title: string): ReadonlySet<string> {
  const words = title
    .toLowerCase()
    .split(/[\s_,.:]+/)
    .filter((word) => word !== "" && !isStopWord(word));
  return new Set(words.map(singular));
}
