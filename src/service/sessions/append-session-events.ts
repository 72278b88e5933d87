import { byteLength, checkContent, checkName } from "../../core/check.ts";
import { invalidArgument, notFound, ReveriedError } from "../../core/errors.ts";
import { checkId, idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { Block, NewSessionEvent, Session, SessionEvent } from "../../core/session.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { checkConversation, checkOpen, findSession } from "./get-session.ts";

export interface AppendSessionEventsRequest {
  readonly sessionId: string;
  /** An empty id is replaced by a new one. */
  readonly events: readonly NewSessionEvent[];
}

/** Appends events, all of the call or none; with ids of the caller's own a repeated call appends nothing twice. */
export type AppendSessionEvents = (
  principal: Principal,
  request: AppendSessionEventsRequest,
) => Promise<readonly SessionEvent[]>;

export function createAppendSessionEvents(
  deps: Pick<ServiceDeps, "sessions" | "clock" | "random">,
): AppendSessionEvents {
  return async (principal, { sessionId, events }) => {
    if (events.length === 0) throw invalidArgument("events", "must not be empty");
    if (events.length > limits.eventsPerAppend) {
      throw invalidArgument(
        "events",
        `must be at most ${limits.eventsPerAppend} a call, are ${events.length}`,
        limits.eventsPerAppend,
      );
    }
    const now = deps.clock.now();
    const checked = events.map((event, index) => checkEvent(deps, event, `events[${index}]`, now));
    const ids = new Set(checked.map((event) => event.id));
    if (ids.size < checked.length) throw invalidArgument("events.id", "must not stand twice in a call");
    const session = await findSession(deps, principal, "session_id", sessionId);
    checkConversation(session, "session_id");
    checkOpen(session, "session_id");
    const { tenant } = principal;
    if (session.lastEvent + checked.length > limits.eventsPerSession) {
      await checkAppended(deps, session, ids);
    }
    const appended = await deps.sessions.append({ tenant, sessionId, events: checked, now });
    if (appended !== null) return appended;
    const current = await deps.sessions.get({ tenant, id: sessionId });
    if (current === null) throw notFound("session", sessionId);
    checkOpen(current, "session_id");
    throw new ReveriedError("internal", `session ${sessionId} took no events`);
  };
}

/** Refuses events that a full session has no room for, unless they are its last and the call is a repeated one. */
async function checkAppended(
  deps: Pick<ServiceDeps, "sessions">,
  { tenant, id: sessionId, lastEvent }: Session,
  ids: ReadonlySet<string>,
): Promise<void> {
  const limit = limits.eventsPerAppend;
  const query = { tenant, sessionId, after: Math.max(0, lastEvent - limit), upTo: lastEvent, limit };
  const last = new Set((await deps.sessions.readEvents(query)).map((event) => event.id));
  if (ids.isSubsetOf(last)) return;
  const max = limits.eventsPerSession;
  throw new ReveriedError(
    "resource_exhausted",
    `session ${sessionId} has ${lastEvent} events and may have ${max}; go on in another session`,
    { details: { field: "events", limit: max } },
  );
}

function checkEvent(
  deps: Pick<ServiceDeps, "random">,
  event: NewSessionEvent,
  field: string,
  now: number,
): NewSessionEvent {
  const id = event.id === "" ? newId(deps, idPrefixes.sessionEvent, now) : event.id;
  checkId(`${field}.id`, id);
  checkName(`${field}.speaker`, event.speaker, limits.peerNameLength);
  if (event.blocks.length === 0) throw invalidArgument(field, "must have a text or blocks");
  if (event.blocks.length > limits.blocksPerEvent) {
    throw invalidArgument(
      `${field}.blocks`,
      `must be at most ${limits.blocksPerEvent}`,
      limits.blocksPerEvent,
    );
  }
  let size = 0;
  for (const block of event.blocks) {
    for (const text of blockTexts(block)) {
      checkContent(`${field}.blocks`, text, limits.eventTextBytes);
      size += byteLength(text);
    }
  }
  if (size > limits.eventTextBytes) {
    throw new ReveriedError(
      "too_large",
      `${field}: its texts are ${size} bytes, more than ${limits.eventTextBytes}`,
      {
        details: { field, limit: limits.eventTextBytes },
      },
    );
  }
  return { ...event, id };
}

function blockTexts(block: Block): string[] {
  switch (block.type) {
    case "text":
      return [block.text];
    case "tool_use":
      return [block.toolUseId, block.name, block.input];
    case "tool_result":
      return [block.toolUseId, block.text];
    case "other":
      return [block.description];
  }
}
