/**
 * Which words rest on the target alone. Three things make a fragment: a sentence of the target; a quote of it in a recorded
 * change; what a dream wrote for no other reason than the target, in whatever words. None is one that a source says
 * too which stays and which went into the same store. Only what the texts made from the target can hold is remembered.
 */
import type { Edit, Source } from "../../core/change-set.ts";
import type { Erasing } from "../../core/erasure.ts";
import { createFragments, createSieve, type Finder, type Fragments } from "../../core/fragments.ts";
import { createOwnWords, type OwnWords } from "../../core/own-words.ts";
import { createBlockReader, type ReadBlocks, wordsOf } from "../../core/passages.ts";
import type { ServiceDeps } from "../deps.ts";
import { madeNames, type Named, recordedChanges, targetTexts, texts } from "./erasure-texts.ts";
import type { ErasureTarget, Scope, ScopeDream } from "./find-scope.ts";
import { type Lineage, sessionSource } from "./lineages.ts";
import { createRewordings, type Rewordings } from "./rewordings.ts";
import { stayingTexts } from "./staying-texts.ts";
import { createSuspects, type Suspects } from "./suspects.ts";

/** What is looked for in one lineage, but for the paths that go: those are found with it. */
export interface Words extends Omit<Erasing, "isGone"> {
  readonly suspects: Suspects;
  /** Whether the source is of the target, for a change of this dream. */
  isTarget(source: Source, dream: Pick<ScopeDream, "inputStoreId">): boolean;
  /** Whether the edit has no other reason than the target. */
  rests(edit: Edit, dream: Pick<ScopeDream, "inputStoreId">): boolean;
}

type Deps = Pick<ServiceDeps, "memories" | "sessions" | "heads" | "sweep" | "clock">;

interface Search {
  readonly deps: Deps;
  readonly scope: Scope;
  readonly readBlocks: ReadBlocks;
  readonly fragments: Fragments;
  readonly ownWords: OwnWords;
  readonly rewordings: Rewordings;
}

/** Sentences of one word ("Yes.") say nothing that could be known again. */
const wordsMin = 2;

/** Reads all that was said and made; answers with the words of each lineage. \`loose\` are texts that nothing names. */
export async function findWords(
  deps: Deps,
  scope: Scope,
  loose: readonly string[],
): Promise<(lineage: Lineage) => Words> {
  const readBlocks = createBlockReader();
  const sieve = createSieve();
  const fragments = createFragments((words) => sieve.mayHold(words));
  const rewordings = createRewordings();
  const search: Search = { deps, scope, readBlocks, fragments, ownWords: createOwnWords(), rewordings };
  await seeWhatWasMade(search, loose, (text) => readBlocks(text).forEach(sieve.add));
  await addTarget(search);
  await addEdits(search);
  // What was written from memories that rest on the target rests on it, too, and so on.
  while ((await addFollowing(search)) > 0);
  await findSupport(search);
  const none = new Set<string>();
  const suspects = createSuspects({
    readBlocks,
    fragments: fragments.where(none),
    ownWords: search.ownWords.where(none),
  });
  return (lineage) => wordsIn(search, suspects, lineage);
}

function wordsIn(
  { scope, readBlocks, fragments, ownWords, rewordings }: Search,
  suspects: Suspects,
  lineage: Lineage,
): Words {
  const finder = fragments.where(lineage.sources);
  const says = (text: string) => readBlocks(text).some((block) => finder.find(block).length > 0);
  return {
    readBlocks,
    fragments: finder,
    ownWords: ownWords.where(lineage.sources),
    rewordings: rewordings.where(lineage.dreams, says),
    suspects,
    isTarget: (source, dream) => isTarget(scope.target, source, dream),
    rests: (edit, dream) => rests(edit, (source) => isTarget(scope.target, source, dream), says),
  };
}

function isTarget(
  { kind, id }: ErasureTarget,
  source: Source,
  dream: Pick<ScopeDream, "inputStoreId">,
): boolean {
  if (source.kind === "event") return kind === "session" && source.sessionId === id;
  return kind === "store" && dream.inputStoreId === id;
}

function rests(edit: Edit, isOfTarget: (source: Source) => boolean, isTaken: (text: string) => boolean) {
  let [isReason, isTold, hasOthers] = [false, false, false];
  for (const source of edit.sources) {
    if (isOfTarget(source)) isReason = true;
    else if (source.kind === "event") return false;
    else if (isTaken(source.quote)) isTold = true;
    else if (saysIn(source.quote, edit.after ?? "")) return false;
    else hasOthers = true;
  }
  return isReason || (isTold && !hasOthers);
}

/** Whether the one text has the words of the other in a row. */
function saysIn(whole: string, part: string): boolean {
  return ` ${wordsOf(whole).join(" ")} `.includes(` ${wordsOf(part).join(" ")} `);
}

async function seeWhatWasMade(
  { deps, scope, readBlocks, ownWords }: Search,
  loose: readonly string[],
  see: (text: string) => void,
): Promise<void> {
  async function* named(): AsyncGenerator<Named> {
    for await (const { contentHash, path } of madeNames(deps, scope)) {
      if (path !== null) ownWords.askName(path);
      if (contentHash !== null) yield { contentHash, path: path ?? "" };
    }
    for (const contentHash of loose) yield { contentHash, path: "" };
  }
  for await (const { text } of texts(deps, scope.tenant, named(), new Set())) {
    see(text);
    for (const block of readBlocks(text)) ownWords.ask(block);
  }
  for await (const { change } of recordedChanges(deps, scope.tenant, scope.dreams)) {
    see(change.reason);
    for (const { before, after, reason, sources } of change.edits) {
      for (const text of [before, after, reason]) if (text !== null) see(text);
      for (const source of sources) {
        see(source.quote);
        if (source.kind === "event") ownWords.askName(source.speaker);
      }
    }
  }
}

async function addTarget({ deps, scope, readBlocks, fragments, ownWords }: Search): Promise<void> {
  // Of a store, a short line is as much its own as a long one; what people answer each other is not.
  const least = scope.target.kind === "store" ? 1 : wordsMin;
  for await (const { text, speaker, path } of targetTexts(deps, scope)) {
    for (const block of readBlocks(text)) {
      fragments.add(block, least);
      ownWords.add(block);
    }
    if (speaker !== null) ownWords.addSpeaker(speaker);
    if (path !== null) ownWords.addPath(path);
  }
}

/** Quotes of the target, what rests on nothing else, and what others say of the same. */
async function addEdits({ deps, scope, readBlocks, fragments, ownWords, rewordings }: Search): Promise<void> {
  const { tenant, dreams, target } = scope;
  for await (const { dream, change } of recordedChanges(deps, tenant, dreams)) {
    for (const edit of change.edits) {
      const quoted = edit.sources.filter((source) => isTarget(target, source, dream));
      if (quoted.length === 0) continue;
      for (const source of quoted) {
        for (const block of readBlocks(source.quote)) fragments.add(block, 1);
        if (source.kind === "event") ownWords.addSpeaker(source.speaker);
      }
      rewordings.add(dream.id, edit, quoted);
      if (
        !rests(
          edit,
          (source) => quoted.includes(source),
          () => false,
        )
      )
        continue;
      for (const block of readBlocks(edit.after ?? "")) fragments.add(block, 1);
    }
  }
}

/** What dreams wrote for no other reason than memories that rest on the target; answers with how much of it was new. */
async function addFollowing({ deps, scope, readBlocks, fragments }: Search): Promise<number> {
  const { tenant, dreams, target } = scope;
  const all: Finder = fragments.where(new Set());
  const taken = (text: string) =>
    readBlocks(text).flatMap((block) => all.find(block).map((hit) => hit.fragment));
  let added = 0;
  for await (const { dream, change } of recordedChanges(deps, tenant, dreams)) {
    for (const { sources, after } of change.edits) {
      const others = sources.filter((source) => !isTarget(target, source, dream));
      if (after === null || others.length === 0) continue;
      const bases = others.map((source) => (source.kind === "memory" ? taken(source.quote) : []));
      if (bases.some((some) => some.length === 0)) continue;
      for (const block of readBlocks(after)) added += fragments.add(block, 1, bases.flat()).length;
    }
  }
  return added;
}

async function findSupport({ deps, scope, readBlocks, fragments, ownWords }: Search): Promise<void> {
  const said = (text: string) => {
    const blocks = readBlocks(text);
    return {
      fragments: blocks.flatMap((block) => fragments.said(block)),
      words: blocks.flatMap((block) => [
        ...ownWords.said(block),
        ...ownWords.saidName(block.label?.speaker?.text ?? ""),
      ]),
    };
  };
  const note = (source: string, found: ReturnType<typeof said>) => {
    for (const fragment of found.fragments) fragments.support(fragment, source);
    for (const word of found.words) ownWords.support(word, source);
  };
  const name = (source: string, text: string) => {
    for (const word of ownWords.saidName(text)) ownWords.support(word, source);
  };
  const byHash = new Map<string, ReturnType<typeof said>>();
  for await (const { source, text, hash, speaker, path } of stayingTexts(deps, scope)) {
    for (const text of [speaker, path]) if (text !== null) name(source, text);
    const found = text === null ? byHash.get(hash ?? "") : said(text);
    if (found === undefined) continue;
    note(source, found);
    // Most say nothing of it, and are not kept.
    if (hash !== null && found.fragments.length + found.words.length > 0) byHash.set(hash, found);
  }
  // What another session said is kept with the change even when that session is deleted.
  const { tenant, dreams, target } = scope;
  for await (const { change } of recordedChanges(deps, tenant, dreams)) {
    for (const source of change.edits.flatMap((edit) => edit.sources)) {
      if (source.kind !== "event" || source.sessionId === target.id) continue;
      note(sessionSource(source.sessionId), said(source.quote));
      name(sessionSource(source.sessionId), source.speaker);
    }
  }
}
