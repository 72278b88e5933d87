/** What an attempt changed, kept with the dream: read back by DiffDream and by whoever has to finish the dream. */
import { type Change, protectedFlag, type RecordedChange } from "../../core/change-set.ts";
import type { Dream } from "../../core/dream.ts";
import { comparePaths, type MemoryEntry } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import { readTexts } from "../memories/texts.ts";

/** Changes in one write; a change may quote many sources, so a write must not hold too many. */
const changesPerWrite = 100;

export interface StagedChange {
  readonly change: Change;
  /** What the engine read at its path. */
  readonly before: MemoryEntry | undefined;
  /** Why it is not applied: somebody else changed the memory, or the store protects the path. null: it is. */
  readonly left: "conflict" | "protected" | null;
}

/** Keeps all changes in the order of their paths, those that are not applied marked as such. */
export async function recordChanges(
  deps: Pick<ServiceDeps, "memories" | "digest">,
  dream: Dream,
  changes: readonly StagedChange[],
): Promise<void> {
  const sorted = changes.toSorted((a, b) => comparePaths(a.change.path, b.change.path));
  for (let first = 0; first < sorted.length; first += changesPerWrite) {
    await deps.memories.putChanges({
      tenant: dream.tenant,
      dreamId: dream.id,
      attempt: dream.attempt,
      first,
      changes: sorted.slice(first, first + changesPerWrite).map((change) => record(deps, change)),
    });
  }
}

function record(deps: Pick<ServiceDeps, "digest">, { change, before, left }: StagedChange): RecordedChange {
  const writes = change.kind === "create" || change.kind === "update";
  return {
    kind: change.kind,
    path: change.path,
    toPath: change.kind === "rename" ? change.toPath : null,
    beforeHash: before?.contentHash ?? null,
    afterHash: writes
      ? deps.digest.sha256(change.content)
      : change.kind === "rename"
        ? (before?.contentHash ?? null)
        : null,
    baseVersionId: change.kind === "create" ? null : change.baseVersionId,
    reason: change.reason,
    edits: change.edits,
    trust: change.trust,
    flags: left === "protected" ? [...change.flags, protectedFlag] : change.flags,
    conflict: left === "conflict",
  };
}

/** All recorded changes of the dream's attempt as the engine made them, texts included, each with why it was left out. */
export async function loadChanges(
  deps: Pick<ServiceDeps, "memories">,
  dream: Dream,
): Promise<Map<Change, StagedChange["left"]>> {
  const { tenant, id: dreamId, attempt } = dream;
  const changes = new Map<Change, StagedChange["left"]>();
  for (let first = 0; ; first += changesPerWrite) {
    const page = await deps.memories.listChanges({ tenant, dreamId, attempt, first, limit: changesPerWrite });
    const hashes = page.flatMap((change) => (change.afterHash === null ? [] : [change.afterHash]));
    const text = await readTexts(deps, tenant, hashes);
    for (const change of page) changes.set(restore(change, text), leftOf(change));
    if (page.length < changesPerWrite) return changes;
  }
}

function leftOf({ conflict, flags }: RecordedChange): StagedChange["left"] {
  if (conflict) return "conflict";
  return flags.includes(protectedFlag) ? "protected" : null;
}

function restore(recorded: RecordedChange, textOf: (hash: string) => string): Change {
  const { kind, path, reason, edits, trust } = recorded;
  // Whether a path is protected is looked at anew each time.
  const flags = recorded.flags.filter((flag) => flag !== protectedFlag);
  const base = { path, reason, edits, trust, flags };
  const baseVersionId = recorded.baseVersionId ?? "";
  const text = () => textOf(recorded.afterHash ?? "");
  switch (kind) {
    case "create":
      return { ...base, kind, content: text() };
    case "update":
      return { ...base, kind, content: text(), baseVersionId };
    case "delete":
      return { ...base, kind, baseVersionId };
    case "rename":
      return { ...base, kind, toPath: recorded.toPath ?? "", baseVersionId };
  }
}
