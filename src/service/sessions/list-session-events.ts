import { pageSize } from "../../core/check.ts";
import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { SessionEvent } from "../../core/session.ts";
import type { ServiceDeps } from "../deps.ts";
import { findSession } from "./get-session.ts";

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
