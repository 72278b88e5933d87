/** Sessions and their events. */
import { invalidArgument } from "../../core/errors.ts";
import type { Session, SessionEvent } from "../../core/session.ts";
import {
  eachLine,
  type ImportCall,
  inAnyOrder,
  inOrder,
  type Line,
  notThere,
  type Refusal,
  settle,
} from "./import-call.ts";
import { sessionWentOn } from "./went-on.ts";

/** Sessions without their events: what they say of their last event is not so until that is there. */
export async function importSessions(
  call: ImportCall,
  lines: readonly Line<"session">[],
): Promise<Refusal | null> {
  if (lines.length === 0) return null;
  const { deps, tenant } = call;
  const ids = lines.map(({ value }) => value.id);
  const stored = new Map((await deps.sessions.getMany({ tenant, ids })).map((one) => [one.id, one]));
  return eachLine(lines, inAnyOrder, async ({ value }) => {
    const session: Session = { ...value, tenant };
    const there = stored.get(session.id);
    if (there === undefined && session.kind === "conversation") await call.quotas.sessions(tenant);
    const outcome = await deps.restore.session(session);
    const wentOn = outcome === "differs" && there !== undefined && sessionWentOn(there, session);
    settle(call, `session ${session.id}`, wentOn ? "present" : outcome);
  });
}

/** Events that go on where their session ends, or are there already. */
export function importEvents(call: ImportCall, lines: readonly Line<"events">[]): Promise<Refusal | null> {
  const { deps, tenant } = call;
  return eachLine(lines, inOrder, async ({ value }) => {
    const { sessionId } = value;
    const session = await deps.sessions.get({ tenant, id: sessionId });
    if (session === null) throw notThere("events.session_id", `session ${sessionId}`);
    const events = value.events.map((event): SessionEvent => ({ ...event, sessionId }));
    const first = events[0]?.number ?? 1;
    if (first > session.lastEvent + 1) {
      const problem = `is ${first}, and the session has ${session.lastEvent} events; go on from an earlier line`;
      throw invalidArgument("events.events[0].number", problem);
    }
    const outcome = await deps.restore.events({ tenant, sessionId, events });
    settle(call, `an event of session ${sessionId}`, outcome);
  });
}
