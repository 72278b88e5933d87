import { checkLine, checkMetadata } from "../../core/check.ts";
import { notFound, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { patchMetadata, sameMetadata } from "../../core/patch-metadata.ts";
import type { Principal } from "../../core/principal.ts";
import type { Session } from "../../core/session.ts";
import type { ServiceDeps } from "../deps.ts";
import { checkTags } from "./create-session.ts";
import { checkConversation, checkOpen, findSession } from "./get-session.ts";

/** null leaves a field as it is. */
export interface UpdateSessionRequest {
  readonly id: string;
  readonly title: string | null;
  /** Pairs to set; an empty value removes the key. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[] | null;
}

/** Changes title, metadata or tags. An archived session and a dream's own are refused; a change of nothing writes nothing. */
export type UpdateSession = (principal: Principal, request: UpdateSessionRequest) => Promise<Session>;

export function createUpdateSession(deps: Pick<ServiceDeps, "sessions" | "clock">): UpdateSession {
  return async (principal, request) => {
    const { id, title, tags } = request;
    if (title !== null) checkLine("title", title, limits.nameLength);
    if (tags !== null) checkTags("tags.tags", tags);
    let session = await findSession(deps, principal, "id", id);
    const now = deps.clock.now();
    for (let tries = 0; tries < limits.casAttempts; tries += 1) {
      checkConversation(session, "id");
      checkOpen(session, "id");
      const next = patched(session, request, now);
      if (next === session) return session;
      const saved = await deps.sessions.save({ read: session, next });
      if (saved.session === null) throw notFound("session", id);
      if (saved.outcome === "saved") return saved.session;
      session = saved.session;
    }
    throw new ReveriedError("unavailable", `session ${id} changes faster than it can be written; try again`);
  };
}

/** The session after the request, or the very session when it is so already. */
function patched(session: Session, request: UpdateSessionRequest, now: number): Session {
  const title = request.title ?? session.title;
  const metadata = patchMetadata(session.metadata, request.metadata);
  const tags = request.tags ?? session.tags;
  const same =
    title === session.title && sameMetadata(metadata, session.metadata) && sameTags(tags, session.tags);
  if (same) return session;
  checkMetadata("metadata", metadata);
  return { ...session, title, metadata, tags, edition: session.edition + 1, updatedAt: now };
}

function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag, index) => tag === b[index]);
}
