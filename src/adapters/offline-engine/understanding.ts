import { lowestTrust, type Trust } from "../../core/session.ts";
import { createCandidateIndex } from "./candidates.ts";
import type { Claim, Statement } from "./claims.ts";
import { isChangeable, judge, lookupStems, type Verdict } from "./conflicts.ts";
import { createNearIndex } from "./merge.ts";
import type { Pace } from "./pace.ts";

const candidatesPerStatement = 3;
const noContext: ReadonlySet<string> = new Set();

/** A newer statement and the older one whose place it takes, or may take. */
export interface Succession {
  readonly older: Statement;
  readonly newer: Statement;
  readonly what: string;
}

/** Later first; among equals what was read later. */
export function newestFirst(a: Statement, b: Statement): number {
  return b.order - a.order || b.sequence - a.sequence;
}

/**
 * Keeps of several statements that say the same the newest one of a person, with everywhere it was said, and takes the others
 * out of their claims. Answers how many were taken out.
 */
export async function mergeStatements(claims: readonly Claim[], pace: Pace): Promise<number> {
  const all = claims.flatMap((claim) => claim.statements);
  const byPerson = (statement: Statement) => (statement.said[0].trust === "user" ? 0 : 1);
  all.sort((a, b) => byPerson(a) - byPerson(b) || newestFirst(a, b));
  const index = createNearIndex<Statement>();
  const merged = new Set<Statement>();
  for (const statement of all) {
    await pace.step();
    const known = index.find(statement);
    if (known === null) index.add(statement);
    else {
      known.said.push(...statement.said);
      merged.add(statement);
    }
  }
  for (const claim of claims) {
    claim.statements = claim.statements.filter((statement) => !merged.has(statement));
  }
  return merged.size;
}

/** Finds, for each statement, the older ones it replaces or may replace, and marks them. Newest first. */
export async function resolveStatements(claims: readonly Claim[], pace: Pace): Promise<Succession[]> {
  const all = claims
    .flatMap((claim) => claim.statements)
    .filter((statement) => isChangeable(statement.features, statement.text));
  all.sort((a, b) => -newestFirst(a, b));
  const index = createCandidateIndex<Statement>();
  const found: Succession[] = [];
  for (const newer of all) {
    await pace.step();
    const stems = lookupStems(newer.features, newer.text, newer.said[0].speaker.toLowerCase());
    const candidates = index.best(
      stems,
      candidatesPerStatement,
      (older) =>
        older.said[0].sessionId !== newer.said[0].sessionId &&
        (older.subject === newer.subject || older.subject === "" || newer.subject === ""),
    );
    for (const older of candidates) {
      if (older.supersededBy !== null) continue;
      const verdict = judgeStatements(older, newer);
      if (verdict === null) continue;
      if (verdict.kind === "supersede") {
        older.supersededBy = newer;
        older.changed = verdict.what;
        found.push({ older, newer, what: verdict.what });
      } else if (older.followedBy === null) older.followedBy = newer;
    }
    index.add(newer, stems);
  }
  return found;
}

// Of two statements of which only one has a time, nobody knows which is newer.
function judgeStatements(older: Statement, newer: Statement): Verdict {
  const verdict = judge({
    older: older.features,
    newer: newer.features,
    olderContext: noContext,
    olderText: older.text,
    newerText: newer.text,
    olderSelf: older.said[0].speaker.toLowerCase(),
    newerSelf: newer.said[0].speaker.toLowerCase(),
    technical: isTechnical(older) || isTechnical(newer),
  });
  const comparable = (newer.said[0].at === null) === (older.said[0].at === null);
  if (verdict?.kind === "supersede" && !(comparable && mayOverrule(trustOf(newer), trustOf(older)))) {
    return { ...verdict, kind: "timeline" };
  }
  return verdict;
}

/** Tools and imported text alone overrule nobody, and an assistant does not overrule a person. */
export function mayOverrule(newer: Trust, older: Trust): boolean {
  return newer === "user" || (newer === "assistant" && older !== "user");
}

/** The best anybody who said it can answer for: one person's word is enough. */
export function trustOf(statement: Statement): Trust {
  const trusts = statement.said.map((said) => said.trust);
  if (trusts.includes("user")) return "user";
  return trusts.includes("assistant") ? "assistant" : lowestTrust(trusts);
}

export function isTechnical(statement: Statement): boolean {
  return statement.codeShare > 0.25;
}
