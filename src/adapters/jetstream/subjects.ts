import { notFound, ReveriedError } from "../../core/errors.ts";
import { checkTenant } from "../../core/ids.ts";
import type { EventMessage, Topic } from "../../ports/event-bus.ts";

/** Where the subjects begin. Only tests and several installations on one server need other values. */
export interface SubjectPrefixes {
  /** Of the stream's subjects, e.g. `dreams.v1`. */
  readonly subjectPrefix: string;
  /** Of live hints, which no stream may take, e.g. `reveried.live`. */
  readonly livePrefix: string;
}

export const defaultPrefixes: SubjectPrefixes = { subjectPrefix: "dreams.v1", livePrefix: "reveried.live" };

const prefixPattern = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const dreamIdPattern = /^[A-Za-z0-9_]+$/;

/** Throws `invalid_argument` unless the prefix is made of plain tokens. */
export function checkPrefix(option: string, prefix: string): void {
  if (prefixPattern.test(prefix)) return;
  throw new ReveriedError("invalid_argument", `${option}: must be words of A-Z a-z 0-9 _ - joined by dots`, {
    details: { field: option },
  });
}

/** What the stream takes. */
export function streamSubject({ subjectPrefix }: SubjectPrefixes): string {
  return `${subjectPrefix}.>`;
}

/** One event: `dreams.v1.<tenant>.<dream id>.<kind>`. */
export function eventSubject(prefixes: SubjectPrefixes, { tenant, dreamId, event }: EventMessage): string {
  return `${prefixes.subjectPrefix}.${dreamTokens(tenant, dreamId)}.${event.kind}`;
}

/** All events of one dream. */
export function historySubject(prefixes: SubjectPrefixes, tenant: string, dreamId: string): string {
  return `${prefixes.subjectPrefix}.${dreamTokens(tenant, dreamId)}.>`;
}

/** Where hints about the topic are sent, outside the stream. */
export function liveSubject({ livePrefix }: SubjectPrefixes, topic: Topic): string {
  if (topic.kind === "work") return `${livePrefix}.work`;
  return `${livePrefix}.dream.${dreamTokens(topic.tenant, topic.dreamId)}`;
}

/** Every subject on which something worth a hint arrives. */
export function listenSubjects(prefixes: SubjectPrefixes, topic: Topic): string[] {
  const live = liveSubject(prefixes, topic);
  return topic.kind === "work" ? [live] : [live, historySubject(prefixes, topic.tenant, topic.dreamId)];
}

/** Whether every subject that `wanted` matches is matched by `pattern` too; both may end in `>` and hold `*`. */
export function covers(pattern: string, wanted: string): boolean {
  const have = pattern.split(".");
  const want = wanted.split(".");
  for (const [index, token] of have.entries()) {
    const other = want[index];
    if (other === undefined) return false;
    if (token === ">") return true;
    if (other === ">" || (token !== "*" && token !== other)) return false;
  }
  return have.length === want.length;
}

/**
 * A caller's id arrives here before anybody knows whether it names a dream. One with a dot, a star or a space would
 * reach other subjects, or hang the publish; it names nothing, so it is not found.
 */
function dreamTokens(tenant: string, dreamId: string): string {
  checkTenant("tenant", tenant);
  if (!dreamIdPattern.test(dreamId)) throw notFound("dream", dreamId);
  return `${tenant}.${dreamId}`;
}
