import { notFound } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { Session } from "../../core/session.ts";
import type { ServiceDeps } from "../deps.ts";

/** Makes a session read-only for good. Repeating it changes nothing. */
export type ArchiveSession = (principal: Principal, request: { readonly id: string }) => Promise<Session>;

export function createArchiveSession(deps: Pick<ServiceDeps, "sessions" | "clock">): ArchiveSession {
  return async ({ tenant }, { id }) => {
    checkId("id", id);
    const session = await deps.sessions.archive({ tenant, id, now: deps.clock.now() });
    if (session === null) throw notFound("session", id);
    return session;
  };
}
