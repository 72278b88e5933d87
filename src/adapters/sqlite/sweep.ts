import type { ChangeRow, PartKind, Sweep } from "../../ports/sweep.ts";
import type { Database } from "./database.ts";
import { createVersionSweep } from "./version-sweep.ts";

/** Where one call that removes events stops early: a transaction that overwrites more keeps others waiting. */
const removedEventBytes = 8_388_608;
/** Changes that one transaction deletes. */
const changesPerDelete = 500;

/** The tables that say a tenant is there. */
const tenantTables = [
  "memory_store",
  "session",
  "dream",
  "head",
  "bucket",
  "content",
  "memory_version",
  "change",
] as const;

export function createSqliteSweep(db: Database): Sweep {
  return {
    ...createVersionSweep(db),
    ...tenants(db),
    ...parts(db),
    ...changes(db),
    ...deletedSessions(db),
    purge: () => db.purge(),
  };
}

function tenants(db: Database): Pick<Sweep, "listTenants"> {
  // One look at an index for each tenant, however many rows it has.
  const nextTenants = tenantTables.map((table) =>
    db.sql(`SELECT tenant FROM ${table} WHERE tenant > ? ORDER BY tenant LIMIT 1`),
  );
  const firstAfter = (after: string): string | undefined =>
    nextTenants
      .flatMap((next) => next.get(after)?.tenant ?? [])
      .map(String)
      .toSorted()[0];

  return {
    listTenants: ({ after, limit }) =>
      db.read(() => {
        const found: string[] = [];
        // The empty text sorts before every tenant.
        for (let last = firstAfter(after ?? ""); last !== undefined && found.length < limit; ) {
          found.push(last);
          last = firstAfter(last);
        }
        return found;
      }),
  };
}

function parts(db: Database): Pick<Sweep, "listParts" | "deleteParts"> {
  const statements = (kind: PartKind) => ({
    untouched: db.sql(
      `SELECT hash, touched_at FROM ${kind} INDEXED BY ${kind}_by_touch
       WHERE tenant = ? AND hash > ? AND touched_at < ? ORDER BY hash LIMIT ?`,
    ),
    remove: db.sql(`DELETE FROM ${kind} WHERE tenant = ? AND hash = ? AND touched_at = ?`),
  });
  const of = { head: statements("head"), bucket: statements("bucket"), content: statements("content") };

  return {
    listParts: ({ tenant, kind, untouchedSince, after, limit }) =>
      db.read(() =>
        of[kind].untouched
          .all(tenant, after ?? "", untouchedSince, limit)
          .map((row) => ({ hash: String(row.hash), touchedAt: Number(row.touched_at) })),
      ),

    deleteParts: ({ tenant, kind, parts }) =>
      db.write(() => {
        let deleted = 0;
        for (const { hash, touchedAt } of parts) {
          deleted += Number(of[kind].remove.run(tenant, hash, touchedAt).changes);
        }
        return deleted;
      }),
  };
}

function changes(db: Database): Pick<Sweep, "listChangeRows" | "deleteChanges"> {
  const page = db.sql(
    `SELECT dream_id, attempt, number, body FROM change
     WHERE tenant = ? AND (dream_id, attempt, number) > (?, ?, ?)
     ORDER BY dream_id, attempt, number LIMIT ?`,
  );
  const remove = db.sql(
    `DELETE FROM change WHERE rowid IN
       (SELECT rowid FROM change WHERE tenant = ? AND dream_id = ? AND attempt = ? LIMIT ${changesPerDelete})`,
  );

  return {
    listChangeRows: ({ tenant, after, limit }) =>
      db.read(() =>
        page
          .all(tenant, after?.dreamId ?? "", after?.attempt ?? 0, after?.index ?? 0, limit)
          .map(changeRowFromRow),
      ),

    async deleteChanges({ tenant, dreamId, attempt }) {
      let deleted: number;
      do {
        deleted = await db.write(() => Number(remove.run(tenant, dreamId, attempt).changes));
      } while (deleted === changesPerDelete);
    },
  };
}

function changeRowFromRow(row: Record<string, unknown>): ChangeRow {
  return {
    dreamId: String(row.dream_id),
    attempt: Number(row.attempt),
    index: Number(row.number),
    change: JSON.parse(String(row.body)),
  };
}

function deletedSessions(db: Database): Pick<Sweep, "listDeletedSessions" | "removeSession"> {
  const deleted = db.sql("SELECT id FROM session WHERE tenant = ? AND deleted = 1 ORDER BY id LIMIT ?");
  const keyOf = db.sql("SELECT session_key FROM session WHERE tenant = ? AND id = ? AND deleted = 1");
  const events = db.sql(
    `SELECT number, octet_length(blocks) AS bytes FROM session_event WHERE session_key = ?
     ORDER BY number LIMIT ?`,
  );
  const removeEvent = db.sql("DELETE FROM session_event WHERE session_key = ? AND number = ?");
  const removeSession = db.sql("DELETE FROM session WHERE session_key = ?");

  return {
    listDeletedSessions: ({ tenant, limit }) =>
      db.read(() => deleted.all(tenant, limit).map((row) => String(row.id))),

    removeSession: ({ tenant, sessionId, limit }) =>
      db.write(() => {
        const row = keyOf.get(tenant, sessionId);
        // One that is not deleted is nobody's to remove.
        if (row === undefined) return true;
        const key = Number(row.session_key);
        const found = events.all(key, limit);
        let bytes = 0;
        for (const event of found) {
          if (bytes >= removedEventBytes) return false;
          removeEvent.run(key, Number(event.number));
          bytes += Number(event.bytes);
        }
        if (found.length === limit) return false;
        removeSession.run(key);
        return true;
      }),
  };
}
