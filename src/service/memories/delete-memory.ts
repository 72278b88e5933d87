import { checkId, idPrefixes } from "../../core/ids.ts";
import { actorOf } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { findSession } from "../sessions/get-session.ts";
import { findMemory } from "./find-memory.ts";
import { checkExpected, type Expected, requireExpected } from "./preconditions.ts";
import { writeStore } from "./write-store.ts";

export interface DeleteMemoryRequest extends Expected {
  readonly memoryStoreId: string;
  readonly id: string;
  /** The session that decided it, which becomes the actor; null: the caller's key is. */
  readonly sessionId: string | null;
}

/**
 * Deletes one memory, and its versions stay. `version_mismatch`, with the hash it has now, when it is not as expected;
 * `not_found` when it is gone already.
 */
export type DeleteMemory = (principal: Principal, request: DeleteMemoryRequest) => Promise<void>;

export function createDeleteMemory(
  deps: Pick<ServiceDeps, "memories" | "sessions" | "heads" | "clock" | "random" | "digest">,
): DeleteMemory {
  return async (principal, request) => {
    const { memoryStoreId, id, sessionId } = request;
    checkId("id", id);
    checkExpected(request);
    if (sessionId !== null) await findSession(deps, principal, "session_id", sessionId);
    const now = deps.clock.now();
    await writeStore(deps, principal, {
      memoryStoreId,
      actor: actorOf(principal, sessionId),
      origin: null,
      now,
      async decide(view) {
        const before = await findMemory(deps, view, id);
        requireExpected(id, before, request);
        return [{ kind: "remove", before, versionId: newId(deps, idPrefixes.memoryVersion, now) }];
      },
    });
  };
}
