import { dayText } from "../../core/calendar.ts";
import type { Edit } from "../../core/change-set.ts";
import type { Claim, Statement } from "./claims.ts";
import { renderComment, sourcesOf } from "./entry.ts";
import { latest } from "./outdated.ts";
import type { Said } from "./statement.ts";
import type { Subject } from "./subjects.ts";

const sessionsMin = 3;
const changesMin = 2;
const insightsMax = 24;

/** A line that no session says: what was counted over several of them. */
export interface Insight {
  readonly text: string;
  readonly said: readonly Said[];
}

/** Topics that came up in at least three sessions, and statements that changed at least twice, as counts with days. */
export function countInsights(
  subjects: ReadonlyMap<Claim, Subject>,
  statements: readonly Statement[],
): Insight[] {
  return [...recurring(subjects), ...changing(statements)].slice(0, insightsMax);
}

function recurring(subjects: ReadonlyMap<Claim, Subject>): Insight[] {
  const bySubject = new Map<string, { title: string; said: Map<string, Said> }>();
  for (const [claim, subject] of subjects) {
    if (subject.kind !== "topic" || subject.key === "general" || claim.statements.length === 0) continue;
    const found = bySubject.get(subject.key) ?? { title: subject.title, said: new Map<string, Said>() };
    bySubject.set(subject.key, found);
    if (!found.said.has(claim.said.sessionId)) {
      found.said.set(claim.said.sessionId, claim.statements[0]?.said[0] ?? claim.said);
    }
  }
  return [...bySubject.values()]
    .filter(({ said }) => said.size >= sessionsMin)
    .sort((a, b) => b.said.size - a.said.size || (a.title < b.title ? -1 : 1))
    .map(({ title, said }) => {
      const places = [...said.values()];
      return { text: `${title} came up in ${said.size} sessions${spanOf(places)}.`, said: places };
    });
}

function changing(statements: readonly Statement[]): Insight[] {
  const rows = new Map<Statement, Statement[]>();
  for (const statement of statements) {
    if (statement.supersededBy === null) continue;
    const last = latest(statement);
    rows.set(last, [...(rows.get(last) ?? []), statement]);
  }
  return [...rows]
    .filter(([, olders]) => olders.length >= changesMin)
    .map(([last, olders]) => {
      const said = [...olders, last].map((statement) => statement.said[0]);
      return { text: `Changed ${olders.length} times${spanOf(said)}: ${last.shown}`, said };
    });
}

function spanOf(said: readonly Said[]): string {
  const days = said
    .map((one) => dayText(one.at))
    .filter((day) => day !== null)
    .sort();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return "";
  return first === last ? ` on ${first}` : ` between ${first} and ${last}`;
}

/** The line as it stands under `Insights`. */
export function renderInsight({ text, said }: Insight): string {
  return `- ${text}${renderComment(said)}\n`;
}

export function insightEdit({ text, said }: Insight): Edit {
  return {
    kind: "add",
    before: null,
    after: text,
    reason: "counted over the sessions of this dream",
    sources: sourcesOf(said),
  };
}
