import assert from "node:assert";
import type { MemoryStore } from "../../core/memory.ts";
import type { MemoryStores, SwitchOutcome } from "../../ports/memory-store.ts";
import type { Database } from "./database.ts";
import { bucketFromRow, headFromRow, storeColumns, storeFromRow } from "./rows.ts";

export function createSqliteMemoryStores(db: Database): MemoryStores {
  return { ...stores(db), ...parts(db), ...changes(db) };
}

type StorePromises = Pick<MemoryStores, "create" | "get" | "findCollection" | "list" | "switchHead">;

function stores(db: Database): StorePromises {
  const byId = db.sql(`SELECT ${storeColumns} FROM memory_store WHERE tenant = ? AND id = ?`);
  const byCollection = db.sql(
    `SELECT ${storeColumns} FROM memory_store
     WHERE tenant = ? AND workspace_id = ? AND observer = ? AND observed = ?`,
  );
  const insert = db.sql(
    `INSERT INTO memory_store (${storeColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const showHead = db.sql(
    "UPDATE memory_store SET head = ? WHERE tenant = ? AND id = ? AND head = ? AND archived_at IS NULL",
  );

  const get: (key: { tenant: string; id: string }) => MemoryStore | null = ({ tenant, id }) => {
    const row = byId.get(tenant, id);
    return row === undefined ? null : storeFromRow(row);
  };
  const findCollection = ({ tenant, collection }: Parameters<MemoryStores["findCollection"]>[0]) => {
    const row = byCollection.get(tenant, collection.workspaceId, collection.observer, collection.observed);
    return row === undefined ? null : storeFromRow(row);
  };

  function create(store: MemoryStore): Awaited<ReturnType<MemoryStores["create"]>> {
    const { tenant, id, collection } = store;
    const { changes } = insert.run(
      ...[tenant, id, store.name, store.description, JSON.stringify(store.metadata)],
      ...[collection?.workspaceId ?? null, collection?.observer ?? null, collection?.observed ?? null],
      ...[store.head, store.createdAt, store.updatedAt, store.archivedAt],
    );
    if (changes > 0) return { outcome: "created", store };
    const same = get(store);
    if (same !== null) return { outcome: "created", store: same };
    const other = collection === null ? null : findCollection({ tenant, collection });
    assert(other !== null, `memory store ${id} was refused by no store`);
    return { outcome: "exists", store: other };
  }

  function switchHead(request: Parameters<MemoryStores["switchHead"]>[0]): SwitchOutcome {
    const { tenant, storeId, base, next } = request;
    showHead.run(next, tenant, storeId, base);
    const store = get({ tenant, id: storeId });
    // A store that shows `next` already was switched by an earlier try, whatever happened to it since.
    return store?.head === next ? { outcome: "switched", store } : { outcome: "moved", store };
  }

  return {
    create: (store) => db.write(() => create(store)),
    get: (key) => db.read(() => get(key)),
    findCollection: (key) => db.read(() => findCollection(key)),
    switchHead: (request) => db.write(() => switchHead(request)),

    list: ({ tenant, includeArchived, after, limit }) =>
      db.read(() => {
        const text = `SELECT ${storeColumns} FROM memory_store WHERE tenant = ?
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

type PartPromises = Pick<
  MemoryStores,
  "putHead" | "putBuckets" | "putContents" | "getHead" | "getBuckets" | "getContents"
>;

function parts(db: Database): PartPromises {
  const touch = "ON CONFLICT (tenant, hash) DO UPDATE SET touched_at = max(touched_at, excluded.touched_at)";
  const putHead = db.sql(
    `INSERT INTO head (tenant, hash, buckets, entry_count, total_bytes, touched_at) VALUES (?, ?, ?, ?, ?, ?) ${touch}`,
  );
  const putBucket = db.sql(
    `INSERT INTO bucket (tenant, hash, entries, touched_at) VALUES (?, ?, ?, ?) ${touch}`,
  );
  const putContent = db.sql(
    `INSERT INTO content (tenant, hash, text, touched_at) VALUES (?, ?, ?, ?) ${touch}`,
  );
  const head = db.sql(
    "SELECT hash, buckets, entry_count, total_bytes FROM head WHERE tenant = ? AND hash = ?",
  );
  const bucket = db.sql("SELECT hash, entries FROM bucket WHERE tenant = ? AND hash = ?");
  const content = db.sql("SELECT text FROM content WHERE tenant = ? AND hash = ?");

  return {
    putHead: ({ tenant, head: { hash, buckets, entryCount, totalBytes }, now }) =>
      db.write(() => void putHead.run(tenant, hash, JSON.stringify(buckets), entryCount, totalBytes, now)),

    putBuckets: ({ tenant, buckets, now }) =>
      db.write(() => {
        for (const { hash, entries } of buckets) putBucket.run(tenant, hash, JSON.stringify(entries), now);
      }),

    putContents: ({ tenant, contents, now }) =>
      db.write(() => {
        for (const { hash, text } of contents) putContent.run(tenant, hash, text, now);
      }),

    getHead: ({ tenant, hash }) =>
      db.read(() => {
        const row = head.get(tenant, hash);
        return row === undefined ? null : headFromRow(row);
      }),

    getBuckets: ({ tenant, hashes }) =>
      db.read(() =>
        hashes.flatMap((hash) => {
          const row = bucket.get(tenant, hash);
          return row === undefined ? [] : [bucketFromRow(row)];
        }),
      ),

    getContents: ({ tenant, hashes }) =>
      db.read(() => {
        const texts = new Map<string, string>();
        for (const hash of hashes) {
          const row = content.get(tenant, hash);
          if (row !== undefined) texts.set(hash, String(row.text));
        }
        return texts;
      }),
  };
}

function changes(db: Database): Pick<MemoryStores, "putChanges" | "listChanges"> {
  const put = db.sql(
    `INSERT INTO change (tenant, dream_id, attempt, number, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (tenant, dream_id, attempt, number) DO UPDATE SET body = excluded.body`,
  );
  const page = db.sql(
    `SELECT body FROM change WHERE tenant = ? AND dream_id = ? AND attempt = ? AND number >= ?
     ORDER BY number LIMIT ?`,
  );
  return {
    putChanges: ({ tenant, dreamId, attempt, first, changes }) =>
      db.write(() => {
        for (const [index, change] of changes.entries()) {
          put.run(tenant, dreamId, attempt, first + index, JSON.stringify(change));
        }
      }),

    listChanges: ({ tenant, dreamId, attempt, first, limit }) =>
      db.read(() =>
        page.all(tenant, dreamId, attempt, first, limit).map((row) => JSON.parse(String(row.body))),
      ),
  };
}
