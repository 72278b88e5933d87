import { checkLine, checkMetadata, checkName } from "../../core/check.ts";
import { invalidArgument, notFound } from "../../core/errors.ts";
import { checkId, idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { Session } from "../../core/session.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { createQuota } from "../quota.ts";

export interface CreateSessionRequest {
  readonly title: string;
  /** null: none. */
  readonly agentId: string | null;
  readonly workspaceId: string | null;
  readonly memoryStoreIds: readonly string[];
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Creates a session without events; every attached store must exist. */
export type CreateSession = (principal: Principal, request: CreateSessionRequest) => Promise<Session>;

export function createCreateSession(
  deps: Pick<ServiceDeps, "sessions" | "memories" | "clock" | "random">,
): CreateSession {
  const checkQuota = createQuota((query) => deps.sessions.count(query), {
    what: "sessions",
    max: limits.sessionsPerTenant,
    instead: "delete some",
  });
  return async ({ tenant }, request) => {
    checkRequest(request);
    for (const id of request.memoryStoreIds) {
      if ((await deps.memories.get({ tenant, id })) === null) throw notFound("memory store", id);
    }
    await checkQuota(tenant);
    const now = deps.clock.now();
    return deps.sessions.create({
      id: newId(deps, idPrefixes.session, now),
      tenant,
      kind: "conversation",
      dreamId: null,
      ...request,
      lastEvent: 0,
      edition: 1,
      createdAt: now,
      updatedAt: now,
      archivedAt: null,
    });
  };
}

function checkRequest(request: CreateSessionRequest): void {
  checkLine("title", request.title, limits.nameLength);
  if (request.agentId !== null) checkId("agent_id", request.agentId);
  if (request.workspaceId !== null) checkName("workspace_id", request.workspaceId, limits.peerNameLength);
  checkMetadata("metadata", request.metadata);
  checkTags("tags", request.tags);
  checkList("memory_store_ids", request.memoryStoreIds, limits.storesPerSession, (id) =>
    checkId("memory_store_ids", id),
  );
}

export function checkTags(field: string, tags: readonly string[]): void {
  checkList(field, tags, limits.tagsPerSession, (tag) => checkName(field, tag, limits.tagLength));
}

function checkList(field: string, list: readonly string[], max: number, check: (item: string) => void): void {
  if (list.length > max) throw invalidArgument(field, `must be at most ${max}, are ${list.length}`, max);
  if (new Set(list).size < list.length) throw invalidArgument(field, "must not name anything twice");
  for (const item of list) check(item);
}
