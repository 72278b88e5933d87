/**
 * Versions, newest revision first. A version's row was written before its commit was made and does not say which
 * revision it came with, so the log leads: of a whole store it is walked from its end, and the rows of its commits are
 * read some commits at a time; of one memory the rows are read, and their commits are looked up. What is sorted here
 * is never more than `rowsMax` rows or a page.
 */
import type { Filter } from "mongodb";
import type { MemoryVersion } from "../../core/memory-version.ts";
import type { MemoryStores, VersionFilter, VersionPosition } from "../../ports/memory-store.ts";
import type { Calls } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { toBound } from "./documents.ts";
import {
  commitPrefix,
  fromVersionDocument,
  type LastDocument,
  type VersionDocument,
  versionKey,
} from "./history-documents.ts";
import type { StoreDocument } from "./memory-documents.ts";
import type { StoreLog } from "./store-log.ts";

/** How many rows are read, and sorted, together. */
const rowsMax = 200;
/** How many commits are looked at together when few of them have a version that matches. */
const commitsMax = 200;

/** Below every revision that a store can have. */
const fromTheEnd: VersionPosition = { revision: Number.MAX_SAFE_INTEGER, number: 0 };

interface Walk {
  readonly store: StoreDocument;
  readonly filter: VersionFilter;
  readonly after: VersionPosition;
  readonly limit: number;
}

export function createVersionList(
  { versions }: Collections,
  log: StoreLog,
  calls: Calls,
): MemoryStores["listVersions"] {
  return ({ tenant, storeId, filter, after, limit }) =>
    calls.run(async () => {
      const store = await log.read({ tenant, storeId });
      if (store === null) return [];
      const walk = { store, filter, after: after ?? fromTheEnd, limit };
      return filter.memoryId === null ? await ofStore(walk) : await ofMemory(walk, filter.memoryId);
    });

  async function ofStore({ store, filter, after, limit }: Walk): Promise<MemoryVersion[]> {
    // A page may have ended inside of a revision: what is left of that one comes first.
    const [begun] = after === fromTheEnd ? [] : await log.below(store, after.revision + 1, filter, 1);
    const found =
      begun?.number === after.revision ? await ofCommit(store, begun, filter, after.number, limit) : [];
    let below = after.revision;
    let size = limit;
    while (found.length < limit) {
      const commits = await log.below(store, below, filter, size);
      const [newest] = commits;
      if (newest === undefined) break;
      const left = limit - found.length;
      const some = await ofCommits(store, commits, filter);
      if (some !== null) {
        found.push(...some.slice(0, left));
        below = commits.at(-1)?.number ?? 0;
        size = Math.min(size * 2, commitsMax);
      } else if (commits.length > 1) {
        size = Math.ceil(commits.length / 2);
      } else {
        found.push(...(await ofCommit(store, newest, filter, Number.MAX_SAFE_INTEGER, left)));
        below = newest.number;
      }
    }
    return found;
  }

  /** All versions of these commits that match, newest first, or null when there are more than can be sorted. */
  async function ofCommits(
    { tenant, store_id }: StoreDocument,
    commits: readonly LastDocument[],
    { operation }: VersionFilter,
  ): Promise<MemoryVersion[] | null> {
    const revisions = new Map(commits.map((commit) => [commit.commit_id, commit.number]));
    const rows = await versions
      .find({
        tenant,
        store_id,
        commit_id: { $in: [...revisions.keys()] },
        ...(operation !== null && { operation }),
      })
      .limit(rowsMax + 1)
      .toArray();
    if (rows.length > rowsMax) return null;
    return rows
      .map((row) => fromVersionDocument(row, revisions.get(row.commit_id) ?? 0))
      .toSorted(newestFirst);
  }

  /** Versions of one commit below a number that match, the greatest first. */
  async function ofCommit(
    { tenant, store_id }: StoreDocument,
    commit: LastDocument,
    { operation }: VersionFilter,
    below: number,
    limit: number,
  ): Promise<MemoryVersion[]> {
    const key = { tenant, storeId: store_id };
    const rows = await versions
      .find({
        _id: { $gt: commitPrefix(key, commit.commit_id), $lt: versionKey(key, commit.commit_id, below) },
        ...(operation !== null && { operation }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .toArray();
    return rows.map((row) => fromVersionDocument(row, commit.number));
  }

  async function ofMemory(
    { store, filter, after, limit }: Walk,
    memory_id: string,
  ): Promise<MemoryVersion[]> {
    const { tenant, store_id } = store;
    let found: MemoryVersion[] = [];
    for (let key = ""; ; ) {
      const rows = await versions
        .find({ tenant, store_id, memory_id, _id: { $gt: key }, ...matching(filter) })
        .sort({ _id: 1 })
        .limit(rowsMax)
        .toArray();
      const made = await log.made(
        store,
        rows.map((row) => row.commit_id),
      );
      for (const row of rows) {
        const revision = made.get(row.commit_id)?.number;
        if (revision === undefined) continue;
        const version = fromVersionDocument(row, revision);
        if (newestFirst(after, version) < 0) found.push(version);
      }
      found = found.toSorted(newestFirst).slice(0, limit);
      const last = rows.at(-1);
      if (last === undefined || rows.length < rowsMax) return found;
      key = last._id;
    }
  }
}

function newestFirst(a: VersionPosition, b: VersionPosition): number {
  return b.revision - a.revision || b.number - a.number;
}

function matching({ operation, actorId, createdFrom, createdTo }: VersionFilter): Filter<VersionDocument> {
  return {
    ...(operation !== null && { operation }),
    ...(actorId !== null && { "actor.id": actorId }),
    ...((createdFrom !== null || createdTo !== null) && {
      created_at: {
        ...(createdFrom !== null && { $gte: toBound(createdFrom) }),
        ...(createdTo !== null && { $lte: toBound(createdTo) }),
      },
    }),
  };
}
