import { expect } from "vitest";
import type { MemoryStore } from "../../src/core/memory.ts";
import type { NewVersion, StoreCommit } from "../../src/core/memory-version.ts";
import type { MemoryStores } from "../../src/ports/memory-store.ts";

/** The head that `mustSwitch` leads to with this commit. */
export function headOf(commit: StoreCommit): string {
  return `head-${commit.id}`;
}

/** Makes the commit with its versions and fails the test unless the store is switched; answers with the store then. */
export async function mustSwitch(
  memories: MemoryStores,
  store: MemoryStore,
  commit: StoreCommit,
  versions: readonly NewVersion[] = [],
): Promise<MemoryStore> {
  const { tenant, id: storeId, head: base } = store;
  if (versions.length > 0) await memories.putVersions({ tenant, storeId, commit, first: 0, versions });
  const answer = await memories.switchHead({
    tenant,
    storeId,
    base,
    next: headOf(commit),
    commit,
    evenArchived: false,
  });
  expect(answer).toMatchObject({ outcome: "switched", store: { head: headOf(commit) } });
  return answer.store ?? store;
}

/** Creates the store and fails the test unless it is new. */
export async function mustCreateStore(memories: MemoryStores, store: MemoryStore): Promise<MemoryStore> {
  expect(await memories.create(store)).toMatchObject({ outcome: "created" });
  return store;
}

/** The ids of the commits in the store's history, oldest first. */
export async function commitsOf(memories: MemoryStores, { tenant, id }: MemoryStore): Promise<string[]> {
  const revisions = await memories.listRevisions({ tenant, storeId: id, after: 0, limit: 100 });
  return revisions.map((revision) => revision.id);
}
