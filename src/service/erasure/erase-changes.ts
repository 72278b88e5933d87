/** Erases words from what dreams recorded of their changes, and from what they say they did. */
import type { RecordedChange } from "../../core/change-set.ts";
import type { Dream } from "../../core/dream.ts";
import { type ChangeErasing, eraseHashes, eraseWords, holdsWords } from "../../core/erase-change.ts";
import type { Erasing } from "../../core/erasure.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { changeDream } from "../dreams/change-dream.ts";
import { type KeptChange, recordedChanges } from "./erasure-texts.ts";
import type { Scope } from "./find-scope.ts";
import type { Words } from "./find-words.ts";
import type { Lineage } from "./lineages.ts";
import type { Verdicts } from "./verdicts.ts";

type Deps = Pick<ServiceDeps, "memories" | "clock">;

/** What goes from the changes of one lineage. */
export interface ChangesErasing {
  readonly lineage: Lineage;
  readonly words: Words;
  readonly erasing: Erasing;
  readonly verdicts: Verdicts;
}

/**
 * Counts the changes that lose words, and with `act` takes from them the hashes of texts that go. Their words stay for
 * now: what is written in other words than the target's is known by them alone.
 */
export async function eraseChangeHashes(
  deps: Deps,
  tenant: string,
  all: ChangesErasing,
  act: boolean,
): Promise<number> {
  let count = 0;
  for await (const kept of recordedChanges(deps, tenant, all.lineage.own)) {
    const erasing = await erasingFor(kept, all);
    const hashless = eraseHashes(kept.change, erasing);
    if (eraseWords(hashless, kept.index + 1, erasing) !== kept.change) count += 1;
    if (act && hashless !== kept.change) await put(deps, tenant, kept, hashless);
  }
  return count;
}

/**
 * Takes the words from the changes. The first to write something down in words of its own loses them last, so that a
 * repeat after a crash still knows them: changes that quote the target come after all others, and early dreams last.
 */
export async function eraseChangeWords(
  deps: Deps,
  { tenant, dreams }: Scope,
  lineages: readonly ChangesErasing[],
): Promise<void> {
  const byDream = new Map(lineages.flatMap((all) => all.lineage.own.map((dream) => [dream.id, all])));
  for (const quoting of [false, true]) {
    for await (const kept of recordedChanges(deps, tenant, dreams.toReversed())) {
      const all = byDream.get(kept.dream.id);
      if (all === undefined) continue;
      const sources = kept.change.edits.flatMap((edit) => edit.sources);
      if (sources.some((source) => all.words.isTarget(source, kept.dream)) !== quoting) continue;
      const erased = eraseWords(kept.change, kept.index + 1, await erasingFor(kept, all));
      if (erased !== kept.change) await put(deps, tenant, kept, erased);
    }
  }
}

async function erasingFor(
  { change, dream }: KeptChange,
  { words, erasing, verdicts }: ChangesErasing,
): Promise<ChangeErasing> {
  const { path, beforeHash, afterHash } = change;
  const held = await verdicts.among([beforeHash, afterHash].map((contentHash) => ({ contentHash, path })));
  return {
    ...erasing,
    holds: (hash) => held.has(hash),
    isTarget: (source) => words.isTarget(source, dream),
    rests: (edit) => words.rests(edit, dream),
  };
}

function put(
  { memories }: Deps,
  tenant: string,
  { dream, attempt, index }: KeptChange,
  change: RecordedChange,
): Promise<void> {
  return memories.putChanges({ tenant, dreamId: dream.id, attempt, first: index, changes: [change] });
}

/** Takes the sentence in which a dream says what it did when it holds words that go. */
export async function eraseSummaries(
  deps: Pick<ServiceDeps, "dreams">,
  principal: Principal,
  { lineage, erasing }: ChangesErasing,
): Promise<void> {
  for (const { id } of lineage.own) {
    await changeDream(deps, principal, id, (dream) => withoutWords(dream, erasing));
  }
}

function withoutWords(dream: Dream, erasing: Erasing): Dream {
  const holds = (message: string) => holdsWords(message, "", erasing);
  const { commit } = dream;
  const isCommitHeld = commit !== null && holds(commit.summary.message);
  const isSummaryHeld = dream.status === "completed" && holds(dream.summary.message);
  if (!isCommitHeld && !isSummaryHeld) return dream;
  const next = { ...dream, revision: dream.revision + 1 };
  if (isCommitHeld) next.commit = { ...commit, summary: { ...commit.summary, message: "" } };
  if (isSummaryHeld && next.status === "completed") next.summary = { ...next.summary, message: "" };
  return next;
}
