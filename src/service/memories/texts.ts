import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { findStore, type StoreView } from "./get-memory-store.ts";

/** Reads texts by hash and answers with a look-up. A text that something names and nobody has is damage: `internal`. */
export async function readTexts(
  deps: Pick<ServiceDeps, "memories">,
  tenant: string,
  hashes: readonly string[],
): Promise<(hash: string) => string> {
  const texts = await deps.memories.getContents({ tenant, hashes: [...new Set(hashes)] });
  return (hash) => {
    const text = texts.get(hash);
    if (text === undefined) throw missingText(hash);
    return text;
  };
}

/**
 * Reads entries of what the store shows now, with their texts. A text that was replaced and redacted after the head was
 * read is gone before it is read itself, so a store that shows another head by then is read again.
 */
export async function readShown<Read extends { readonly hashes: readonly string[] }>(
  deps: Pick<ServiceDeps, "memories" | "heads">,
  principal: Principal,
  memoryStoreId: string,
  read: (view: StoreView) => Promise<Read>,
): Promise<{ readonly view: StoreView; readonly read: Read; readonly text: (hash: string) => string }> {
  const { tenant } = principal;
  let view = await findStore(deps, principal, "memory_store_id", memoryStoreId);
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    const found = await read(view);
    const hashes = [...new Set(found.hashes)];
    const texts =
      hashes.length === 0 ? new Map<string, string>() : await deps.memories.getContents({ tenant, hashes });
    const missing = hashes.find((hash) => !texts.has(hash));
    if (missing === undefined) return { view, read: found, text: (hash) => texts.get(hash) ?? "" };
    const now = await findStore(deps, principal, "memory_store_id", memoryStoreId);
    if (now.head.hash === view.head.hash) throw missingText(missing);
    view = now;
  }
  throw new ReveriedError(
    "unavailable",
    `memory store ${memoryStoreId} changes faster than it can be read; try again`,
  );
}

function missingText(hash: string): ReveriedError {
  return new ReveriedError("internal", `the text with hash ${hash} is missing from the storage`);
}
