/** Reads and writes of revisions and versions; called inside a read or a write of the queue. */
import type { Actor, MemoryVersion, StoreCommit, StoreRevision } from "../../core/memory-version.ts";
import type { Database } from "./database.ts";
import { madeBy, revisionColumns, revisionFromRow, versionColumns, versionFromRow } from "./version-rows.ts";

const ofStore = "tenant = ? AND store_id = ?";

const insertRevisionSql = `
  INSERT INTO store_revision (tenant, ${revisionColumns}, is_empty)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    NOT EXISTS (SELECT 1 FROM memory_version WHERE tenant = ? AND store_id = ? AND commit_id = ?))
  ON CONFLICT DO NOTHING`;

const insertVersionSql = `
  INSERT INTO memory_version (tenant, store_id, commit_id, number, id, memory_id, operation, path, content_hash,
    size_bytes, version, actor_kind, actor_id, created_at, redacted_at, redacted_by_kind, redacted_by_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

/** Where a version stands: in a commit, which may not have been made yet. */
export interface VersionPlace {
  readonly tenant: string;
  readonly storeId: string;
  readonly commitId: string;
}

export interface HistoryTable {
  findRevision(tenant: string, storeId: string, number: number): StoreRevision | null;
  findByOrigin(tenant: string, storeId: string, origin: string): StoreRevision | null;
  /** Whether the store's history has the commit's id or its origin. */
  has(tenant: string, storeId: string, commit: Pick<StoreCommit, "id" | "origin">): boolean;
  /** False when its number, its commit or its origin is there already. */
  insertRevision(tenant: string, revision: StoreRevision): boolean;
  /** Writes what is not there yet; true when any was not. */
  insertVersions(
    place: VersionPlace,
    versions: readonly Omit<MemoryVersion, "storeId" | "revision">[],
  ): boolean;
  /** The version that a revision made, or null. */
  findVersion(tenant: string, storeId: string, id: string): MemoryVersion | null;
  findVersionAt(place: VersionPlace, number: number): MemoryVersion | null;
}

export function createHistoryTable(db: Database): HistoryTable {
  const revision = `SELECT ${revisionColumns} FROM store_revision WHERE ${ofStore}`;
  const byNumber = db.sql(`${revision} AND number = ?`);
  const byOrigin = db.sql(`${revision} AND origin = ?`);
  const byCommit = db.sql(`SELECT 1 FROM store_revision WHERE ${ofStore} AND commit_id = ?`);
  const insertRevision = db.sql(insertRevisionSql);
  const insertVersion = db.sql(insertVersionSql);
  const fillRevision = db.sql(
    `UPDATE store_revision SET is_empty = 0 WHERE ${ofStore} AND commit_id = ? AND is_empty = 1`,
  );
  const version = `SELECT ${versionColumns} FROM memory_version v JOIN store_revision r ON ${madeBy}`;
  const versionById = db.sql(`${version} WHERE v.tenant = ? AND v.store_id = ? AND v.id = ?`);
  const versionByPlace = db.sql(
    `${version} WHERE v.tenant = ? AND v.store_id = ? AND v.commit_id = ? AND v.number = ?`,
  );

  const findByOrigin = (tenant: string, storeId: string, origin: string): StoreRevision | null => {
    const row = byOrigin.get(tenant, storeId, origin);
    return row === undefined ? null : revisionFromRow(row);
  };

  return {
    findRevision(tenant, storeId, number) {
      const row = byNumber.get(tenant, storeId, number);
      return row === undefined ? null : revisionFromRow(row);
    },

    findByOrigin,

    has(tenant, storeId, { id, origin }) {
      if (byCommit.get(tenant, storeId, id) !== undefined) return true;
      return origin !== null && findByOrigin(tenant, storeId, origin) !== null;
    },

    insertRevision(tenant, { storeId, number, id, origin, base, next, actor, at }) {
      const { changes } = insertRevision.run(
        ...[tenant, storeId, number, id, origin, base, next, ...actorValues(actor), at],
        ...[tenant, storeId, id],
      );
      return changes > 0;
    },

    insertVersions({ tenant, storeId, commitId }, versions) {
      let inserted = 0;
      for (const v of versions) {
        const { changes } = insertVersion.run(
          ...[tenant, storeId, commitId, v.number, v.id, v.memoryId, v.operation, v.path, v.contentHash],
          ...[v.sizeBytes, v.version, ...actorValues(v.actor), v.createdAt],
          ...[v.redactedAt, ...actorValues(v.redactedBy)],
        );
        inserted += Number(changes);
      }
      if (inserted > 0) fillRevision.run(tenant, storeId, commitId);
      return inserted > 0;
    },

    findVersion(tenant, storeId, id) {
      const row = versionById.get(tenant, storeId, id);
      return row === undefined ? null : versionFromRow(row);
    },

    findVersionAt({ tenant, storeId, commitId }, number) {
      const row = versionByPlace.get(tenant, storeId, commitId, number);
      return row === undefined ? null : versionFromRow(row);
    },
  };
}

function actorValues(actor: Actor | null): [kind: string | null, id: string | null] {
  return actor === null ? [null, null] : [actor.kind, actor.id];
}
