/** What the sweeper sees and deletes of the logs of stores. */
import { limits } from "../../core/limits.ts";
import type { Sweep } from "../../ports/sweep.ts";
import type { Calls } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { fromMark, inBatches, laterThan, type Place, toBound, toMark } from "./documents.ts";
import { commitPrefix, type RevisionDocument, versionKey } from "./history-documents.ts";
import { createStoreLog } from "./store-log.ts";

type RevisionSweep = Pick<Sweep, "listRevisionHeads" | "originHeads" | "deleteEmptyRevisions">;

/** Where a page of heads begins: among the newest revisions, which stand in their stores, or among the rows of the logs. */
interface HeadsPlace {
  readonly rows: boolean;
  readonly after: Place | null;
}

export function createRevisionSweep(collections: Collections, calls: Calls): RevisionSweep {
  const { stores, revisions, versions } = collections;
  const log = createStoreLog(collections);
  return {
    async listRevisionHeads({ tenant, since, after, limit }) {
      const { rows, after: place } = parsePlace(after);
      const range = { since, before: null };
      // Stores first: a revision that leaves a store's document from then on has its row.
      const page = await calls.run(() =>
        rows ? rowsOf(tenant, place, range, limit) : newestOf(tenant, place, range, limit),
      );
      const end = page.at(-1);
      const more = end !== undefined && page.length === limit;
      return {
        heads: page.flatMap(({ last }) => [last.base, last.next]),
        next: more ? formatPlace({ rows, after: end.place }) : rows ? null : rowsFromTheFirst,
      };
    },

    originHeads({ tenant, origins }) {
      return calls.run(async () => {
        const heads = new Set<string>();
        for (const $in of inBatches(origins, limits.sweepBatch)) {
          const newest = await stores.find({ tenant, "last.origin": { $in } }).toArray();
          const rows = await revisions.find({ tenant, origin: { $in } }).toArray();
          for (const { base, next } of [...newest.flatMap((store) => store.last ?? []), ...rows]) {
            heads.add(base).add(next);
          }
        }
        return [...heads];
      });
    },

    async deleteEmptyRevisions({ tenant, before, limit }) {
      await calls.run(() => retire(tenant, before));
      let deleted = 0;
      let after: Place | null = null;
      for (;;) {
        const place: Place | null = after;
        const page: readonly PlacedRow[] = await calls.run(() =>
          rowsOf(tenant, place, { since: null, before }, limits.sweepBatch),
        );
        for (const row of await calls.run(() => withoutVersions(page.map(({ last }) => last)))) {
          if (deleted >= limit) return deleted;
          const done = await calls.run(() => revisions.deleteOne({ _id: row._id }));
          deleted += done.deletedCount;
        }
        const end = page.at(-1);
        if (end === undefined || page.length < limits.sweepBatch) return deleted;
        after = end.place;
      }
    },
  };

  async function newestOf(tenant: string, after: Place | null, range: Range, limit: number) {
    const found = await stores
      .find({ tenant, ...laterThan("last.at", after, range) })
      .sort({ "last.at": 1, _id: 1 })
      .limit(limit)
      .toArray();
    return found.flatMap(({ _id, last }) =>
      last === undefined ? [] : [{ last, place: { at: last.at, key: _id } }],
    );
  }

  async function rowsOf(
    tenant: string,
    after: Place | null,
    range: Range,
    limit: number,
  ): Promise<PlacedRow[]> {
    const found = await revisions
      .find({ tenant, ...laterThan("at", after, range) })
      .sort({ at: 1, _id: 1 })
      .limit(limit)
      .toArray();
    return found.map((last) => ({ last, place: { at: last.at, key: last._id } }));
  }

  /** Takes old revisions out of their stores' documents, each once its row is there, so that rows are all that is looked at. */
  async function retire(tenant: string, before: number): Promise<void> {
    for (;;) {
      const page = await stores
        .find({ tenant, "last.at": { $lt: toBound(before) } })
        .sort({ "last.at": 1 })
        .limit(limits.sweepBatch)
        .toArray();
      for (const store of page) {
        await log.settle(store);
        const { _id, last } = store;
        // Not the one of a switch made meanwhile.
        await stores.updateOne({ _id, "last.commit_id": last?.commit_id ?? "" }, { $unset: { last: 1 } });
      }
      if (page.length < limits.sweepBatch) return;
    }
  }

  async function withoutVersions(rows: readonly RevisionDocument[]): Promise<RevisionDocument[]> {
    // Nearly always the first version of a commit is there if any is; only for the rest each commit is looked at by itself.
    const first = rows.map((row) => versionKey(keysOf(row), row.commit_id, 0));
    const found = await versions.find({ _id: { $in: first } }, { projection: { _id: 1 } }).toArray();
    const there = new Set(found.map(({ _id }) => _id));
    const empty: RevisionDocument[] = [];
    for (const [index, row] of rows.entries()) {
      if (there.has(first[index] ?? "")) continue;
      const prefix = commitPrefix(keysOf(row), row.commit_id);
      // A colon sorts just after the digits: the end of this commit's keys.
      const any = await versions.findOne({ _id: { $gt: prefix, $lt: `${prefix}:` } });
      if (any === null) empty.push(row);
    }
    return empty;
  }
}

interface PlacedRow {
  readonly last: RevisionDocument;
  readonly place: Place;
}

interface Range {
  readonly since: number | null;
  readonly before: number | null;
}

const rowsFromTheFirst = "rows";

function formatPlace({ rows, after }: { readonly rows: boolean; readonly after: Place }): string {
  return `${rows ? rowsFromTheFirst : "stores"} ${toMark(after)}`;
}

function parsePlace(text: string | null): HeadsPlace {
  if (text === null) return { rows: false, after: null };
  const [where, ...mark] = text.split(" ");
  return { rows: where === rowsFromTheFirst, after: mark.length === 0 ? null : fromMark(mark.join(" ")) };
}

function keysOf({ tenant, store_id }: RevisionDocument) {
  return { tenant, storeId: store_id };
}
