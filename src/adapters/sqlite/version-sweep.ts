/** What the sweep and an erasure see and delete of the history of stores. */
import assert from "node:assert";
import type { Sweep, VersionRow } from "../../ports/sweep.ts";
import type { Database } from "./database.ts";

type VersionPromises = Pick<
  Sweep,
  | "listRevisionHeads"
  | "originHeads"
  | "listVersionRows"
  | "deleteVersionRows"
  | "deleteEmptyRevisions"
  | "listDeletedStores"
  | "removeStore"
>;

/** Two whole numbers as one text, which sorts as they do. */
const keyDigits = 16;
const keyPattern = /^\d{16}-\d{16}$/;

export function createVersionSweep(db: Database): VersionPromises {
  return { ...revisions(db), ...versions(db), ...deletedStores(db) };
}

function revisions(db: Database): Pick<Sweep, "listRevisionHeads" | "originHeads" | "deleteEmptyRevisions"> {
  const heads = db.sql(
    `SELECT at, revision_key, base, next FROM store_revision INDEXED BY store_revision_by_time
     WHERE tenant = ? AND at >= ? AND (at, revision_key) > (?, ?) ORDER BY at, revision_key LIMIT ?`,
  );
  const ofOrigin = db.sql("SELECT base, next FROM store_revision WHERE tenant = ? AND origin = ?");
  const removeEmpty = db.sql(
    `DELETE FROM store_revision WHERE revision_key IN
       (SELECT revision_key FROM store_revision INDEXED BY store_revision_empty
        WHERE tenant = ? AND at < ? AND is_empty = 1 LIMIT ?)`,
  );

  return {
    listRevisionHeads: ({ tenant, since, after, limit }) =>
      db.read(() => {
        const [at, key] = after === null ? [since, 0] : numbersOf(after);
        const rows = heads.all(tenant, since, at, key, limit);
        const last = rows.length === limit ? rows.at(-1) : undefined;
        return {
          heads: rows.flatMap((row) => [String(row.base), String(row.next)]),
          next: last === undefined ? null : keyOf(Number(last.at), Number(last.revision_key)),
        };
      }),

    originHeads: ({ tenant, origins }) =>
      db.read(() =>
        origins
          .flatMap((origin) => ofOrigin.all(tenant, origin))
          .flatMap((row) => [String(row.base), String(row.next)]),
      ),

    deleteEmptyRevisions: ({ tenant, before, limit }) =>
      db.write(() => Number(removeEmpty.run(tenant, before, limit).changes)),
  };
}

function versions(db: Database): Pick<Sweep, "listVersionRows" | "deleteVersionRows"> {
  const page = db.sql(
    `SELECT version_key, store_id, id, path, content_hash, created_at
     FROM memory_version INDEXED BY memory_version_by_time
     WHERE tenant = ? AND created_at < ? AND (created_at, version_key) > (?, ?)
     ORDER BY created_at, version_key LIMIT ?`,
  );
  const remove = db.sql(
    `DELETE FROM memory_version WHERE version_key = ? AND tenant = ? AND created_at = ?
     RETURNING store_id, commit_id`,
  );
  const markEmpty = db.sql(
    `UPDATE store_revision SET is_empty = 1 WHERE tenant = ? AND store_id = ? AND commit_id = ?
       AND NOT EXISTS (SELECT 1 FROM memory_version WHERE tenant = ? AND store_id = ? AND commit_id = ?)`,
  );

  return {
    listVersionRows: ({ tenant, createdBefore, after, limit }) =>
      db.read(() => {
        const [at, key] = after === null ? [Number.MIN_SAFE_INTEGER, 0] : numbersOf(after);
        const before = createdBefore ?? Number.MAX_SAFE_INTEGER;
        return page.all(tenant, before, at, key, limit).map(versionRowFromRow);
      }),

    deleteVersionRows: ({ tenant, keys }) =>
      db.write(() => {
        const touched = new Map<string, readonly [storeId: string, commitId: string]>();
        for (const [at, key] of keys.map(numbersOf)) {
          const row = remove.get(key, tenant, at);
          if (row === undefined) continue;
          const place = [String(row.store_id), String(row.commit_id)] as const;
          touched.set(JSON.stringify(place), place);
        }
        for (const place of touched.values()) markEmpty.run(tenant, ...place, tenant, ...place);
      }),
  };
}

function deletedStores(db: Database): Pick<Sweep, "listDeletedStores" | "removeStore"> {
  const deleted = db.sql("SELECT id FROM memory_store WHERE tenant = ? AND deleted = 1 ORDER BY id LIMIT ?");
  const isDeleted = db.sql("SELECT 1 FROM memory_store WHERE tenant = ? AND id = ? AND deleted = 1");
  const removeVersions = db.sql(
    `DELETE FROM memory_version WHERE version_key IN
       (SELECT version_key FROM memory_version WHERE tenant = ? AND store_id = ? LIMIT ?)`,
  );
  const removeRevisions = db.sql(
    `DELETE FROM store_revision WHERE revision_key IN
       (SELECT revision_key FROM store_revision WHERE tenant = ? AND store_id = ? LIMIT ?)`,
  );
  const removeStore = db.sql("DELETE FROM memory_store WHERE tenant = ? AND id = ? AND deleted = 1");

  return {
    listDeletedStores: ({ tenant, limit }) =>
      db.read(() => deleted.all(tenant, limit).map((row) => String(row.id))),

    removeStore: ({ tenant, storeId, limit }) =>
      db.write(() => {
        // One that is not deleted is nobody's to remove.
        if (isDeleted.get(tenant, storeId) === undefined) return true;
        let left = limit - Number(removeVersions.run(tenant, storeId, limit).changes);
        left -= Number(removeRevisions.run(tenant, storeId, left).changes);
        if (left <= 0) return false;
        removeStore.run(tenant, storeId);
        return true;
      }),
  };
}

function versionRowFromRow(row: Record<string, unknown>): VersionRow {
  const createdAt = Number(row.created_at);
  return {
    key: keyOf(createdAt, Number(row.version_key)),
    storeId: String(row.store_id),
    id: String(row.id),
    path: row.path === null ? null : String(row.path),
    contentHash: row.content_hash === null ? null : String(row.content_hash),
    createdAt,
  };
}

function keyOf(at: number, key: number): string {
  return [at, key].map((number) => String(number).padStart(keyDigits, "0")).join("-");
}

function numbersOf(text: string): [at: number, key: number] {
  assert(keyPattern.test(text), `${JSON.stringify(text)} is no key of a row`);
  return [Number(text.slice(0, keyDigits)), Number(text.slice(keyDigits + 1))];
}
