/** Stores and their history. */
import { byteLength } from "../../core/check.ts";
import { invalidArgument } from "../../core/errors.ts";
import type { MemoryStore } from "../../core/memory.ts";
import {
  eachLine,
  type ImportCall,
  inAnyOrder,
  inOrder,
  type Line,
  notThere,
  type Refusal,
  remembered,
  settle,
  storeOf,
} from "./import-call.ts";
import { requireHead, storedTexts } from "./import-parts.ts";
import { storeWentOn, versionWentOn } from "./went-on.ts";

/** Stores whose head is there with all it names. */
export function importStores(call: ImportCall, lines: readonly Line<"store">[]): Promise<Refusal | null> {
  const { deps, tenant } = call;
  return eachLine(lines, inOrder, async ({ value }) => {
    const store: MemoryStore = { ...value, tenant };
    await requireHead(call, "store.head", store.head, "texts");
    if (store.origin !== null) await requireHead(call, "store.origin.head", store.origin.head, "entries");
    const stored = await deps.memories.get({ tenant, id: store.id });
    if (stored === null) await call.quotas.stores(tenant);
    const outcome = await deps.restore.store(store);
    const wentOn = outcome === "differs" && stored !== null && (await storeWentOn(deps, stored, store));
    const what = store.collection === null ? "memory store" : "the collection or the id of memory store";
    settle(call, `${what} ${store.id}`, wentOn ? "present" : outcome);
  });
}

/** Revisions of stores that are there and have come so far. */
export function importRevisions(
  call: ImportCall,
  lines: readonly Line<"revision">[],
): Promise<Refusal | null> {
  const { deps, tenant } = call;
  const stores = remembered((id) => deps.memories.get({ tenant, id }));
  return eachLine(lines, inAnyOrder, async ({ value: revision }) => {
    const store = await storeOf(stores, "revision.store_id", revision.storeId);
    if (revision.number > store.revision) {
      throw invalidArgument("revision.number", `the store has only ${store.revision} revisions`);
    }
    const outcome = await deps.restore.revision({ tenant, revision });
    settle(call, `revision ${revision.number} of memory store ${store.id}`, outcome);
  });
}

/** Versions whose revision and text are there. */
export async function importVersions(
  call: ImportCall,
  lines: readonly Line<"version">[],
): Promise<Refusal | null> {
  const { deps, tenant } = call;
  const sizes = new Map<string, number>();
  const hashes = new Set(lines.flatMap(({ value }) => value.contentHash ?? []));
  await storedTexts(call, [...hashes], (hash, text) => sizes.set(hash, byteLength(text)));
  const stores = remembered((id) => deps.memories.get({ tenant, id }));
  const revisions = remembered(async (key) => {
    const [storeId = "", number = ""] = key.split("/");
    const after = Number(number) - 1;
    return (await deps.memories.listRevisions({ tenant, storeId, after, limit: 1 }))[0] ?? null;
  });
  return eachLine(lines, inAnyOrder, async ({ value: version }) => {
    const { id, storeId, contentHash } = version;
    await storeOf(stores, "version.store_id", storeId);
    const revision = await revisions(`${storeId}/${version.revision}`);
    if (revision?.number !== version.revision) {
      throw notThere("version.revision", `revision ${version.revision}`);
    }
    const size = contentHash === null ? null : sizes.get(contentHash);
    if (size === undefined) throw notThere("version.content_hash", "the text");
    if (size !== version.sizeBytes) throw invalidArgument("version.size_bytes", `the text has ${size}`);
    const outcome = await deps.restore.version({ tenant, version });
    const stored = outcome === "differs" ? await deps.memories.getVersion({ tenant, storeId, id }) : null;
    const wentOn = stored !== null && versionWentOn(stored, version);
    settle(call, `version ${id} of memory store ${storeId}`, wentOn ? "present" : outcome);
  });
}
