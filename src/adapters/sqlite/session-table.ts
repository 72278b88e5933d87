/** Reads and writes of one session with what it is listed by; called inside a read or a write of the queue. */
import type { Session, SessionEvent } from "../../core/session.ts";
import type { Database } from "./database.ts";
import { eventColumns, eventFromRow, sessionColumns, sessionFromRow } from "./rows.ts";
import { beingDeleted } from "./store-table.ts";

const insertSql = `
  INSERT INTO session (tenant, id, kind, dream_id, title, agent_id, workspace_id, memory_store_ids, tags, metadata,
    last_event, edition, created_at, updated_at, archived_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

// Nothing is kept but what a tombstone needs, so that no words wait for the sweeper.
const deleteSql = `
  UPDATE session SET deleted = 1, dream_id = NULL, title = '', agent_id = NULL, workspace_id = NULL,
    memory_store_ids = '[]', tags = '[]', metadata = '{}'
  WHERE session_key = ?`;

/** A session with the key that its events are under. */
export interface KeyedSession {
  readonly key: number;
  readonly session: Session;
}

export interface SessionTable {
  find(tenant: string, id: string): Session | null;
  findKeyed(tenant: string, id: string): KeyedSession | null;
  /** False when its id is taken. */
  insert(session: Session): boolean;
  /** Throws `conflict` when the id is that of a deleted session. */
  refuseDeleted(tenant: string, id: string): void;
  /** Writes title, tags, metadata and edition of `next`; the caller has seen that it may. */
  replace(stored: KeyedSession, next: Session): void;
  delete(stored: KeyedSession): void;
  findEvent(stored: KeyedSession, number: number): SessionEvent | null;
  findEventById(stored: KeyedSession, id: string): SessionEvent | null;
  /** False when its number or its id is there already. */
  insertEvent(stored: KeyedSession, event: SessionEvent): boolean;
  /** Says that the last event is this one. */
  setLastEvent(stored: KeyedSession, lastEvent: number, updatedAt: number): void;
}

export function createSessionTable(db: Database): SessionTable {
  const byId = db.sql(
    `SELECT s.session_key, ${sessionColumns} FROM session s WHERE tenant = ? AND id = ? AND deleted = 0`,
  );
  const tombstone = db.sql("SELECT 1 FROM session WHERE tenant = ? AND id = ? AND deleted = 1");
  const insert = db.sql(insertSql);
  const replace = db.sql(
    `UPDATE session SET title = ?, tags = ?, metadata = ?, edition = ?, updated_at = max(updated_at, ?)
     WHERE session_key = ?`,
  );
  const remove = db.sql(deleteSql);
  const labels = createLabels(db);
  const eventByNumber = db.sql(
    `SELECT ${eventColumns} FROM session_event WHERE session_key = ? AND number = ?`,
  );
  const eventById = db.sql(`SELECT ${eventColumns} FROM session_event WHERE session_key = ? AND id = ?`);
  const insertEvent = db.sql(
    `INSERT INTO session_event (session_key, number, id, speaker, trust, blocks, at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const setLastEvent = db.sql("UPDATE session SET last_event = ?, updated_at = ? WHERE session_key = ?");

  const findKeyed = (tenant: string, id: string): KeyedSession | null => {
    const row = byId.get(tenant, id);
    return row === undefined ? null : { key: Number(row.session_key), session: sessionFromRow(row) };
  };

  return {
    findKeyed,
    find: (tenant, id) => findKeyed(tenant, id)?.session ?? null,

    insert(session) {
      const { tenant, id } = session;
      const { changes, lastInsertRowid } = insert.run(
        ...[tenant, id, session.kind, session.dreamId, session.title, session.agentId, session.workspaceId],
        JSON.stringify(session.memoryStoreIds),
        JSON.stringify(session.tags),
        JSON.stringify(session.metadata),
        ...[session.lastEvent, session.edition, session.createdAt, session.updatedAt, session.archivedAt],
      );
      if (changes > 0) labels.put({ key: Number(lastInsertRowid), session });
      return changes > 0;
    },

    refuseDeleted(tenant, id) {
      if (tombstone.get(tenant, id) !== undefined) throw beingDeleted("session", id);
    },

    replace(stored, { title, tags, metadata, edition, updatedAt }) {
      const values = [title, JSON.stringify(tags), JSON.stringify(metadata), edition, updatedAt];
      replace.run(...values, stored.key);
      labels.remove(stored);
      labels.put({ ...stored, session: { ...stored.session, tags } });
    },

    delete(stored) {
      remove.run(stored.key);
      labels.remove(stored);
    },

    findEvent({ key, session }, number) {
      const row = eventByNumber.get(key, number);
      return row === undefined ? null : eventFromRow(session.id, row);
    },

    findEventById({ key, session }, id) {
      const row = eventById.get(key, id);
      return row === undefined ? null : eventFromRow(session.id, row);
    },

    insertEvent({ key }, { number, id, speaker, trust, blocks, at, createdAt }) {
      const text = JSON.stringify(blocks);
      return insertEvent.run(key, number, id, speaker, trust, text, at, createdAt).changes > 0;
    },

    setLastEvent: ({ key }, lastEvent, updatedAt) => void setLastEvent.run(lastEvent, updatedAt, key),
  };
}

interface Labels {
  put(stored: KeyedSession): void;
  remove(stored: KeyedSession): void;
}

/** The stores and tags of a session, as rows to list by. */
function createLabels(db: Database): Labels {
  const insert = db.sql(
    `INSERT INTO session_label (tenant, kind, label, created_at, session_id, session_key)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const remove = db.sql(
    `DELETE FROM session_label
     WHERE tenant = ? AND kind = ? AND label = ? AND created_at = ? AND session_id = ?`,
  );
  const labelsOf = ({ memoryStoreIds, tags }: Session): [kind: string, label: string][] => [
    ...memoryStoreIds.map((id): [string, string] => ["store", id]),
    ...tags.map((tag): [string, string] => ["tag", tag]),
  ];
  return {
    put({ key, session }) {
      const { tenant, createdAt, id } = session;
      for (const label of labelsOf(session)) insert.run(tenant, ...label, createdAt, id, key);
    },

    remove({ session }) {
      const { tenant, createdAt, id } = session;
      for (const label of labelsOf(session)) remove.run(tenant, ...label, createdAt, id);
    },
  };
}
