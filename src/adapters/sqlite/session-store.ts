import assert from "node:assert";
import { ReveriedError } from "../../core/errors.ts";
import type { Session, SessionEvent } from "../../core/session.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import type { Database } from "./database.ts";
import { eventColumns, eventFromRow, sessionColumns, sessionFromRow } from "./rows.ts";
import { createSessionList } from "./session-list.ts";

export function createSqliteSessionStore(db: Database): SessionStore {
  const byId = db.sql(`SELECT ${sessionColumns} FROM session s WHERE tenant = ? AND id = ?`);
  const archive = db.sql(
    "UPDATE session SET archived_at = ? WHERE tenant = ? AND id = ? AND archived_at IS NULL",
  );
  const events = db.sql(
    `SELECT ${eventColumns} FROM session_event
     WHERE session_key = (SELECT session_key FROM session WHERE tenant = ? AND id = ?) AND number > ? AND number <= ?
     ORDER BY number LIMIT ?`,
  );
  const insert = createInsert(db);
  const append = createAppend(db);
  const list = createSessionList(db);

  const get = (tenant: string, id: string): Session | null => {
    const row = byId.get(tenant, id);
    return row === undefined ? null : sessionFromRow(row);
  };

  return {
    create: (session) =>
      db.write(() => {
        if (insert(session)) return session;
        const stored = get(session.tenant, session.id);
        assert(stored !== null, `session ${session.id} was refused by no session`);
        return stored;
      }),

    get: ({ tenant, id }) => db.read(() => get(tenant, id)),

    getMany: ({ tenant, ids }) =>
      db.read(() => [...new Set(ids)].map((id) => get(tenant, id)).filter((session) => session !== null)),

    list: (query) => db.read(() => list(query)),
    append: (request) => db.write(() => append(request)),

    readEvents: ({ tenant, sessionId, after, upTo, limit }) =>
      db.read(() =>
        events.all(tenant, sessionId, after, upTo, limit).map((row) => eventFromRow(sessionId, row)),
      ),

    archive: ({ tenant, id, now }) =>
      db.write(() => {
        archive.run(now, tenant, id);
        return get(tenant, id);
      }),
  };
}

/** Writes a session with what it is listed by; false when its id is there already. */
function createInsert(db: Database): (session: Session) => boolean {
  const insert = db.sql(
    `INSERT INTO session (tenant, id, kind, dream_id, title, agent_id, workspace_id, memory_store_ids, tags, metadata,
       last_event, created_at, updated_at, archived_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const insertLabel = db.sql(
    `INSERT INTO session_label (tenant, kind, label, created_at, session_id, session_key)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return (session) => {
    const { tenant, id, createdAt } = session;
    const { changes, lastInsertRowid } = insert.run(
      ...[tenant, id, session.kind, session.dreamId, session.title, session.agentId, session.workspaceId],
      JSON.stringify(session.memoryStoreIds),
      JSON.stringify(session.tags),
      JSON.stringify(session.metadata),
      ...[session.lastEvent, createdAt, session.updatedAt, session.archivedAt],
    );
    if (changes === 0) return false;
    for (const store of session.memoryStoreIds) {
      insertLabel.run(tenant, "store", store, createdAt, id, lastInsertRowid);
    }
    for (const tag of session.tags) insertLabel.run(tenant, "tag", tag, createdAt, id, lastInsertRowid);
    return true;
  };
}

/** The append of `SessionStore`; must run inside a write, where nobody else writes. */
function createAppend(
  db: Database,
): (request: Parameters<SessionStore["append"]>[0]) => SessionEvent[] | null {
  const session = db.sql(
    "SELECT session_key, last_event, archived_at FROM session WHERE tenant = ? AND id = ?",
  );
  const byId = db.sql(`SELECT ${eventColumns} FROM session_event WHERE session_key = ? AND id = ?`);
  const insert = db.sql(
    `INSERT INTO session_event (session_key, number, id, speaker, trust, blocks, at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const count = db.sql(
    "UPDATE session SET last_event = ?, updated_at = max(updated_at, ?) WHERE session_key = ?",
  );

  return ({ tenant, sessionId, events, now }) => {
    const row = session.get(tenant, sessionId);
    if (row === undefined) return null;
    const key = Number(row.session_key);
    const [first] = events;
    // Batches are stored whole, so the first event tells whether this one is: the answer to it may have been lost.
    if (first !== undefined && byId.get(key, first.id) !== undefined) {
      return events.map((event) => {
        const stored = byId.get(key, event.id);
        if (stored === undefined) throw mixedBatch(sessionId, first.id);
        return eventFromRow(sessionId, stored);
      });
    }
    if (row.archived_at !== null) return null;
    let number = Number(row.last_event);
    const appended = events.map((event): SessionEvent => {
      number += 1;
      const { id, speaker, trust, blocks, at } = event;
      const { changes } = insert.run(key, number, id, speaker, trust, JSON.stringify(blocks), at, now);
      if (changes === 0) throw mixedBatch(sessionId, id);
      return { id, speaker, trust, blocks, at, sessionId, number, createdAt: now };
    });
    if (appended.length > 0) count.run(number, now, key);
    return appended;
  };
}

function mixedBatch(sessionId: string, eventId: string): ReveriedError {
  return new ReveriedError(
    "conflict",
    `event ${eventId} is in session ${sessionId} already, with others of this call that are not; send new events under new ids`,
    { details: { field: "events" } },
  );
}
