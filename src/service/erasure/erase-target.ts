/** The last steps of an erasure: what is erased goes itself, once nothing that was made from it is left. */
import { idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import { actorOf } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { writeStore } from "../memories/write-store.ts";
import { eraseParts, findLooseParts, withoutStore } from "./erase-parts.ts";
import { versionRows } from "./erasure-texts.ts";
import type { ErasureTarget, Scope } from "./find-scope.ts";

type Deps = Pick<
  ServiceDeps,
  "dreams" | "memories" | "sessions" | "heads" | "sweep" | "clock" | "random" | "digest"
>;

/** Removes the target with all it holds. */
export async function eraseTarget(deps: Deps, principal: Principal, scope: Scope): Promise<void> {
  const { tenant, target, store } = scope;
  if (store !== null) {
    await emptyStore(deps, principal, store.id);
    await eraseTexts(deps, tenant, store);
    await deps.memories.delete({ tenant, id: store.id });
  }
  if (target.kind === "session") await deps.sessions.delete({ tenant, id: target.id });
  await removeRows(deps, tenant, target);
  await deps.sweep.purge();
}

/** Removes what an interrupted try left of a target that is gone; false when it left nothing. */
export async function finishTarget(deps: Deps, tenant: string, target: ErasureTarget): Promise<boolean> {
  const page = { tenant, limit: limits.sweepBatch };
  const deleted =
    target.kind === "session"
      ? await deps.sweep.listDeletedSessions(page)
      : await deps.sweep.listDeletedStores(page);
  await removeRows(deps, tenant, target);
  await deps.sweep.purge();
  return deleted.includes(target.id);
}

async function removeRows({ sweep }: Deps, tenant: string, { kind, id }: ErasureTarget): Promise<void> {
  const page = { tenant, limit: limits.sweepBatch };
  for (;;) {
    const isDone =
      kind === "session"
        ? await sweep.removeSession({ ...page, sessionId: id })
        : await sweep.removeStore({ ...page, storeId: id });
    if (isDone) return;
  }
}

/** Before its texts go, so that nobody reads a memory without one; its versions still say which texts those are. */
async function emptyStore(deps: Deps, principal: Principal, memoryStoreId: string): Promise<void> {
  const now = deps.clock.now();
  await writeStore(deps, principal, {
    memoryStoreId,
    actor: actorOf(principal, null),
    origin: null,
    now,
    evenArchived: true,
    async decide({ head }) {
      const entries = await deps.heads.list(principal.tenant, head);
      return entries.map((before) => ({
        kind: "remove",
        before,
        versionId: newId(deps, idPrefixes.memoryVersion, now),
      }));
    },
  });
}

/** Removes what nothing names but the store. */
async function eraseTexts(deps: Deps, tenant: string, { id, origin }: MemoryStore): Promise<void> {
  const hashes = new Set<string>();
  const began = origin === null ? null : await deps.heads.listKept(tenant, origin.head);
  for (const entry of began ?? []) hashes.add(entry.contentHash);
  for await (const { storeId, contentHash } of versionRows(deps, tenant)) {
    if (storeId === id && contentHash !== null) hashes.add(contentHash);
  }
  const loose = await findLooseParts(withoutStore(deps, id), tenant, deps.clock.now());
  await eraseParts(deps, loose, {
    text: (_text, hash) => hashes.has(hash),
    entry: (entry) => entry.originStoreId === id || hashes.has(entry.contentHash),
  });
}
