import { notFound } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { findStore } from "./get-memory-store.ts";
import { findVersion, type VersionView } from "./memory-version-view.ts";

/** One version with its text, unless it was deleted or redacted or the text is nowhere kept any more. */
export type GetMemoryVersion = (
  principal: Principal,
  request: { readonly memoryStoreId: string; readonly id: string },
) => Promise<VersionView>;

export function createGetMemoryVersion(
  deps: Pick<ServiceDeps, "memories" | "heads" | "digest">,
): GetMemoryVersion {
  return async (principal, { memoryStoreId, id }) => {
    checkId("id", id);
    const view = await findStore(deps, principal, "memory_store_id", memoryStoreId);
    const found = await findVersion(deps, view, id);
    if (found === null) throw notFound("memory version", id);
    const { version } = found;
    const hash = version.contentHash;
    if (hash === null) return { ...version, content: null };
    const texts = await deps.memories.getContents({ tenant: principal.tenant, hashes: [hash] });
    return { ...version, content: texts.get(hash) ?? null };
  };
}
