import { checkName, pageSize } from "../../core/check.ts";
import { checkId } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { Session } from "../../core/session.ts";
import type { SessionFilter } from "../../ports/session-store.ts";
import type { ServiceDeps } from "../deps.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";

export interface ListSessionsRequest {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly filter: Omit<SessionFilter, "kind">;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  readonly nextPageToken: string;
}

/** Sessions of the tenant, newest first; dreams' own are left out. */
export type ListSessions = (principal: Principal, request: ListSessionsRequest) => Promise<SessionPage>;

export function createListSessions(deps: Pick<ServiceDeps, "sessions" | "digest">): ListSessions {
  return async ({ tenant }, { pageSize: requested, pageToken, filter: asked }) => {
    const size = pageSize(requested, { default: limits.pageSizeDefault, max: limits.pageSizeMax });
    const filter: SessionFilter = { ...asked, kind: "conversation" };
    const { includeArchived, workspaceId, memoryStoreId, agentId, tag } = filter;
    if (workspaceId !== null) checkName("workspace_id", workspaceId, limits.peerNameLength);
    if (memoryStoreId !== null) checkId("memory_store_id", memoryStoreId);
    if (agentId !== null) checkId("agent_id", agentId);
    if (tag !== null) checkName("tag", tag, limits.tagLength);
    const query = ["sessions", tenant, includeArchived, workspaceId, memoryStoreId, agentId, tag];
    const after = decodePageToken(deps.digest, query, pageToken, { createdAt: "number", id: "string" });
    const found = await deps.sessions.list({ tenant, filter, after, limit: size + 1 });
    const sessions = found.slice(0, size);
    const last = sessions.at(-1);
    return {
      sessions,
      nextPageToken:
        found.length > size && last !== undefined
          ? encodePageToken(deps.digest, query, { createdAt: last.createdAt, id: last.id })
          : "",
    };
  };
}
