/** Memories that were made from the target and that a store does not show any more: their paths are words of it, too. */
import { textRemovedFlag } from "../../core/change-set.ts";
import { derivedId, idPrefixes } from "../../core/ids.ts";
import type { MemoryEntry } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import { recordedChanges, targetEntries } from "./erasure-texts.ts";
import type { Scope } from "./find-scope.ts";
import type { Words } from "./find-words.ts";
import type { Lineage } from "./lineages.ts";
import { createVerdicts } from "./verdicts.ts";

export interface Gone {
  /** Paths that the store does not show any more. */
  readonly paths: ReadonlySet<string>;
  /** The stores where memories began that were made from the target, by their ids there. */
  readonly made: ReadonlyMap<string, string>;
  /** Whether an entry is of a memory made from the target, under a path that the store does not show any more. */
  has(entry: Pick<MemoryEntry, "memoryId" | "path">): boolean;
}

type Deps = Pick<ServiceDeps, "memories" | "sessions" | "heads" | "clock" | "digest">;

/** `left` are the entries that the store shows in the end. */
export async function findGone(
  deps: Deps,
  scope: Scope,
  lineage: Lineage,
  words: Words,
  left: readonly MemoryEntry[],
): Promise<Gone> {
  const leftPaths = new Set(left.map((entry) => entry.path));
  const paths = new Set<string>();
  const made = new Map<string, string>();
  const see = (id: string, origin: string, path: string) => {
    made.set(id, origin);
    if (path !== "" && !leftPaths.has(path)) paths.add(path);
  };
  for await (const { memoryId, originStoreId, path } of targetEntries(deps, scope)) {
    if (originStoreId === scope.target.id) see(memoryId, originStoreId, path);
  }
  const verdicts = createVerdicts(deps, scope.tenant, { ...words, isGone: () => false }, words.suspects);
  const dreams = scope.dreams.filter((dream) => lineage.dreams.has(dream.id));
  for await (const { dream, change } of recordedChanges(deps, scope.tenant, dreams)) {
    const { kind, path, toPath, afterHash: contentHash } = change;
    if (kind === "rename" && toPath !== null && paths.has(path) && !leftPaths.has(toPath)) paths.add(toPath);
    if (kind !== "create" || dream.role === "makes" || dream.outputStoreId === null) continue;
    const held = (await verdicts.among([{ contentHash, path }])).size > 0;
    const wasHeld = contentHash === null && change.flags.includes(textRemovedFlag);
    if (!held && !wasHeld) continue;
    see(derivedId(idPrefixes.memory, deps.digest.sha256, dream.id, path), dream.outputStoreId, path);
  }
  return { paths, made, has: ({ memoryId, path }) => paths.has(path) && made.has(memoryId) };
}

/** The ids under which a store shows the memories that were made from the target. */
export function shownIn(deps: Pick<Deps, "digest">, storeId: string, { made }: Gone): ReadonlySet<string> {
  return new Set(
    [...made].map(([id, origin]) =>
      origin === storeId ? id : derivedId(idPrefixes.memory, deps.digest.sha256, storeId, id),
    ),
  );
}
