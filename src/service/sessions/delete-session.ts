import { notFound } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { removeRows } from "../remove-rows.ts";
import { checkConversation, findSession } from "./get-session.ts";

/**
 * Deletes a session with its events, archived ones too; from then on it is `not_found`. A dream's own is refused. What
 * dreams wrote down of it stays.
 */
export type DeleteSession = (principal: Principal, request: { readonly id: string }) => Promise<void>;

export function createDeleteSession(deps: Pick<ServiceDeps, "sessions" | "sweep">): DeleteSession {
  return async (principal, { id }) => {
    const { tenant } = principal;
    checkConversation(await findSession(deps, principal, "id", id), "id");
    if (!(await deps.sessions.delete({ tenant, id }))) throw notFound("session", id);
    await removeRows((limit) => deps.sweep.removeSession({ tenant, sessionId: id, limit }));
  };
}
