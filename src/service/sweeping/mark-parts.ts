/**
 * Marks the parts of a tenant that something names. What may go wrong between a walk, the writers and the deletes, and why
 * nothing that is named is lost:
 *
 * - A writer puts parts and names them a moment later. A put raises `touchedAt`, and no part that was put within the
 *   grace is a candidate. One that is put again after it was listed has another `touchedAt`, and the guarded delete leaves it.
 * - A writer also names, without a put, what the head it read names: the other buckets, the other texts. That head is the
 *   current one when it is read, so the walk must find it or what took its place. Names move in one direction, from a
 *   store's head to a dream (frozen) and from a dream's commit to a store's head and its newest revision (which names the
 *   head before, too); and each is written at its new place before it goes from the old. So the walk reads stores, then
 *   dreams, then revisions: what it no longer finds at one place it finds at a later one.
 * - A copy is made of a head that was read before. When that store was switched meanwhile, the head is that of a recent
 *   revision. When it was deleted meanwhile, nothing names the head until the copy is there. Therefore nothing is deleted
 *   that two walks, `limits.collectConfirmMs` apart, did not both find unnamed with one `touchedAt` (`collect-parts.ts`).
 * - A revert names texts that no head shows any more. They are those that its dream's recorded changes name, which stay.
 * - The wait between two walks is counted in time in which the sweeper was itself at work. It covers a machine that slept
 *   for a day or whose wall clock jumped by any number of hours: what was in hand then was put after the first walk, or is
 *   named by the second.
 *   A clock that jumps back makes parts look young, and they stay longer.
 * - Two sweepers mark the same or less, and their deletes are guarded alike. A walk that fails, is stopped or finds that
 *   a store names what is not there deletes nothing: the marks are incomplete, or the storage is being restored.
 * - A process that was stopped between its put and its switch for longer than grace and wait, while another one sweeps,
 *   is the one case left; requests and dreams end long before that.
 */
import { ReveriedError } from "../../core/errors.ts";
import { emptyHead, type MemoryStore } from "../../core/memory.ts";
import { createFingerprintSet, type FingerprintSet } from "../../lib/fingerprint-set.ts";
import type { PartKind } from "../../ports/sweep.ts";
import type { ServiceDeps } from "../deps.ts";
import { storePages } from "../memories/store-pages.ts";
import { changeHashes, dreamHeads, recentHeads, revertibleHeads, versionHashes } from "./named-parts.ts";

export type MarkDeps = Pick<ServiceDeps, "memories" | "dreams" | "sweep" | "digest">;

/** The parts that something names; a hash it has not seen may, very rarely, be taken for one it has. */
export interface Marks {
  has(kind: PartKind, hash: string): boolean;
}

export interface MarkOptions {
  readonly now: number;
  /** Heads that were replaced within it are named; 0 for none. */
  readonly graceMs: number;
  /** So are the heads that reverting a dream needs which ended since then; null for none. */
  readonly keepRevertibleSince: number | null;
}

/** Buckets in one read: about 10 ms of work when they are as large as they get. */
const bucketsPerRead = 8;

interface Walk {
  readonly deps: MarkDeps;
  readonly tenant: string;
  readonly emptyHash: string;
  readonly marks: Readonly<Record<PartKind, FingerprintSet>>;
  readonly storeIds: Set<string>;
}

/**
 * All marks of a tenant. Lets others have their turn of the event loop all the time; rejects with the signal's reason.
 * Throws `internal` when a store names a part that is not there.
 */
export async function markParts(
  deps: MarkDeps & Pick<ServiceDeps, "clock">,
  tenant: string,
  { signal, ...options }: MarkOptions & { readonly signal: AbortSignal },
): Promise<Marks> {
  const steps = markSteps(deps, tenant, options);
  for (;;) {
    signal.throwIfAborted();
    const step = await steps.next();
    if (step.done === true) return step.value;
    await deps.clock.nextTurn();
  }
}

/** The same in steps of a few milliseconds each, for who paces it himself. */
export async function* markSteps(
  deps: MarkDeps,
  tenant: string,
  options: MarkOptions,
): AsyncGenerator<void, Marks> {
  const marks = {
    head: createFingerprintSet(),
    bucket: createFingerprintSet(),
    content: createFingerprintSet(),
  };
  const emptyHash = emptyHead(deps.digest.sha256).hash;
  const walk: Walk = { deps, tenant, emptyHash, marks, storeIds: new Set() };
  const { now, graceMs, keepRevertibleSince } = options;
  yield* markStores(walk);
  yield* markHeads(walk, dreamHeads(deps, tenant));
  if (graceMs > 0) yield* markHeads(walk, recentHeads(deps, tenant, now - graceMs));
  if (keepRevertibleSince !== null)
    yield* markHeads(walk, revertibleHeads(deps, tenant, keepRevertibleSince));
  yield* markContents(walk, versionHashes(deps, tenant, walk.storeIds));
  yield* markContents(walk, changeHashes(deps, tenant));
  return { has: (kind, hash) => marks[kind].has(hash) };
}

async function* markStores(walk: Walk): AsyncGenerator<void> {
  const { deps, tenant, storeIds } = walk;
  for await (const page of storePages(deps, tenant)) {
    yield;
    for (const store of page) {
      storeIds.add(store.id);
      yield* markStore(walk, store);
    }
  }
}

/** Marks what the store names; again when it named something else meanwhile, whose parts another sweeper may have taken. */
async function* markStore(walk: Walk, listed: MemoryStore): AsyncGenerator<void> {
  const { memories } = walk.deps;
  let store = listed;
  for (;;) {
    const current = yield* markHead(walk, store.head);
    const origin = store.origin === null || (yield* markHead(walk, store.origin.head));
    if (current && origin) return;
    const again = await memories.get({ tenant: walk.tenant, id: store.id });
    if (again === null) return;
    if (again.head === store.head && again.origin?.head === store.origin?.head) {
      throw new ReveriedError("internal", `memory store ${store.id} names parts that are not in the storage`);
    }
    store = again;
  }
}

/** A dream or a revision may name what is gone: its heads are kept for a while, not for good. */
async function* markHeads(walk: Walk, pages: AsyncGenerator<readonly string[]>): AsyncGenerator<void> {
  for await (const heads of pages) {
    yield;
    for (const head of heads) yield* markHead(walk, head);
  }
}

/** Marks the head, its buckets and their texts; false when some of it is not there. */
async function* markHead(walk: Walk, hash: string): AsyncGenerator<void, boolean> {
  const { deps, tenant, marks } = walk;
  if (hash === walk.emptyHash || !marks.head.add(hash)) return true;
  const head = await deps.memories.getHead({ tenant, hash });
  yield;
  if (head === null) return false;
  const fresh = head.buckets.filter((bucket) => bucket !== "" && marks.bucket.add(bucket));
  let missing = 0;
  for (let first = 0; first < fresh.length; first += bucketsPerRead) {
    const hashes = fresh.slice(first, first + bucketsPerRead);
    const buckets = await deps.memories.getBuckets({ tenant, hashes });
    missing += hashes.length - buckets.length;
    for (const { entries } of buckets) for (const entry of entries) marks.content.add(entry.contentHash);
    yield;
  }
  return missing === 0;
}

async function* markContents(
  { marks }: Walk,
  pages: AsyncGenerator<readonly string[]>,
): AsyncGenerator<void> {
  for await (const hashes of pages) {
    for (const hash of hashes) marks.content.add(hash);
    yield;
  }
}
