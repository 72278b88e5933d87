/**
 * The log of a store: a row for each revision. The newest one stands whole in the store's document, written by the
 * switch itself, and its row follows; a crash between the two leaves it to whoever writes next. So the rows of all
 * older revisions are there, the row of the newest may be missing, and every reader takes both as one.
 *
 * A reader takes the store first and the log second: a revision that left the document in between has its row.
 */
import type { Filter } from "mongodb";
import type { StoreKey } from "../../ports/memory-store.ts";
import { unlessDuplicate, upsert } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { keyOf, toBound, unlessDeleted } from "./documents.ts";
import { type LastDocument, type RevisionDocument, revisionKey, toRow } from "./history-documents.ts";
import type { StoreDocument } from "./memory-documents.ts";

/** What a walk over the log keeps to; null for any. Times are inclusive. */
export interface LogFilter {
  readonly actorId: string | null;
  readonly createdFrom: number | null;
  readonly createdTo: number | null;
}

export interface StoreLog {
  /** The store's document, or null when it is absent or deleted. */
  read(key: StoreKey): Promise<StoreDocument | null>;
  /** Writes the row of the newest revision, unless it is there. */
  settle(store: StoreDocument): Promise<void>;
  /** Those of the commits that were made, by id. */
  made(store: StoreDocument, commitIds: readonly string[]): Promise<Map<string, LastDocument>>;
  ofOrigin(store: StoreDocument, origin: string): Promise<LastDocument | null>;
  ofNumber(store: StoreDocument, number: number): Promise<LastDocument | null>;
  /** Revisions above a number, ascending. */
  above(store: StoreDocument, number: number, limit: number): Promise<LastDocument[]>;
  /** Revisions below a number that match, descending. */
  below(store: StoreDocument, number: number, filter: LogFilter, limit: number): Promise<LastDocument[]>;
}

export function createStoreLog({ stores, revisions }: Collections): StoreLog {
  return {
    async read({ tenant, storeId }) {
      return unlessDeleted(await stores.findOne({ _id: keyOf({ tenant, id: storeId }) }));
    },

    async settle(store) {
      if (store.last === undefined) return;
      const { _id, ...row } = toRow(keysOf(store), store.last);
      const write = () => revisions.updateOne({ _id }, { $setOnInsert: row }, { upsert: true });
      // A log that already has this commit or origin under another number, by a restore at the same moment, is no reason
      // to refuse every further write of the store.
      await unlessDuplicate(upsert(write));
    },

    async made(store, commitIds) {
      const { last } = store;
      const found = new Map<string, LastDocument>();
      const asked = new Set(commitIds);
      if (last !== undefined && asked.delete(last.commit_id)) found.set(last.commit_id, last);
      if (asked.size === 0) return found;
      const { tenant, store_id } = store;
      const rows = revisions.find({ tenant, store_id, commit_id: { $in: [...asked] } });
      for (const row of await rows.toArray()) found.set(row.commit_id, row);
      return found;
    },

    async ofOrigin({ tenant, store_id, last }, origin) {
      if (last?.origin === origin) return last;
      return await revisions.findOne({ tenant, store_id, origin });
    },

    async ofNumber(store, number) {
      if (store.last?.number === number) return store.last;
      return await revisions.findOne({ _id: revisionKey(keysOf(store), number) });
    },

    async above(store, number, limit) {
      const rows = await older(store, { above: number, below: endOf(store), ascending: true, limit });
      const { last } = store;
      if (last !== undefined && last.number > number && rows.length < limit) rows.push(last);
      return rows;
    },

    async below(store, number, filter, limit) {
      const { last } = store;
      const first = last !== undefined && last.number < number && matches(last, filter) ? [last] : [];
      const below = Math.min(number, endOf(store));
      const left = limit - first.length;
      if (left <= 0) return first;
      // There is a revision 0 where versions of what a store began with were given rows.
      return [...first, ...(await older(store, { above: -1, below, ascending: false, limit: left }, filter))];
    },
  };

  /** Rows between two numbers, both exclusive. */
  async function older(
    store: StoreDocument,
    range: {
      readonly above: number;
      readonly below: number;
      readonly ascending: boolean;
      readonly limit: number;
    },
    filter: LogFilter = { actorId: null, createdFrom: null, createdTo: null },
  ): Promise<LastDocument[]> {
    const key = keysOf(store);
    const _id = { $gt: revisionKey(key, range.above), $lt: revisionKey(key, range.below) };
    return await revisions
      .find({ _id, ...matching(filter) })
      .sort({ _id: range.ascending ? 1 : -1 })
      .limit(range.limit)
      .toArray();
  }
}

/** Where the rows end that a reader of this document looks at: before the newest revision when it is in the document, else after it. */
function endOf({ last, revision }: StoreDocument): number {
  return last?.number ?? revision + 1;
}

function keysOf({ tenant, store_id }: StoreDocument): StoreKey {
  return { tenant, storeId: store_id };
}

function matching({ actorId, createdFrom, createdTo }: LogFilter): Filter<RevisionDocument> {
  return {
    ...(actorId !== null && { "actor.id": actorId }),
    ...((createdFrom !== null || createdTo !== null) && {
      at: {
        ...(createdFrom !== null && { $gte: toBound(createdFrom) }),
        ...(createdTo !== null && { $lte: toBound(createdTo) }),
      },
    }),
  };
}

function matches({ actor, at }: LastDocument, { actorId, createdFrom, createdTo }: LogFilter): boolean {
  if (actorId !== null && actor?.id !== actorId) return false;
  if (createdFrom !== null && at.getTime() < createdFrom) return false;
  return createdTo === null || at.getTime() <= createdTo;
}
