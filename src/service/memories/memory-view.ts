import { type MemoryEntry, memoryIdIn, versionIdIn } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";

/** A memory as its store shows it. */
export interface MemoryView {
  readonly memoryStoreId: string;
  readonly id: string;
  readonly versionId: string;
  readonly entry: MemoryEntry;
  /** null when it was not asked for. */
  readonly content: string | null;
}

/** The memory that an entry of the store's head is. */
export function viewMemory(
  deps: Pick<ServiceDeps, "digest">,
  memoryStoreId: string,
  entry: MemoryEntry,
  content: string | null,
): MemoryView {
  const { sha256 } = deps.digest;
  const id = memoryIdIn(memoryStoreId, entry, sha256);
  return { memoryStoreId, id, versionId: versionIdIn(memoryStoreId, entry, sha256), entry, content };
}
