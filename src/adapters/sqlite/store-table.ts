/** Reads and guarded writes of one store, which a deleted one is not; called inside a read or a write of the queue. */
import assert from "node:assert";
import type { CollectionKey } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { Database } from "./database.ts";
import { storeColumns, storeFromRow } from "./rows.ts";

const insertSql = `
  INSERT INTO memory_store (${storeColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

const replaceSql = `
  UPDATE memory_store SET name = ?, description = ?, metadata = ?, protected_paths = ?, origin_store_id = ?,
    origin_head = ?, edition = ?, updated_at = ?, archived_at = ?
  WHERE tenant = ? AND id = ? AND edition = ? AND deleted = 0`;

// Nothing is kept but what a tombstone needs: the collection is free at once, and no words wait for the sweeper.
const deleteSql = `
  UPDATE memory_store SET deleted = 1, name = '', description = '', metadata = '{}', protected_paths = '[]',
    workspace_id = NULL, observer = NULL, observed = NULL, head = '', origin_store_id = NULL, origin_head = NULL
  WHERE tenant = ? AND id = ? AND deleted = 0`;

export interface StoreTable {
  find(key: { readonly tenant: string; readonly id: string }): MemoryStore | null;
  findCollection(tenant: string, collection: CollectionKey): MemoryStore | null;
  /** False when its id or its collection is taken. */
  insert(store: MemoryStore): boolean;
  /** Throws `conflict` when the id is that of a deleted store. */
  refuseDeleted(key: { readonly tenant: string; readonly id: string }): void;
  /** Writes all of `next` but head and revision while the store has the edition of `read`; false when it has not. */
  replace(read: MemoryStore, next: MemoryStore): boolean;
  /** Points the store at a head; the caller has seen that it may. */
  showHead(store: MemoryStore, head: string, revision: number): void;
  /** False when there is none. */
  delete(key: { readonly tenant: string; readonly id: string }): boolean;
}

export function createStoreTable(db: Database): StoreTable {
  const byId = db.sql(`SELECT ${storeColumns} FROM memory_store WHERE tenant = ? AND id = ? AND deleted = 0`);
  const byCollection = db.sql(
    `SELECT ${storeColumns} FROM memory_store
     WHERE tenant = ? AND workspace_id = ? AND observer = ? AND observed = ? AND deleted = 0`,
  );
  const tombstone = db.sql("SELECT 1 FROM memory_store WHERE tenant = ? AND id = ? AND deleted = 1");
  const insert = db.sql(insertSql);
  const replace = db.sql(replaceSql);
  const remove = db.sql(deleteSql);
  const showHead = db.sql("UPDATE memory_store SET head = ?, revision = ? WHERE tenant = ? AND id = ?");

  return {
    find({ tenant, id }) {
      const row = byId.get(tenant, id);
      return row === undefined ? null : storeFromRow(row);
    },

    findCollection(tenant, { workspaceId, observer, observed }) {
      const row = byCollection.get(tenant, workspaceId, observer, observed);
      return row === undefined ? null : storeFromRow(row);
    },

    insert(store) {
      const { tenant, id, collection, origin } = store;
      const { changes } = insert.run(
        ...[tenant, id, store.name, store.description, JSON.stringify(store.metadata)],
        ...[collection?.workspaceId ?? null, collection?.observer ?? null, collection?.observed ?? null],
        ...[JSON.stringify(store.protectedPaths), store.head, store.revision],
        ...[origin?.storeId ?? null, origin?.head ?? null, store.edition],
        ...[store.createdAt, store.updatedAt, store.archivedAt],
      );
      return changes > 0;
    },

    refuseDeleted({ tenant, id }) {
      if (tombstone.get(tenant, id) !== undefined) throw beingDeleted("memory store", id);
    },

    replace(read, next) {
      const { origin } = next;
      const { changes } = replace.run(
        ...[next.name, next.description, JSON.stringify(next.metadata), JSON.stringify(next.protectedPaths)],
        ...[origin?.storeId ?? null, origin?.head ?? null, next.edition, next.updatedAt, next.archivedAt],
        ...[read.tenant, read.id, read.edition],
      );
      return changes > 0;
    },

    showHead({ tenant, id }, head, revision) {
      const { changes } = showHead.run(head, revision, tenant, id);
      assert(changes === 1, `memory store ${id} went while its head was switched`);
    },

    delete: ({ tenant, id }) => remove.run(tenant, id).changes > 0,
  };
}

/** What a new thing is told whose id is that of a deleted one. */
export function beingDeleted(what: string, id: string): ReveriedError {
  return new ReveriedError(
    "conflict",
    `${what} ${JSON.stringify(id)} is being deleted; try again when that is done, or use another id`,
    { details: { field: "id" } },
  );
}
