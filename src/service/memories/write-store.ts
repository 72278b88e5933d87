/** How every write of memories reaches a store: its parts and versions are put where nobody looks, then the head is switched. */
import { ReveriedError } from "../../core/errors.ts";
import { idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Head } from "../../core/memory.ts";
import {
  type Actor,
  type EntryChange,
  entryWritesOf,
  type StoreCommit,
  versionsOf,
} from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import { checkWritable, findStore, type StoreView } from "./get-memory-store.ts";

type StageDeps = Pick<ServiceDeps, "memories" | "heads" | "digest">;

/** Puts buckets, head and versions of the changes over `base`; the answer is the head, which no store shows yet. */
async function stageWrite(
  deps: StageDeps,
  tenant: string,
  storeId: string,
  base: Head,
  changes: readonly EntryChange[],
  commit: StoreCommit,
): Promise<Head> {
  const [head] = await Promise.all([
    deps.heads.derive(tenant, base, entryWritesOf(changes), commit.at),
    stageVersions(deps, tenant, storeId, changes, commit),
  ]);
  return head;
}

/** Puts the versions of the changes; nothing shows them until their commit is made. */
export async function stageVersions(
  deps: Pick<StageDeps, "memories" | "digest">,
  tenant: string,
  storeId: string,
  changes: readonly EntryChange[],
  commit: StoreCommit,
): Promise<void> {
  const versions = versionsOf(storeId, changes, deps.digest.sha256);
  for (let first = 0; first < versions.length; first += limits.versionsPerWrite) {
    const some = versions.slice(first, first + limits.versionsPerWrite);
    await deps.memories.putVersions({ tenant, storeId, commit, first, versions: some });
  }
}

export interface StoreWrite {
  readonly memoryStoreId: string;
  readonly actor: Actor | null;
  /** What makes the write happen once, whoever tries it; null for a plain write. */
  readonly origin: string | null;
  readonly now: number;
  /** Texts by hash that may not be stored yet; of them, those that the changes name are put. */
  readonly texts?: ReadonlyMap<string, string>;
  /** For an erasure alone; absent: an archived store is refused. */
  readonly evenArchived?: boolean;
  /** Computes the changes over the store as it is; called again when somebody else was faster. None: nothing is written. */
  readonly decide: (view: StoreView) => Promise<readonly EntryChange[]>;
}

/** The store as the write left it, and what was changed. */
export interface WrittenStore extends StoreView {
  readonly changes: readonly EntryChange[];
}

type Deps = StageDeps & Pick<ServiceDeps, "random">;

/** Writes into a store, all of the changes or none of them. An archived one is refused. */
export async function writeStore(deps: Deps, principal: Principal, write: StoreWrite): Promise<WrittenStore> {
  const { tenant } = principal;
  const evenArchived = write.evenArchived === true;
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    const view = await findStore(deps, principal, "memory_store_id", write.memoryStoreId);
    if (!evenArchived) checkWritable(view.store);
    const changes = await write.decide(view);
    if (changes.length === 0) return { ...view, changes };
    const { actor, origin, now } = write;
    const commit: StoreCommit = { id: newId(deps, idPrefixes.storeCommit, now), origin, actor, at: now };
    const [next] = await Promise.all([
      stageWrite(deps, tenant, view.store.id, view.head, changes, commit),
      putTexts(deps, tenant, changes, write),
    ]);
    const { id: storeId, head: base } = view.store;
    const request = { tenant, storeId, base, next: next.hash, commit, evenArchived };
    const switched = await deps.memories.switchHead(request);
    if (switched.outcome === "switched") return { store: switched.store, head: next, changes };
  }
  throw new ReveriedError(
    "unavailable",
    `memory store ${write.memoryStoreId} changes faster than it can be written; try again`,
  );
}

async function putTexts(
  deps: Pick<ServiceDeps, "memories">,
  tenant: string,
  changes: readonly EntryChange[],
  { texts, now }: Pick<StoreWrite, "texts" | "now">,
): Promise<void> {
  if (texts === undefined) return;
  const named = new Set(changes.flatMap((one) => (one.kind === "put" ? [one.after.contentHash] : [])));
  const contents = [...named].flatMap((hash) => {
    const text = texts.get(hash);
    return text === undefined ? [] : [{ hash, text }];
  });
  if (contents.length > 0) await deps.memories.putContents({ tenant, contents, now });
}
