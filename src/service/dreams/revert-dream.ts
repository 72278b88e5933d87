/** Undoes a dream in the store it wrote into: what it changed and nobody changed since goes back, as new versions. */
import { ancestorConflict } from "../../core/change-set.ts";
import type { Dream } from "../../core/dream.ts";
import { differingEntries, type EntryDifference } from "../../core/entry-diff.ts";
import { ReveriedError } from "../../core/errors.ts";
import { idPrefixes } from "../../core/ids.ts";
import { comparePaths, type MemoryEntry } from "../../core/memory.ts";
import { actorOf, dreamOrigin, type EntryChange, revertOrigin } from "../../core/memory-version.ts";
import type { Principal } from "../../core/principal.ts";
import { newId, type ServiceDeps } from "../deps.ts";
import type { StoreView } from "../memories/get-memory-store.ts";
import { writeStore } from "../memories/write-store.ts";
import { findDream } from "./get-dream.ts";

export interface RevertedDream {
  readonly dream: Dream;
  /** Paths the dream wrote that were left alone, sorted. */
  readonly conflictingPaths: readonly string[];
}

/**
 * Undoes a completed dream that wrote into its input store, once: a second call changes nothing. A memory that somebody
 * changed since is left alone and named, and so is one whose old text was removed or whose old path is taken.
 */
export type RevertDream = (principal: Principal, request: { readonly id: string }) => Promise<RevertedDream>;

type Deps = Pick<ServiceDeps, "dreams" | "memories" | "heads" | "clock" | "random" | "digest">;

export function createRevertDream(deps: Deps): RevertDream {
  return async (principal, { id }) => {
    const { tenant } = principal;
    const dream = await findDream(deps, principal, id);
    checkRevertible(dream);
    const storeId = dream.inputs.memoryStoreId;
    const made = await deps.memories.findRevision({ tenant, storeId, origin: dreamOrigin(id) });
    if (made === null) {
      // Nothing but conflicts, or nothing at all: then no head was to be switched.
      if (dream.commit === null || dream.commit.base === dream.commit.next)
        return { dream, conflictingPaths: [] };
      throw notKept(dream);
    }
    const wrote = await differences(deps, tenant, dream, made);
    const undone = await deps.memories.findRevision({ tenant, storeId, origin: revertOrigin(id) });
    if (undone !== null) {
      const restored = new Set((await differences(deps, tenant, dream, undone)).map(memoryOf));
      return { dream, conflictingPaths: pathsOf(wrote.filter((one) => !restored.has(memoryOf(one)))) };
    }
    const now = deps.clock.now();
    const left = new Set<EntryDifference>();
    await writeStore(deps, principal, {
      memoryStoreId: storeId,
      actor: actorOf(principal, null),
      origin: revertOrigin(id),
      now,
      async decide(view) {
        left.clear();
        return undo(deps, tenant, view, wrote, now, (one) => left.add(one));
      },
    });
    return { dream, conflictingPaths: pathsOf([...left]) };
  };
}

function checkRevertible(dream: Dream): void {
  if (dream.status !== "completed") {
    throw refused(dream, `is ${dream.status}; only a completed dream can be reverted`);
  }
  if (dream.outputBehavior !== "update_existing") {
    throw refused(dream, "made a new store, and its input is as it was; delete the new store instead");
  }
}

function notKept(dream: Dream): ReveriedError {
  return refused(dream, "cannot be reverted any more: what was there before it is no longer kept");
}

function refused(dream: Dream, why: string): ReveriedError {
  return new ReveriedError("failed_precondition", `dream ${dream.id} ${why}`, { details: { field: "id" } });
}

/** What a revision changed; refused when its heads were swept. */
async function differences(
  deps: Deps,
  tenant: string,
  dream: Dream,
  revision: { readonly base: string; readonly next: string },
): Promise<EntryDifference[]> {
  const [before, after] = await Promise.all([
    deps.heads.listKept(tenant, revision.base),
    deps.heads.listKept(tenant, revision.next),
  ]);
  if (before === null || after === null) throw notKept(dream);
  return differingEntries(before, after);
}

/** The changes that undo `wrote` where the store still shows it; the others go to `leave`. */
async function undo(
  deps: Deps,
  tenant: string,
  { head }: StoreView,
  wrote: readonly EntryDifference[],
  now: number,
  leave: (one: EntryDifference) => void,
): Promise<EntryChange[]> {
  const entries = await deps.heads.list(tenant, head);
  const current = new Map(entries.map((entry) => [entry.memoryId, entry]));
  const hashes = wrote.flatMap(({ before }) => (before === null ? [] : [before.contentHash]));
  const texts = await storedHashes(deps, tenant, hashes);
  const candidates = wrote.filter((one) => {
    const stands = (current.get(memoryOf(one))?.versionId ?? null) === (one.after?.versionId ?? null);
    const readable = one.before === null || texts.has(one.before.contentHash);
    if (stands && readable) return true;
    leave(one);
    return false;
  });
  const fitting = withRoom(entries, candidates, leave);
  return fitting.flatMap((one): EntryChange[] => {
    const there = current.get(memoryOf(one)) ?? null;
    const versionId = newId(deps, idPrefixes.memoryVersion, now);
    if (one.before === null) {
      return there === null ? [] : [{ kind: "remove", before: there, versionId }];
    }
    const version = (one.after?.version ?? one.before.version + 1) + 1;
    const after = { ...one.before, versionId, version, updatedAt: now };
    return [{ kind: "put", before: there, after }];
  });
}

/** Which of the texts are still there; a redacted one is not. */
async function storedHashes(
  deps: Pick<Deps, "memories">,
  tenant: string,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const stored = new Set<string>();
  const all = [...new Set(hashes)];
  for (let first = 0; first < all.length; first += textsPerRead) {
    const some = all.slice(first, first + textsPerRead);
    for (const hash of (await deps.memories.getContents({ tenant, hashes: some })).keys()) stored.add(hash);
  }
  return stored;
}

const textsPerRead = 100;

/**
 * Those whose old path is free, and in nobody's way, once all of them went back. Each that is left alone keeps its own
 * path taken, which may stop others, so it looks again.
 */
function withRoom(
  entries: readonly MemoryEntry[],
  candidates: readonly EntryDifference[],
  leave: (one: EntryDifference) => void,
): EntryDifference[] {
  let fitting = [...candidates];
  for (;;) {
    const moving = new Set(fitting.map(memoryOf));
    const staying = entries.filter((entry) => !moving.has(entry.memoryId)).map(({ path }) => path);
    const taken = new Set(staying);
    const sorted = staying.toSorted(comparePaths);
    const fits = ({ before }: EntryDifference) =>
      before === null || (!taken.has(before.path) && ancestorConflict(before.path, taken, sorted) === null);
    const next = fitting.filter(fits);
    if (next.length === fitting.length) return next;
    for (const one of fitting) if (!fits(one)) leave(one);
    fitting = next;
  }
}

function memoryOf({ before, after }: EntryDifference): string {
  return before?.memoryId ?? after?.memoryId ?? "";
}

function pathsOf(all: readonly EntryDifference[]): string[] {
  return all.map(({ before, after }) => after?.path ?? before?.path ?? "").sort(comparePaths);
}
