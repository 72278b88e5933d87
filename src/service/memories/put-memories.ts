import { checkContent } from "../../core/check.ts";
import { invalidArgument, ReveriedError } from "../../core/errors.ts";
import { idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { type MemoryEntry, memoryIdIn } from "../../core/memory.ts";
import { checkPath } from "../../core/memory-path.ts";
import { actorOf, type EntryChange } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { findSession } from "../sessions/get-session.ts";
import { checkRoom } from "./check-room.ts";
import type { StoreView } from "./get-memory-store.ts";
import { type MemoryView, viewMemory } from "./memory-view.ts";
import { checkSha256, mismatch } from "./preconditions.ts";
import { writeStore } from "./write-store.ts";

export interface PutMemoriesRequest {
  readonly memoryStoreId: string;
  readonly memories: readonly MemoryText[];
  /** The session in which this was learned, which becomes the actor; absent or null: the caller's key is. */
  readonly sessionId?: string | null | undefined;
}

export interface MemoryText {
  readonly path: string;
  readonly content: string;
  /** Only if the memory at the path has this hash now; empty: only if there is none; absent: always. */
  readonly expectedSha256?: string | undefined;
}

/**
 * Writes memories by path, creating or replacing each: all of the call or none of it, and a text that is there already
 * makes no version, whatever was expected. `conflict` names the memory in the way when a path is a folder of another or
 * was expected to be free; `version_mismatch` has the hash a memory has now when another was expected.
 */
export type PutMemories = (
  principal: Principal,
  request: PutMemoriesRequest,
) => Promise<readonly MemoryView[]>;

type Deps = Pick<ServiceDeps, "memories" | "sessions" | "heads" | "clock" | "random" | "digest">;

interface Text {
  readonly path: string;
  readonly content: string;
  readonly hash: string;
  readonly sizeBytes: number;
  readonly expected: string | undefined;
}

export function createPutMemories(deps: Deps): PutMemories {
  return async (principal, request) => {
    const texts = checkTexts(deps, request);
    const sessionId = request.sessionId ?? null;
    if (sessionId !== null) await findSession(deps, principal, "session_id", sessionId);
    const now = deps.clock.now();
    const { store, head } = await writeStore(deps, principal, {
      memoryStoreId: request.memoryStoreId,
      actor: actorOf(principal, sessionId),
      origin: null,
      now,
      texts: new Map(texts.map(({ hash, content }) => [hash, content])),
      decide: (view) => decide(deps, view, texts, now),
    });
    const paths = texts.map((text) => text.path);
    const stored = await deps.heads.find(principal.tenant, head, paths);
    return paths.flatMap((path) => {
      const entry = stored.get(path);
      return entry === undefined ? [] : [viewMemory(deps, store.id, entry, null)];
    });
  };
}

function checkTexts(deps: Pick<Deps, "digest">, { memories }: PutMemoriesRequest): Text[] {
  if (memories.length === 0) throw invalidArgument("memories", "must not be empty");
  if (memories.length > limits.putMemoriesPerCall) {
    throw invalidArgument(
      "memories",
      `must be at most ${limits.putMemoriesPerCall} a call, are ${memories.length}`,
      limits.putMemoriesPerCall,
    );
  }
  const seen = new Set<string>();
  return memories.map(({ path, content, expectedSha256: expected }) => {
    checkPath("memories.path", path);
    if (seen.has(path))
      throw invalidArgument("memories.path", `${JSON.stringify(path)} stands twice in the call`);
    seen.add(path);
    if (expected !== undefined && expected !== "") checkSha256("memories.expected_sha256", expected);
    const sizeBytes = checkContent("memories.content", content, limits.memoryContentBytes);
    return { path, content, hash: deps.digest.sha256(content), sizeBytes, expected };
  });
}

async function decide(
  deps: Deps,
  view: StoreView,
  texts: readonly Text[],
  now: number,
): Promise<EntryChange[]> {
  const { store, head } = view;
  const paths = texts.map((text) => text.path);
  const before = await deps.heads.find(store.tenant, head, paths);
  const written = texts.filter((text) => before.get(text.path)?.contentHash !== text.hash);
  for (const text of written) requireAt(deps, store.id, text, before.get(text.path));
  const created = written.map((text) => text.path).filter((path) => !before.has(path));
  if (created.length > 0)
    await checkRoom(deps, view, { field: "memories.path", paths: created, leaving: null });
  return written.map(({ path, hash, sizeBytes }) => {
    const old = before.get(path);
    const after: MemoryEntry = {
      path,
      memoryId: old?.memoryId ?? newId(deps, idPrefixes.memory, now),
      versionId: newId(deps, idPrefixes.memoryVersion, now),
      originStoreId: old?.originStoreId ?? store.id,
      contentHash: hash,
      sizeBytes,
      version: (old?.version ?? 0) + 1,
      createdAt: old?.createdAt ?? now,
      updatedAt: now,
    };
    return { kind: "put", before: old ?? null, after };
  });
}

/** Refuses a text whose path is not as the caller expected it. */
function requireAt(
  deps: Pick<Deps, "digest">,
  storeId: string,
  { path, expected }: Text,
  there: MemoryEntry | undefined,
): void {
  if (expected === undefined || expected === (there?.contentHash ?? "")) return;
  const field = "memories.expected_sha256";
  const at = JSON.stringify(path);
  if (expected === "" && there !== undefined) {
    const blockedBy = memoryIdIn(storeId, there, deps.digest.sha256);
    throw new ReveriedError(
      "conflict",
      `${field}: memory ${blockedBy} is at ${at} already; update it instead`,
      {
        details: { field, blockedBy },
      },
    );
  }
  const now = there === undefined ? "there is none" : `it has ${there.contentHash}`;
  throw mismatch(field, `the memory at ${at} was expected to have the hash ${expected}, and ${now}`, there);
}
