import assert from "node:assert";
import { isDeepStrictEqual } from "node:util";
import type { MemoryStore } from "../../core/memory.ts";
import type { MemoryStores, StoreSaveOutcome } from "../../ports/memory-store.ts";
import type { Database } from "./database.ts";
import { createMemoryHistory } from "./memory-history.ts";
import { createMemoryParts } from "./memory-parts.ts";
import { storeColumns, storeFromRow } from "./rows.ts";
import { createStoreTable, type StoreTable } from "./store-table.ts";

export function createSqliteMemoryStores(db: Database): MemoryStores {
  const table = createStoreTable(db);
  return { ...createStores(db, table), ...createMemoryHistory(db, table), ...createMemoryParts(db) };
}

type StorePromises = Pick<
  MemoryStores,
  "create" | "get" | "findCollection" | "list" | "count" | "save" | "delete"
>;

function createStores(db: Database, table: StoreTable): StorePromises {
  const count = db.sql(
    `SELECT count(*) AS stores FROM
       (SELECT 1 FROM memory_store INDEXED BY memory_store_by_time WHERE tenant = ? AND deleted = 0 LIMIT ?)`,
  );

  return {
    create: (store) => db.write(() => create(table, store)),
    get: (key) => db.read(() => table.find(key)),
    findCollection: ({ tenant, collection }) => db.read(() => table.findCollection(tenant, collection)),
    count: ({ tenant, max }) => db.read(() => Number(count.get(tenant, max)?.stores)),
    save: (write) => db.write(() => save(table, write)),
    delete: (key) => db.write(() => table.delete(key)),

    list: ({ tenant, includeArchived, after, limit }) =>
      db.read(() => {
        const text = `SELECT ${storeColumns} FROM memory_store INDEXED BY memory_store_by_time
          WHERE tenant = ? AND deleted = 0
          ${includeArchived ? "" : "AND archived_at IS NULL"}
          ${after === null ? "" : "AND (created_at, id) < (?, ?)"}
          ORDER BY created_at DESC, id DESC LIMIT ?`;
        const position = after === null ? [] : [after.createdAt, after.id];
        return db
          .sql(text)
          .all(tenant, ...position, limit)
          .map(storeFromRow);
      }),
  };
}

function create(table: StoreTable, store: MemoryStore): Awaited<ReturnType<MemoryStores["create"]>> {
  if (table.insert(store)) return { outcome: "created", store };
  const same = table.find(store);
  if (same !== null) return { outcome: "created", store: same };
  table.refuseDeleted(store);
  const { tenant, id, collection } = store;
  const other = collection === null ? null : table.findCollection(tenant, collection);
  assert(other !== null, `memory store ${id} was refused by no store`);
  return { outcome: "exists", store: other };
}

function save(table: StoreTable, { read, next }: Parameters<MemoryStores["save"]>[0]): StoreSaveOutcome {
  assert(next.tenant === read.tenant && next.id === read.id, "a save writes the store that was read");
  assert(next.edition === read.edition + 1, "a save raises the edition, or the guard would miss it");
  assert(
    isDeepStrictEqual(next.collection, read.collection),
    "a store stays of the collection it was made for",
  );
  const isWritten = table.replace(read, next);
  const store = table.find(read);
  if (store === null) return { outcome: "stale", store };
  // The answer to an earlier try may have been lost; the head may have moved on since.
  const { head, revision } = store;
  const isSaved = isWritten || isDeepStrictEqual(store, { ...next, head, revision });
  return { outcome: isSaved ? "saved" : "stale", store };
}
