/** A store with its parts and its history as records. */

import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { MemoryVersion, StoreRevision } from "../../core/memory-version.ts";
import type { VersionFilter, VersionPosition } from "../../ports/memory-store.ts";
import { exportHead, type HeadDeps, type MissingPart, startOfHead } from "./export-heads.ts";
import { damaged, type ExportStep, placed, type Records } from "./export-step.ts";
import type { TransferRecord } from "./records.ts";
import type { SentHeads } from "./sent-heads.ts";

const revisionsPage = 500;
/** How often a store that moves on while its head is read is begun again. */
const triesMax = 10;

/** The parts of a store's export, in order; each place begins with one of them. */
const parts = { head: 0, origin: 1, store: 2, revisions: 3, versions: 4 } as const;

/** Of a revision: its number, and which of its two heads is under way, or this. */
const revisionDone = 3;
/** Of a version: its revision, its number, and one of these. */
const textDone = 1;
const versionDone = 2;

/** A part, and numbers that it understands; the last two of a head are where it is in that. */
type Place = readonly [part: number, a: number, b: number, c: number, d: number];

const anyVersion: VersionFilter = {
  memoryId: null,
  operation: null,
  actorId: null,
  createdFrom: null,
  createdTo: null,
};

interface Run {
  readonly deps: HeadDeps;
  readonly tenant: string;
  readonly sent: SentHeads;
  readonly store: MemoryStore;
  readonly mark: string;
}

/** Stores of a tenant. */
export function storesStep(deps: HeadDeps, tenant: string, sent: SentHeads): ExportStep<MemoryStore> {
  const { memories } = deps;
  const get = (id: string) => memories.get({ tenant, id });
  const runOf = (store: MemoryStore): Run => ({ deps, tenant, sent, store, mark: markOf(deps, store) });

  /**
   * A text may go while the store is read: once the store shows another head, the text may be redacted. Then it is begun again,
   * as it is by then.
   */
  async function* untilWhole(begun: MemoryStore, at: readonly number[]): Records {
    let store: MemoryStore | null = begun;
    let from = placeOf(at);
    for (let tries = 1; store !== null; tries += 1) {
      const lost: MissingPart = yield* exportStore(runOf(store), from);
      if (lost === null) return;
      const { mark } = runOf(store);
      store = await get(store.id);
      const isSame = store !== null && markOf(deps, store) === mark;
      if (isSame || tries === triesMax) {
        throw damaged(`memory store ${begun.id}`, lost, "write or delete that memory, then export again");
      }
      from = placeOf([]);
    }
  }

  return {
    list: (after, limit) => memories.list({ tenant, includeArchived: true, after, limit }),
    get,
    begin: (store) => untilWhole(store, []),
    goOn(store, { mark, at }) {
      if (markOf(deps, store) === mark) return untilWhole(store, at);
      // Once it was sent itself, its history up to then follows, whatever it is now. What was sent before that is begun again.
      const before = (at[0] ?? 0) < parts.revisions ? null : asMarked(store, mark);
      return before === null ? untilWhole(store, []) : untilWhole(before, at);
    },
  };
}

/** The store's revision and head, and a hash of all of it. */
function markOf({ digest }: HeadDeps, store: MemoryStore): string {
  return `${store.revision} ${store.head} ${digest.sha256(JSON.stringify(store))}`;
}

/** The store with the revision and the head that it had; null for a mark that no store had. */
function asMarked(store: MemoryStore, mark: string): MemoryStore | null {
  const [, revision, head] = /^(\d{1,15}) ([0-9a-f]{64}) /.exec(mark) ?? [];
  if (revision === undefined || head === undefined) return null;
  return { ...store, revision: Number(revision), head };
}

function placeOf([part = 0, a = 0, b = 0, c = 0, d = 0]: readonly number[]): Place {
  return [part, a, b, c, d];
}

/** Answers with what is missing of what the store shows, or null. */
async function* exportStore(run: Run, from: Place): Records<MissingPart> {
  const { deps, tenant, sent, store, mark } = run;
  const [part, bucket, entry] = from;
  if (part <= parts.head) {
    const records = exportHead(deps, tenant, sent, store.head, "all", { bucket, entry });
    const missing = yield* placed(records, mark, (at) => [parts.head, at.bucket, at.entry]);
    if (missing !== null) return missing;
  }
  if (part <= parts.origin && store.origin !== null) {
    const place = part === parts.origin ? { bucket, entry } : startOfHead;
    const records = exportHead(deps, tenant, sent, store.origin.head, "kept", place);
    const missing = yield* placed(records, mark, (at) => [parts.origin, at.bucket, at.entry]);
    if (missing !== null) return missing;
  }
  if (part <= parts.store) {
    const { tenant: _, ...value } = store;
    yield { record: { kind: "store", value }, mark, at: [parts.revisions] };
  }
  if (part <= parts.revisions) yield* exportRevisions(run, part === parts.revisions ? from : placeOf([]));
  yield* exportVersions(run, part === parts.versions ? from : placeOf([]));
  return null;
}

/** Revisions up to the store's, oldest first. One that can be reverted comes after what is still there of its heads. */
async function* exportRevisions(run: Run, [, number, head, bucket, entry]: Place): Records {
  const { deps, tenant, sent, mark } = run;
  // Number 0 is the one that versions from before the first revision may have been given.
  const above = head === revisionDone ? number : number - 1;
  for await (const revision of eachRevision(run, above)) {
    const heads = revision.origin === null ? [] : [revision.base, revision.next];
    for (const [index, hash] of heads.entries()) {
      const isUnderWay = revision.number === number;
      if (isUnderWay && index + 1 < head) continue;
      const place = isUnderWay && index + 1 === head ? { bucket, entry } : startOfHead;
      const records = exportHead(deps, tenant, sent, hash, "kept", place);
      yield* placed(records, mark, (at) => [
        parts.revisions,
        revision.number,
        index + 1,
        at.bucket,
        at.entry,
      ]);
    }
    const record: TransferRecord = { kind: "revision", value: revision };
    yield { record, mark, at: [parts.revisions, revision.number, revisionDone] };
  }
}

async function* eachRevision(
  { deps, tenant, store }: Run,
  above: number,
): AsyncGenerator<StoreRevision, void, undefined> {
  for (let after = above; ; ) {
    const page = await deps.memories.listRevisions({
      tenant,
      storeId: store.id,
      after,
      limit: revisionsPage,
    });
    for (const revision of page) if (revision.number <= store.revision) yield revision;
    const last = page.at(-1);
    if (last === undefined || last.number >= store.revision) return;
    after = last.number;
  }
}

/** Versions up to the store's revision, newest first, each after its text unless the store's head has that. */
async function* exportVersions(run: Run, [, revision, number, done]: Place): Records {
  const { deps, tenant, store, mark } = run;
  let after: VersionPosition = { revision: store.revision + 1, number: 0 };
  if (done !== 0) after = { revision, number: done === versionDone ? number : number + 1 };
  let shown: ReadonlySet<string> | null = null;
  for (;;) {
    const page = await deps.memories.listVersions({
      tenant,
      storeId: store.id,
      filter: anyVersion,
      after,
      limit: limits.transferReadsAtOnce,
    });
    shown ??= page.length === 0 ? new Set() : await contentsOf(run);
    const texts = await textsOf(run, page, shown);
    for (const listed of page) {
      const version = await withText(run, listed, shown, texts);
      if (version === null) continue;
      const place = [parts.versions, version.revision, version.number] as const;
      const text = version.contentHash === null ? undefined : texts.get(version.contentHash);
      const wasSent = done !== 0 && version.revision === revision && version.number === number;
      if (text !== undefined && !wasSent) {
        const record: TransferRecord = { kind: "content", value: { hash: version.contentHash ?? "", text } };
        yield { record, mark, at: [...place, textDone] };
      }
      yield { record: { kind: "version", value: version }, mark, at: [...place, versionDone] };
    }
    const last = page.at(-1);
    if (last === undefined) return;
    after = { revision: last.revision, number: last.number };
  }
}

/** Hashes of all texts of the store's head, which were sent; a store has so few memories that they may be held. */
async function contentsOf({ deps, tenant, store }: Run): Promise<ReadonlySet<string>> {
  const head = await deps.memories.getHead({ tenant, hash: store.head });
  const hashes = new Set<string>();
  for (const bucket of head?.buckets ?? []) {
    if (bucket === "") continue;
    const [found] = await deps.memories.getBuckets({ tenant, hashes: [bucket] });
    for (const { contentHash } of found?.entries ?? []) hashes.add(contentHash);
  }
  return hashes;
}

async function textsOf(
  { deps, tenant }: Run,
  page: readonly MemoryVersion[],
  shown: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const hashes = new Set(page.flatMap(({ contentHash }) => contentHash ?? []));
  return deps.memories.getContents({ tenant, hashes: [...hashes].filter((hash) => !shown.has(hash)) });
}

/** The version as it is once its text was read: one that was redacted meanwhile has none, and one that was removed is null. */
async function withText(
  { deps, tenant, store }: Run,
  version: MemoryVersion,
  shown: ReadonlySet<string>,
  texts: ReadonlyMap<string, string>,
): Promise<MemoryVersion | null> {
  const { contentHash } = version;
  if (contentHash === null || shown.has(contentHash) || texts.has(contentHash)) return version;
  const now = await deps.memories.getVersion({ tenant, storeId: store.id, id: version.id });
  if (now === null || now.redactedAt !== null) return now;
  const what = `version ${version.id} of memory store ${store.id}`;
  throw damaged(what, `its text (${contentHash})`, "redact that version, then export again");
}
