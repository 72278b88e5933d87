import { byteLength, checkContent, checkName, pageSize } from "../../core/check.ts";
import { invalidArgument, notFound, ReveriedError } from "../../core/errors.ts";
import { checkId, idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { Block, NewSessionEvent, SessionEvent } from "../../core/session.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { findSession } from "./get-session.ts";

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

export interface ListSessionEventsRequest {
  readonly sessionId: string;
  /** Only events with a greater number. */
  readonly afterNumber: number;
  readonly pageSize: number;
}

export interface SessionEventPage {
  readonly events: readonly SessionEvent[];
  /** What to go on after; 0 on the last page. */
  readonly nextAfterNumber: number;
}

/** Events in reading order. */
export type ListSessionEvents = (
  principal: Principal,
  request: ListSessionEventsRequest,
) => Promise<SessionEventPage>;

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
    if (session.kind === "dream") {
      throw new ReveriedError(
        "failed_precondition",
        `session ${sessionId} is the transcript of a dream, which only the dream writes`,
      );
    }
    const { tenant } = principal;
    const appended = await deps.sessions.append({ tenant, sessionId, events: checked, now });
    if (appended !== null) return appended;
    const current = await deps.sessions.get({ tenant, id: sessionId });
    if (current === null) throw notFound("session", sessionId);
    throw new ReveriedError(
      "failed_precondition",
      `session ${sessionId} is archived; an archived session is read-only`,
      {
        details: { field: "session_id" },
      },
    );
  };
}

export function createListSessionEvents(deps: Pick<ServiceDeps, "sessions">): ListSessionEvents {
  return async (principal, { sessionId, afterNumber, pageSize: requested }) => {
    const size = pageSize(requested, { default: limits.eventsPageDefault, max: limits.eventsPageMax });
    if (afterNumber < 0) throw invalidArgument("after_number", "must not be negative");
    const session = await findSession(deps, principal, "session_id", sessionId);
    const events = await deps.sessions.readEvents({
      tenant: principal.tenant,
      sessionId,
      after: afterNumber,
      upTo: session.lastEvent,
      limit: size,
    });
    const last = events.at(-1)?.number ?? 0;
    return { events, nextAfterNumber: last > 0 && last < session.lastEvent ? last : 0 };
  };
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
