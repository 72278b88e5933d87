import { notFound, ReveriedError } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { Session } from "../../core/session.ts";
import type { ServiceDeps } from "../deps.ts";

/** One session of the caller's tenant, archived ones and dreams' own too; `not_found` otherwise. */
export type GetSession = (principal: Principal, request: { readonly id: string }) => Promise<Session>;

export function createGetSession(deps: Pick<ServiceDeps, "sessions">): GetSession {
  return (principal, { id }) => findSession(deps, principal, "id", id);
}

/** The session, or `not_found`; `field` is the request's, for an id that cannot be one. */
export async function findSession(
  deps: Pick<ServiceDeps, "sessions">,
  { tenant }: Principal,
  field: string,
  id: string,
): Promise<Session> {
  checkId(field, id);
  const session = await deps.sessions.get({ tenant, id });
  if (session === null) throw notFound("session", id);
  return session;
}

/** Refuses a dream's own session, which only the dream writes; `field` is the request's. */
export function checkConversation(session: Session, field: string): void {
  if (session.kind === "conversation") return;
  throw new ReveriedError(
    "failed_precondition",
    `session ${session.id} is the transcript of dream ${session.dreamId}; only the dream writes it`,
    { details: { field } },
  );
}

/** Refuses an archived session, which is read-only for good. */
export function checkOpen(session: Session, field: string): void {
  if (session.archivedAt === null) return;
  throw new ReveriedError(
    "failed_precondition",
    `session ${session.id} is archived; an archived session is read-only`,
    { details: { field } },
  );
}
