/** The texts an erasure reads, one after another: of the target, of what was made from it, and of what stays. */
import type { RecordedChange } from "../../core/change-set.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryEntry } from "../../core/memory.ts";
import type { MemoryVersion } from "../../core/memory-version.ts";
import { blockText, type SessionEvent } from "../../core/session.ts";
import type { VersionRow } from "../../ports/sweep.ts";
import type { ServiceDeps } from "../deps.ts";
import type { Scope, ScopeDream } from "./find-scope.ts";
import { createTurns, readEach } from "./read-each.ts";

export interface ErasureText {
  readonly text: string;
  /** null for what is no memory. */
  readonly hash: string | null;
  /** Who says it, where that is known. */
  readonly speaker: string | null;
  /** The path of the memory it is of. */
  readonly path: string | null;
}

/** A recorded change with where it is kept. */
export interface KeptChange {
  readonly dream: ScopeDream;
  readonly attempt: number;
  readonly index: number;
  readonly change: RecordedChange;
}

type Deps = Pick<ServiceDeps, "memories" | "sessions" | "heads" | "clock">;
export type Texts = AsyncGenerator<ErasureText>;

const changesPerRead = 50;
/** An event may have 1 MiB. */
const eventsPerRead = 20;

/** All words of the target that are still there; what was copied from a store counts when the store itself is gone. */
export async function* targetTexts(deps: Deps, scope: Scope): Texts {
  const { session, target } = scope;
  if (target.kind === "store") {
    yield* storeTexts(deps, scope);
    return;
  }
  if (session === null) return;
  for (const text of [session.title, ...session.tags, ...Object.values(session.metadata)]) {
    yield { text, hash: null, speaker: null, path: null };
  }
  yield* eventTexts(deps, scope.tenant, session.id, session.lastEvent);
}

async function* storeTexts(deps: Deps, scope: Scope): Texts {
  const { tenant, store } = scope;
  const seen = new Set<string>();
  yield* texts(deps, tenant, targetEntries(deps, scope), seen);
  if (store === null) return;
  const kept: Named[] = [];
  for await (const { contentHash, path } of versionsOfStore(deps, tenant, store.id)) {
    if (contentHash !== null) kept.push({ contentHash, path: path ?? "" });
  }
  yield* texts(deps, tenant, kept, seen);
}

/** Entries of the store that is the target, and those that dreams read or copied of it; of a session, none. */
export async function* targetEntries(
  deps: Pick<Deps, "memories" | "heads">,
  scope: Scope,
): AsyncGenerator<MemoryEntry> {
  const { tenant, target, store } = scope;
  if (target.kind === "session") return;
  const heads = new Set<string>();
  if (store !== null) heads.add(store.head);
  if (store !== null && store.origin !== null) heads.add(store.origin.head);
  for (const { role, frozen } of scope.dreams) {
    if (role === "reads" && frozen !== null) heads.add(frozen.head);
  }
  for (const id of scope.storeIds) {
    const copy = await deps.memories.get({ tenant, id });
    if (copy?.origin?.storeId === target.id) heads.add(copy.origin.head);
  }
  for (const head of heads) yield* await listKept(deps, tenant, head);
}

/** A text that something names, and under which path. */
export type Named = Pick<MemoryEntry, "contentHash" | "path">;

/** What the stores name that were written, their versions (those of writes that were never made, too), and the changes. */
export async function* madeNames(
  deps: Deps & Pick<ServiceDeps, "sweep">,
  { tenant, storeIds, dreams }: Scope,
): AsyncGenerator<{ readonly contentHash: string | null; readonly path: string | null }> {
  const stores = new Set(storeIds);
  for (const id of storeIds) {
    const store = await deps.memories.get({ tenant, id });
    if (store !== null) yield* await listKept(deps, tenant, store.head);
    if (store !== null && store.origin !== null) yield* await listKept(deps, tenant, store.origin.head);
  }
  for await (const row of versionRows(deps, tenant)) if (stores.has(row.storeId)) yield row;
  for await (const { change } of recordedChanges(deps, tenant, dreams)) {
    const { path, toPath, beforeHash, afterHash } = change;
    for (const contentHash of [beforeHash, afterHash]) yield { contentHash, path };
    if (toPath !== null) yield { contentHash: null, path: toPath };
  }
}

/** All version rows of the tenant. */
export async function* versionRows(
  { sweep }: Pick<ServiceDeps, "sweep">,
  tenant: string,
  createdBefore: number | null = null,
): AsyncGenerator<VersionRow> {
  const limit = limits.sweepBatch;
  for (let after: string | null = null; ; ) {
    const rows: VersionRow[] = await sweep.listVersionRows({ tenant, createdBefore, after, limit });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    after = last.key;
  }
}

/** The recorded changes of all attempts of the dreams, in their order. */
export async function* recordedChanges(
  { memories, clock }: Pick<Deps, "memories" | "clock">,
  tenant: string,
  dreams: readonly ScopeDream[],
): AsyncGenerator<KeptChange> {
  for (const dream of dreams) {
    for (let attempt = 1; attempt <= dream.attempts; attempt += 1) {
      for (let first = 0; ; first += changesPerRead) {
        const query = { tenant, dreamId: dream.id, attempt, first, limit: changesPerRead };
        const page = await memories.listChanges(query);
        for (const [place, change] of page.entries()) yield { dream, attempt, index: first + place, change };
        await clock.nextTurn();
        if (page.length < changesPerRead) break;
      }
    }
  }
}

/** All versions that the store's history shows, newest first. */
export async function* versionsOfStore(
  { memories }: Pick<Deps, "memories">,
  tenant: string,
  storeId: string,
): AsyncGenerator<MemoryVersion> {
  const filter = { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null };
  for (let after: { readonly revision: number; readonly number: number } | null = null; ; ) {
    const page: MemoryVersion[] = await memories.listVersions({
      tenant,
      storeId,
      filter,
      after,
      limit: limits.pageSizeMax,
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < limits.pageSizeMax) return;
    after = { revision: last.revision, number: last.number };
  }
}

/** None of a head that was swept. */
export async function listKept(
  { heads }: Pick<Deps, "heads">,
  tenant: string,
  hash: string,
): Promise<readonly MemoryEntry[]> {
  return (await heads.listKept(tenant, hash)) ?? [];
}

/** The texts, those in `seen` left out. One that is gone is passed over: an earlier try may have removed it. */
export async function* texts(
  deps: Pick<Deps, "memories" | "clock">,
  tenant: string,
  all: AsyncIterable<Named> | Iterable<Named>,
  seen: Set<string>,
): Texts {
  for await (const { of, text } of readEach(deps, tenant, unseen(all, seen))) {
    if (text !== null) yield { text, hash: of.contentHash, speaker: null, path: of.path };
  }
}

async function* unseen(
  all: AsyncIterable<Named> | Iterable<Named>,
  seen: Set<string>,
): AsyncGenerator<Named> {
  for await (const one of all) {
    if (!seen.has(one.contentHash)) yield one;
    seen.add(one.contentHash);
  }
}

/** What the events up to the number say. */
export async function* eventTexts(
  { sessions, clock }: Pick<Deps, "sessions" | "clock">,
  tenant: string,
  sessionId: string,
  upTo: number,
): Texts {
  const turn = createTurns(clock);
  for (let after = 0; after < upTo; ) {
    const page: SessionEvent[] = await sessions.readEvents({
      tenant,
      sessionId,
      after,
      upTo,
      limit: eventsPerRead,
    });
    for (const event of page) {
      const text = wordsOfEvent(event);
      yield { text, hash: null, speaker: event.speaker, path: null };
      await turn(text.length);
    }
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.number;
  }
}

/** All that an event says, what tools were asked included. */
function wordsOfEvent({ blocks }: SessionEvent): string {
  return blocks.map(blockText).join("\n\n");
}
