/** Turns an engine's changes into a head that no store shows yet. */
import assert from "node:assert";
import {
  ancestorConflict,
  type Change,
  checkAgainstInput,
  type PartedChanges,
  rebase,
} from "../../core/change-set.ts";
import { byteLength } from "../../core/check.ts";
import type { DreamSummary, RunningDream } from "../../core/dream.ts";
import { derivedId, idPrefixes } from "../../core/ids.ts";
import { comparePaths, type Head, type MemoryEntry, type MemoryStore } from "../../core/memory.ts";
import {
  dreamActor,
  dreamOrigin,
  type EntryChange,
  entryWritesOf,
  type NewVersion,
  type StoreCommit,
  versionsOf,
} from "../../core/memory-version.ts";
import { isProtected } from "../../core/protected-paths.ts";
import type { ServiceDeps } from "../deps.ts";
import { stageVersions } from "../memories/write-store.ts";
import { recordChanges, type StagedChange } from "./change-sets.ts";

type Deps = Pick<ServiceDeps, "memories" | "heads" | "clock" | "digest">;

export interface Staged {
  /** Hash of the head to show; equal to the base when nothing applies. */
  readonly head: string;
  /** The id of the commit under which the versions are staged. */
  readonly commitId: string;
  readonly counts: Pick<DreamSummary, "created" | "updated" | "deleted" | "renamed" | "conflicts">;
  /** All changes with why any of them is left out. */
  readonly changes: readonly StagedChange[];
}

/** What an earlier staging of the same changes has put already. */
export interface EarlierStaging {
  readonly commitId: string;
  readonly left: ReadonlyMap<Change, StagedChange["left"]>;
}

/**
 * Puts texts, buckets, head, versions and change set for the changes that still apply over the head the store shows, and
 * that it does not protect from dreams. All ids and times in the head follow from the dream, so any attempt, by any process,
 * derives the same head from the same changes. With `earlier`, only what differs from it is put: an agent that writes
 * without pause must not win every race for the store because it has less to do.
 */
export async function stageChanges(
  deps: Deps,
  dream: RunningDream,
  wanted: readonly Change[],
  store: MemoryStore,
  earlier: EarlierStaging | null = null,
): Promise<Staged> {
  const { tenant } = dream;
  const applied = await applyOver(deps, dream, wanted, store);
  const { base, entries, changes } = applied;
  const versions = versionsOf(store.id, entries, deps.digest.sha256);
  const commit = commitFor(deps, dream, versions);
  const at = deps.clock.now();
  const [head] = await Promise.all([
    deps.heads.derive(tenant, base, entryWritesOf(entries), at),
    earlier === null ? putTexts(deps, tenant, changes, at) : null,
    commit.id === earlier?.commitId ? null : stageVersions(deps, tenant, store.id, entries, commit),
    isRecorded(changes, earlier) ? null : recordChanges(deps, dream, changes),
  ]);
  const count = (kind: Change["kind"]) =>
    changes.filter(({ change, left }) => left === null && change.kind === kind).length;
  return {
    head: head.hash,
    commitId: commit.id,
    counts: {
      created: count("create"),
      updated: count("update"),
      deleted: count("delete"),
      renamed: count("rename"),
      conflicts: changes.filter(({ left }) => left === "conflict").length,
    },
    changes,
  };
}

/** The commit by which a dream switches its output, named by the versions it makes: the same for whoever finishes the dream. */
export function dreamCommit(
  deps: Pick<ServiceDeps, "clock">,
  dreamId: string,
  commitId: string,
): StoreCommit {
  return { id: commitId, origin: dreamOrigin(dreamId), actor: dreamActor(dreamId), at: deps.clock.now() };
}

function commitFor(
  deps: Pick<Deps, "clock" | "digest">,
  { id }: RunningDream,
  versions: readonly NewVersion[],
): StoreCommit {
  const { sha256 } = deps.digest;
  const commitId = derivedId(idPrefixes.storeCommit, sha256, id, JSON.stringify(versions));
  return dreamCommit(deps, id, commitId);
}

function isRecorded(changes: readonly StagedChange[], earlier: EarlierStaging | null): boolean {
  return earlier !== null && changes.every(({ change, left }) => earlier.left.get(change) === left);
}

/** Texts of conflicting changes too: the diff shows them, and a store may move back to what the engine read. */
async function putTexts(
  deps: Deps,
  tenant: string,
  changes: readonly StagedChange[],
  now: number,
): Promise<void> {
  const contents = changes.flatMap(({ change }) =>
    change.kind === "create" || change.kind === "update"
      ? [{ hash: deps.digest.sha256(change.content), text: change.content }]
      : [],
  );
  if (contents.length > 0) await deps.memories.putContents({ tenant, contents, now });
}

interface Applied {
  /** The head that the store shows. */
  readonly base: Head;
  /** What becomes of its memories, by path. */
  readonly entries: readonly EntryChange[];
  readonly changes: readonly StagedChange[];
}

/** Parts the changes into those that apply over the store's head and those that are left out, and says what the former make of it. */
async function applyOver(
  deps: Deps,
  dream: RunningDream,
  wanted: readonly Change[],
  store: MemoryStore,
): Promise<Applied> {
  assert(dream.frozen !== null && dream.ids !== null, "a dream stages only after it began");
  const { tenant, frozen } = dream;
  const { sha256 } = deps.digest;
  const paths = wanted.flatMap((change) =>
    change.kind === "rename" ? [change.path, change.toPath] : [change.path],
  );
  const [base, frozenHead] = await Promise.all([
    deps.heads.load(tenant, store.head),
    deps.heads.load(tenant, frozen.head),
  ]);
  const [current, read] = await Promise.all([
    deps.heads.find(tenant, base, paths),
    deps.heads.find(tenant, frozenHead, paths),
  ]);
  const ownVersion = (path: string) => derivedId(idPrefixes.memoryVersion, sha256, dream.id, path);
  checkAgainstInput(wanted, read);
  // An engine may write a memory as it is; that changes nothing and is told to nobody.
  const changes = wanted.filter(
    (change) => change.kind !== "update" || sha256(change.content) !== read.get(change.path)?.contentHash,
  );
  const open = changes.filter((change) => !isProtectedChange(store, change));
  const rebased = rebase(open, {
    base: (path) => read.get(path)?.versionId ?? null,
    current: (path) => current.get(path)?.versionId ?? null,
    isOwn: (path, version) => version === ownVersion(path),
  });
  const parted = await withRoom(deps, tenant, base, rebased);
  const [unprotected, conflicting] = [new Set(open), new Set(parted.conflicting)];
  return {
    base,
    entries: parted.applicable
      .flatMap((change) => entryChange(deps, dream, change, current, read, ownVersion))
      .sort((a, b) => comparePaths(pathOf(a), pathOf(b))),
    changes: changes.map((change) => ({
      change,
      before: read.get(change.path),
      left: !unprotected.has(change) ? "protected" : conflicting.has(change) ? "conflict" : null,
    })),
  };
}

/**
 * Moves changes to the conflicting that would make a memory where another of the store has a folder, or the reverse: an
 * agent may have written there meanwhile. Each that goes may leave its own memory in the way of others, so it looks again.
 */
async function withRoom(
  deps: Pick<Deps, "heads">,
  tenant: string,
  base: Head,
  parted: PartedChanges,
): Promise<PartedChanges> {
  let { applicable, conflicting } = parted;
  if (!applicable.some(({ kind }) => kind === "create" || kind === "rename")) return parted;
  const there = (await deps.heads.list(tenant, base)).map((entry) => entry.path);
  for (;;) {
    const removed = new Set(
      applicable.flatMap(({ kind, path }) => (kind === "delete" || kind === "rename" ? [path] : [])),
    );
    const paths = there.filter((path) => !removed.has(path));
    const set = new Set(paths);
    const fits = (change: Change): boolean => {
      if (change.kind !== "create" && change.kind !== "rename") return true;
      const path = change.kind === "create" ? change.path : change.toPath;
      return ancestorConflict(path, set, paths) === null;
    };
    const fitting = applicable.filter(fits);
    if (fitting.length === applicable.length) return { applicable, conflicting };
    conflicting = [...conflicting, ...applicable.filter((change) => !fits(change))];
    applicable = fitting;
  }
}

function isProtectedChange({ protectedPaths }: MemoryStore, change: Change): boolean {
  if (protectedPaths.length === 0) return false;
  return (
    isProtected(protectedPaths, change.path) ||
    (change.kind === "rename" && isProtected(protectedPaths, change.toPath))
  );
}

function pathOf(change: EntryChange): string {
  return change.kind === "put" ? change.after.path : change.before.path;
}

/** What a change makes of its memory; nothing when the head to write has it already. */
function entryChange(
  deps: Pick<Deps, "digest">,
  dream: RunningDream,
  change: Change,
  current: ReadonlyMap<string, MemoryEntry>,
  read: ReadonlyMap<string, MemoryEntry>,
  ownVersion: (path: string) => string,
): EntryChange[] {
  const there = current.get(change.path) ?? null;
  if (change.kind === "delete") {
    return there === null ? [] : [{ kind: "remove", before: there, versionId: ownVersion(change.path) }];
  }
  const after = entryAfter(deps, dream, change, read.get(change.path), ownVersion);
  if (current.get(after.path)?.versionId === after.versionId) return [];
  return [{ kind: "put", before: there, after }];
}

function entryAfter(
  deps: Pick<Deps, "digest">,
  dream: RunningDream,
  change: Exclude<Change, { readonly kind: "delete" }>,
  before: MemoryEntry | undefined,
  ownVersion: (path: string) => string,
): MemoryEntry {
  assert(dream.ids !== null, "a dream stages only after it began");
  // Wall time differs between attempts; the claim of the first is a time every attempt knows.
  const at = dream.events.find((event) => event.kind === "started")?.at ?? dream.createdAt;
  if (change.kind === "rename") {
    assert(before !== undefined, "only a memory that was read is renamed");
    const path = change.toPath;
    return { ...before, path, versionId: ownVersion(path), version: before.version + 1, updatedAt: at };
  }
  const fresh = {
    path: change.path,
    versionId: ownVersion(change.path),
    contentHash: deps.digest.sha256(change.content),
    sizeBytes: byteLength(change.content),
    updatedAt: at,
  };
  if (before !== undefined) return { ...before, ...fresh, version: before.version + 1 };
  return {
    ...fresh,
    memoryId: derivedId(idPrefixes.memory, deps.digest.sha256, dream.id, change.path),
    originStoreId: dream.ids.outputStoreId,
    version: 1,
    createdAt: at,
  };
}
