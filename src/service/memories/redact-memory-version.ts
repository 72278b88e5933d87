import assert from "node:assert";
import { notFound, ReveriedError } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { emptyHead, type MemoryStore, versionIdIn } from "../../core/memory.ts";
import { actorOf, type MemoryVersion, type StoreCommit } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import type { PartMark } from "../../ports/sweep.ts";
import type { ServiceDeps } from "../deps.ts";
import { changeStore } from "./change-store.ts";
import { isContentShown } from "./content-copies.ts";
import { findStore, type StoreView } from "./get-memory-store.ts";
import { beforeRevisions, type FoundVersion, findVersion } from "./memory-version-view.ts";

/** The last time there can be (ECMA-262, 21.4.1.1): whenever a text was put, it was put before. */
const timeMaxMs = 8_640_000_000_000_000;

export interface RedactedVersion {
  readonly version: MemoryVersion;
  /** Whether anything else of the tenant still shows the text; false when it was redacted before, for it is not known any more. */
  readonly copiesRemain: boolean;
}

/**
 * Empties a version for good, and removes its text from the storage when nothing else shows it. The version that a
 * memory has now is refused; archived stores are not. Repeating it changes nothing.
 */
export type RedactMemoryVersion = (
  principal: Principal,
  request: { readonly memoryStoreId: string; readonly id: string },
) => Promise<RedactedVersion>;

type Deps = Pick<ServiceDeps, "memories" | "heads" | "sweep" | "restore" | "clock" | "digest">;

export function createRedactMemoryVersion(deps: Deps): RedactMemoryVersion {
  return async (principal, { memoryStoreId, id }) => {
    checkId("id", id);
    const { tenant } = principal;
    const view = await findStore(deps, principal, "memory_store_id", memoryStoreId);
    const found = await findVersion(deps, view, id);
    if (found === null) throw notFound("memory version", id);
    await checkPast(deps, view, found.version);
    // A writer that puts the text from here on changes the mark, and so keeps it.
    const hash = found.version.contentHash;
    const mark = hash === null ? null : await markOf(deps, tenant, hash);
    const version = await redact(deps, principal, view, found);
    if (hash === null) return { version, copiesRemain: false };
    if (await isContentShown(deps, tenant, hash)) return { version, copiesRemain: true };
    return { version, copiesRemain: mark !== null && !(await removeText(deps, tenant, mark)) };
  };
}

/** Refuses the version a memory has now. */
async function checkPast(
  deps: Pick<Deps, "heads" | "digest">,
  { store, head }: StoreView,
  { id, memoryId, path }: MemoryVersion,
): Promise<void> {
  if (path === null) return;
  const entry = (await deps.heads.find(store.tenant, head, [path])).get(path);
  if (entry === undefined || versionIdIn(store.id, entry, deps.digest.sha256) !== id) return;
  throw new ReveriedError(
    "failed_precondition",
    `version ${id} is what memory ${memoryId} has now; update or delete the memory first, then redact the version`,
    { details: { field: "id", blockedBy: memoryId } },
  );
}

/** Redacts the row of the version; one that the store began with is given a row first. */
async function redact(
  deps: Deps,
  principal: Principal,
  { store }: StoreView,
  { version, inOrigin }: FoundVersion,
): Promise<MemoryVersion> {
  const now = deps.clock.now();
  if (inOrigin) await stageOrigin(deps, store, version);
  // Before the row is emptied: the origin would go on showing what it was.
  if (version.revision === 0 && version.path !== null) await leaveOrigin(deps, store, version, now);
  const by = actorOf(principal, null);
  const request = { tenant: store.tenant, storeId: store.id, id: version.id, by, now };
  const redacted = await deps.memories.redactVersion(request);
  if (redacted === null) throw notFound("memory version", version.id);
  return redacted;
}

/** Gives a version that the store began with a row, in a revision 0 of its own. One that has a row keeps it. */
async function stageOrigin(deps: Deps, store: MemoryStore, version: MemoryVersion): Promise<void> {
  const { tenant, id: storeId, createdAt: at } = store;
  const { id, memoryId, operation, path, contentHash, sizeBytes, version: number } = version;
  assert(
    store.origin !== null && path !== null,
    "what a store began with is in its origin, and not redacted",
  );
  const commit: StoreCommit = { id: "origin", origin: null, actor: null, at };
  const base = emptyHead(deps.digest.sha256).hash;
  const revision = { ...commit, storeId, number: 0, base, next: store.origin.head };
  await deps.restore.revision({ tenant, revision });
  const staged = { id, memoryId, operation, path, contentHash, sizeBytes, version: number };
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    // In this order: whoever stages the same version meanwhile is seen, or takes the same place.
    const [last] = await deps.memories.listVersions({ tenant, storeId, ...beforeRevisions, limit: 1 });
    if ((await deps.memories.getVersion({ tenant, storeId, id })) !== null) return;
    const first = last === undefined ? 0 : last.number + 1;
    await deps.memories.putVersions({ tenant, storeId, commit, first, versions: [staged] });
  }
  throw new ReveriedError("unavailable", `version ${id} could not be redacted now; try again`);
}

/** Takes the version out of what the store began with, where its row stands for it from now on. */
async function leaveOrigin(
  deps: Deps,
  read: MemoryStore,
  { id, path }: MemoryVersion,
  now: number,
): Promise<void> {
  await changeStore(deps, read, async (store) => {
    if (store.origin === null || path === null) return store;
    const head = await deps.heads.load(store.tenant, store.origin.head);
    const entry = (await deps.heads.find(store.tenant, head, [path])).get(path);
    if (entry === undefined || versionIdIn(store.id, entry, deps.digest.sha256) !== id) return store;
    const next = await deps.heads.derive(store.tenant, head, [{ kind: "remove", path }], now);
    return { ...store, origin: { ...store.origin, head: next.hash } };
  });
}

/** When the text was last put; null when it is not in the storage. */
async function markOf(
  { sweep }: Pick<Deps, "sweep">,
  tenant: string,
  hash: string,
): Promise<PartMark | null> {
  // All but the last digit sorts before the hash and, for all that is ever stored, after any other.
  const after = hash.slice(0, -1);
  const [part] = await sweep.listParts({
    tenant,
    kind: "content",
    untouchedSince: timeMaxMs,
    after,
    limit: 1,
  });
  return part?.hash === hash ? part : null;
}

/**
 * Deletes the text unless it was put again since it was marked; whether it is gone. A writer that had put it before the
 * mark may show it only now: then it gets its text back.
 */
async function removeText(deps: Deps, tenant: string, mark: PartMark): Promise<boolean> {
  const { hash } = mark;
  const text = (await deps.memories.getContents({ tenant, hashes: [hash] })).get(hash);
  if ((await deps.sweep.deleteParts({ tenant, kind: "content", parts: [mark] })) === 0) {
    // An earlier try may have deleted it, its answer lost.
    return (await markOf(deps, tenant, hash)) === null;
  }
  if (text !== undefined && (await isContentShown(deps, tenant, hash))) {
    await deps.memories.putContents({ tenant, contents: [{ hash, text }], now: deps.clock.now() });
    return false;
  }
  return true;
}
