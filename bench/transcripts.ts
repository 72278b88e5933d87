/** Conversations made up from a few parts, the same on every run: people who state things, repeat them, and change them. */

export interface Turn {
  readonly speaker: string;
  readonly text: string;
  /** Unix seconds. */
  readonly saidAt: number;
}

const people = ["Maya", "Tom", "Ines", "Jonas", "assistant"];
const subjects = [
  "The release",
  "The billing service",
  "Our standup",
  "The search index",
  "The staging cluster",
  "The on-call rota",
  "The customer workshop",
  "The invoice template",
  "My flight to Lisbon",
  "The database upgrade",
];
const facts = [
  "moves to Tuesday at 10:00",
  "is owned by Ines now",
  "runs on port 8443 since last week",
  "costs about 1,200 euros a month",
  "needs an approval from the finance team first",
  "was postponed to 14 March 2026",
  "uses PostgreSQL 17 instead of MySQL",
  "is limited to 40 people",
  "has no owner any more",
  "fails every night around 02:30",
];
const asides = [
  "I prefer short answers, by the way.",
  "Can you remember that for the next time?",
  "We talked about this in January as well.",
  "That is what the customer asked for.",
  "I will write to the team this afternoon.",
  "Forget what I said before about it.",
];
const firstAt = Date.UTC(2026, 0, 5, 9) / 1_000;

/** Session `number` of a run of them, a day apart, with so many turns. */
export function makeTranscript(number: number, turns: number): Turn[] {
  const next = lcg(number + 1);
  const pick = (words: readonly string[]) => words[Math.floor(next() * words.length)] ?? "";
  return Array.from({ length: turns }, (_, turn) => ({
    speaker: turn % 2 === 1 ? "assistant" : pick(people),
    text: `${pick(subjects)} ${pick(facts)}. ${pick(asides)} ${pick(subjects)} ${pick(facts)}, ticket ${Math.floor(next() * 9_000)}.`,
    saidAt: firstAt + number * 86_400 + turn * 60,
  }));
}

/** Numbers from 0 to 1 that only look like chance. */
function lcg(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
