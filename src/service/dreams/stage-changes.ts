/** Turns an engine's changes into a head that no store shows yet. */
import assert from "node:assert";
import {
  ancestorConflict,
  type Change,
  checkAgainstInput,
  type EntryWrite,
  type PartedChanges,
  rebase,
} from "../../core/change-set.ts";
import { byteLength } from "../../core/check.ts";
import type { DreamSummary, RunningDream } from "../../core/dream.ts";
import { derivedId, idPrefixes } from "../../core/ids.ts";
import type { Head, MemoryEntry } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import { recordChanges } from "./change-sets.ts";

type Deps = Pick<ServiceDeps, "memories" | "heads" | "clock" | "digest">;

export interface Staged {
  /** Hash of the head to show; equal to the base when nothing applies. */
  readonly head: string;
  readonly counts: Pick<DreamSummary, "created" | "updated" | "deleted" | "renamed" | "conflicts">;
}

/**
 * Puts texts, buckets, head and change set for the changes that still apply over `baseHash`. All ids and times follow
 * from the dream, so any attempt, by any process, derives the same head from the same changes.
 */
export async function stageChanges(
  deps: Deps,
  dream: RunningDream,
  changes: readonly Change[],
  baseHash: string,
): Promise<Staged> {
  assert(dream.frozen !== null && dream.ids !== null, "a dream stages only after it began");
  const { tenant, frozen } = dream;
  const paths = changes.flatMap((change) =>
    change.kind === "rename" ? [change.path, change.toPath] : [change.path],
  );
  const base = await deps.heads.load(tenant, baseHash);
  const frozenHead = await deps.heads.load(tenant, frozen.head);
  const [current, read] = await Promise.all([
    deps.heads.find(tenant, base, paths),
    deps.heads.find(tenant, frozenHead, paths),
  ]);
  const ownVersion = (path: string) =>
    derivedId(idPrefixes.memoryVersion, deps.digest.sha256, dream.id, path);
  checkAgainstInput(changes, read);
  const rebased = rebase(changes, {
    base: (path) => read.get(path)?.versionId ?? null,
    current: (path) => current.get(path)?.versionId ?? null,
    isOwn: (path, version) => version === ownVersion(path),
  });
  const parted = await withRoom(deps, tenant, base, rebased);
  const writes = parted.applicable.flatMap((change) =>
    entryWrites(deps, dream, change, read.get(change.path), ownVersion),
  );
  const now = deps.clock.now();
  // Texts of conflicting changes too: the diff shows them, and a store may move back to what the engine read.
  const contents = changes.flatMap((change) =>
    change.kind === "create" || change.kind === "update"
      ? [{ hash: deps.digest.sha256(change.content), text: change.content }]
      : [],
  );
  if (contents.length > 0) await deps.memories.putContents({ tenant, contents, now });
  const head = await deps.heads.derive(tenant, base, writes, now);
  await recordChanges(deps, dream, changes, new Set(parted.conflicting), read);
  const count = (kind: Change["kind"]) => parted.applicable.filter((change) => change.kind === kind).length;
  return {
    head: head.hash,
    counts: {
      created: count("create"),
      updated: count("update"),
      deleted: count("delete"),
      renamed: count("rename"),
      conflicts: parted.conflicting.length,
    },
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

function entryWrites(
  deps: Pick<Deps, "digest">,
  dream: RunningDream,
  change: Change,
  before: MemoryEntry | undefined,
  ownVersion: (path: string) => string,
): EntryWrite[] {
  assert(dream.ids !== null, "a dream stages only after it began");
  // Wall time differs between attempts; the claim of the first is a time every attempt knows.
  const at = dream.events.find((event) => event.kind === "started")?.at ?? dream.createdAt;
  const remove: EntryWrite = { kind: "remove", path: change.path };
  if (change.kind === "delete") return [remove];
  if (change.kind === "rename") {
    assert(before !== undefined, "only a memory that was read is renamed");
    const entry = {
      ...before,
      path: change.toPath,
      versionId: ownVersion(change.toPath),
      version: before.version + 1,
      updatedAt: at,
    };
    return [remove, { kind: "put", path: change.toPath, entry }];
  }
  const fresh = {
    path: change.path,
    versionId: ownVersion(change.path),
    contentHash: deps.digest.sha256(change.content),
    sizeBytes: byteLength(change.content),
    updatedAt: at,
  };
  const entry: MemoryEntry =
    before === undefined
      ? {
          ...fresh,
          memoryId: derivedId(idPrefixes.memory, deps.digest.sha256, dream.id, change.path),
          originStoreId: dream.ids.outputStoreId,
          version: 1,
          createdAt: at,
        }
      : { ...before, ...fresh, version: before.version + 1 };
  return [{ kind: "put", path: change.path, entry }];
}
