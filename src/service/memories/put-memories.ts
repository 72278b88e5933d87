import { ancestorConflict, type EntryWrite } from "../../core/change-set.ts";
import { checkContent } from "../../core/check.ts";
import { invalidArgument, ReveriedError } from "../../core/errors.ts";
import { idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { comparePaths, type Head, type MemoryEntry } from "../../core/memory.ts";
import { checkPath } from "../../core/memory-path.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { checkWritable, findStore } from "./get-memory-store.ts";
import { type MemoryView, viewMemory } from "./read-memories.ts";

export interface PutMemoriesRequest {
  readonly memoryStoreId: string;
  readonly memories: readonly { readonly path: string; readonly content: string }[];
}

/**
 * Writes memories by path, creating or replacing each: all of the call or none of it, and a text that is there already
 * makes no version. `conflict` names the memory in the way when a path is a folder of another.
 */
export type PutMemories = (
  principal: Principal,
  request: PutMemoriesRequest,
) => Promise<readonly MemoryView[]>;

type Deps = Pick<ServiceDeps, "memories" | "heads" | "clock" | "random" | "digest">;

interface Text {
  readonly path: string;
  readonly content: string;
  readonly hash: string;
  readonly sizeBytes: number;
}

export function createPutMemories(deps: Deps): PutMemories {
  return async (principal, request) => {
    const { tenant } = principal;
    const texts = checkTexts(deps, request);
    const now = deps.clock.now();
    let { store, head } = await findStore(deps, principal, "memory_store_id", request.memoryStoreId);
    checkWritable(store);
    await deps.memories.putContents({
      tenant,
      contents: texts.map(({ hash, content }) => ({ hash, text: content })),
      now,
    });
    for (let tries = 0; tries < limits.casAttempts; tries += 1) {
      const writes = await entryWrites(deps, tenant, store.id, head, texts, now);
      const next = await deps.heads.derive(tenant, head, writes, now);
      const switched = await deps.memories.switchHead({
        tenant,
        storeId: store.id,
        base: head.hash,
        next: next.hash,
      });
      if (switched.outcome === "switched") {
        const stored = await deps.heads.find(
          tenant,
          next,
          texts.map((text) => text.path),
        );
        return texts.flatMap(({ path }) => {
          const entry = stored.get(path);
          return entry === undefined ? [] : [viewMemory(deps, store.id, entry, null)];
        });
      }
      // Somebody else wrote into the store: the same texts over what it shows now.
      ({ store, head } = await findStore(deps, principal, "memory_store_id", request.memoryStoreId));
      checkWritable(store);
    }
    throw new ReveriedError(
      "unavailable",
      `memory store ${store.id} changes faster than it can be written; try again`,
    );
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
  return memories.map(({ path, content }) => {
    checkPath("memories.path", path);
    if (seen.has(path))
      throw invalidArgument("memories.path", `${JSON.stringify(path)} stands twice in the call`);
    seen.add(path);
    const sizeBytes = checkContent("memories.content", content, limits.memoryContentBytes);
    return { path, content, hash: deps.digest.sha256(content), sizeBytes };
  });
}

async function entryWrites(
  deps: Deps,
  tenant: string,
  storeId: string,
  head: Head,
  texts: readonly Text[],
  now: number,
): Promise<EntryWrite[]> {
  const before = await deps.heads.find(
    tenant,
    head,
    texts.map((text) => text.path),
  );
  const created = texts.filter((text) => !before.has(text.path));
  if (created.length > 0) await checkRoom(deps, tenant, head, created);
  const writes: EntryWrite[] = [];
  for (const text of texts) {
    const old = before.get(text.path);
    if (old?.contentHash === text.hash) continue;
    const entry: MemoryEntry = {
      path: text.path,
      memoryId: old?.memoryId ?? newId(deps, idPrefixes.memory, now),
      versionId: newId(deps, idPrefixes.memoryVersion, now),
      originStoreId: old?.originStoreId ?? storeId,
      contentHash: text.hash,
      sizeBytes: text.sizeBytes,
      version: (old?.version ?? 0) + 1,
      createdAt: old?.createdAt ?? now,
      updatedAt: now,
    };
    writes.push({ kind: "put", path: text.path, entry });
  }
  return writes;
}

/** A memory may not be where another needs a folder; new paths are looked at together with those that are there. */
async function checkRoom(deps: Deps, tenant: string, head: Head, created: readonly Text[]): Promise<void> {
  const paths = (await deps.heads.list(tenant, head)).map((entry) => entry.path);
  const all = [...paths, ...created.map((text) => text.path)].sort(comparePaths);
  const set = new Set(all);
  for (const { path } of created) {
    const blocker = ancestorConflict(path, set, all);
    if (blocker === null) continue;
    throw new ReveriedError(
      "conflict",
      `memories.path: ${JSON.stringify(path)} and ${JSON.stringify(blocker)}: one would be a folder of the other`,
      {
        details: { field: "memories.path", blockedBy: blocker },
      },
    );
  }
}
