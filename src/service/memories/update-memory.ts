import { checkContent } from "../../core/check.ts";
import { invalidArgument, ReveriedError } from "../../core/errors.ts";
import { checkId, idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { type MemoryEntry, memoryIdIn } from "../../core/memory.ts";
import { checkPath } from "../../core/memory-path.ts";
import { actorOf, type EntryChange } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { findSession } from "../sessions/get-session.ts";
import { checkRoom } from "./check-room.ts";
import { findMemory } from "./find-memory.ts";
import type { StoreView } from "./get-memory-store.ts";
import { type MemoryView, viewMemory } from "./memory-view.ts";
import { checkExpected, type Expected, requireExpected } from "./preconditions.ts";
import { writeStore } from "./write-store.ts";

export interface UpdateMemoryRequest extends Expected {
  readonly memoryStoreId: string;
  readonly id: string;
  /** The new text and the new path; null to leave it, but one of them is given. */
  readonly content: string | null;
  readonly path: string | null;
  /** The session in which this was learned, which becomes the actor; null: the caller's key is. */
  readonly sessionId: string | null;
}

/**
 * Changes the text or the path of one memory, which keeps its id. `version_mismatch`, with the hash it has now, when it
 * is not as expected; `conflict` names the memory in the way of a new path. A memory that is as asked for already makes
 * no version, whatever was expected.
 */
export type UpdateMemory = (principal: Principal, request: UpdateMemoryRequest) => Promise<MemoryView>;

type Deps = Pick<ServiceDeps, "memories" | "sessions" | "heads" | "clock" | "random" | "digest">;

export function createUpdateMemory(deps: Deps): UpdateMemory {
  return async (principal, request) => {
    const text = checkRequest(deps, request);
    const { sessionId } = request;
    if (sessionId !== null) await findSession(deps, principal, "session_id", sessionId);
    const now = deps.clock.now();
    const written = await writeStore(deps, principal, {
      memoryStoreId: request.memoryStoreId,
      actor: actorOf(principal, sessionId),
      origin: null,
      now,
      texts: new Map(text === null ? [] : [[text.contentHash, text.content]]),
      decide: (view) => decide(deps, view, request, text, now),
    });
    const [change] = written.changes;
    const entry = change?.kind === "put" ? change.after : await findMemory(deps, written, request.id);
    return viewMemory(deps, written.store.id, entry, null);
  };
}

interface Text extends Pick<MemoryEntry, "contentHash" | "sizeBytes"> {
  readonly content: string;
}

/** The new text, if there is one. */
function checkRequest(deps: Pick<Deps, "digest">, request: UpdateMemoryRequest): Text | null {
  const { id, content, path } = request;
  checkId("id", id);
  if (content === null && path === null) {
    throw invalidArgument("content", "must be given, or path must: there is nothing to change");
  }
  if (path !== null) checkPath("path", path);
  checkExpected(request);
  if (content === null) return null;
  const sizeBytes = checkContent("content", content, limits.memoryContentBytes);
  return { content, contentHash: deps.digest.sha256(content), sizeBytes };
}

async function decide(
  deps: Deps,
  view: StoreView,
  request: UpdateMemoryRequest,
  text: Text | null,
  now: number,
): Promise<EntryChange[]> {
  const before = await findMemory(deps, view, request.id);
  const path = request.path ?? before.path;
  const { contentHash, sizeBytes } = text ?? before;
  if (path === before.path && contentHash === before.contentHash) return [];
  requireExpected(request.id, before, request);
  if (path !== before.path) await checkFree(deps, view, path, before.path);
  const versionId = newId(deps, idPrefixes.memoryVersion, now);
  const version = before.version + 1;
  return [
    {
      kind: "put",
      before,
      after: { ...before, path, contentHash, sizeBytes, versionId, version, updatedAt: now },
    },
  ];
}

/** Refuses a path that another memory has, or is in the way of. */
async function checkFree(deps: Deps, view: StoreView, path: string, leaving: string): Promise<void> {
  const { store, head } = view;
  const there = (await deps.heads.find(store.tenant, head, [path])).get(path);
  if (there !== undefined) {
    const blockedBy = memoryIdIn(store.id, there, deps.digest.sha256);
    throw new ReveriedError(
      "conflict",
      `path: memory ${blockedBy} is at ${JSON.stringify(path)} already; move or delete it first, or use another path`,
      { details: { field: "path", blockedBy } },
    );
  }
  await checkRoom(deps, view, { field: "path", paths: [path], leaving });
}
