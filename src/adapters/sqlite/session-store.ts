import assert from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { ReveriedError } from "../../core/errors.ts";
import type { SessionEvent } from "../../core/session.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import type { Database } from "./database.ts";
import { eventColumns, eventFromRow } from "./rows.ts";
import { createSessionList } from "./session-list.ts";
import { createSessionTable, type SessionTable } from "./session-table.ts";

type SaveOutcome = Awaited<ReturnType<SessionStore["save"]>>;

export function createSqliteSessionStore(db: Database): SessionStore {
  const table = createSessionTable(db);
  const archive = db.sql(
    `UPDATE session SET archived_at = ?, edition = edition + 1
     WHERE tenant = ? AND id = ? AND archived_at IS NULL AND deleted = 0`,
  );
  const events = db.sql(
    `SELECT ${eventColumns} FROM session_event
     WHERE session_key = (SELECT session_key FROM session WHERE tenant = ? AND id = ? AND deleted = 0)
       AND number > ? AND number <= ?
     ORDER BY number LIMIT ?`,
  );
  const count = db.sql(
    `SELECT count(*) AS sessions FROM
       (SELECT 1 FROM session INDEXED BY session_by_time
        WHERE tenant = ? AND kind = 'conversation' AND deleted = 0 LIMIT ?)`,
  );
  const list = createSessionList(db);

  return {
    create: (session) =>
      db.write(() => {
        if (table.insert(session)) return session;
        table.refuseDeleted(session.tenant, session.id);
        const stored = table.find(session.tenant, session.id);
        assert(stored !== null, `session ${session.id} was refused by no session`);
        return stored;
      }),

    get: ({ tenant, id }) => db.read(() => table.find(tenant, id)),

    getMany: ({ tenant, ids }) =>
      db.read(() =>
        [...new Set(ids)].map((id) => table.find(tenant, id)).filter((session) => session !== null),
      ),

    list: (query) => db.read(() => list(query)),
    count: ({ tenant, max }) => db.read(() => Number(count.get(tenant, max)?.sessions)),
    append: (request) => db.write(() => append(table, request)),

    readEvents: ({ tenant, sessionId, after, upTo, limit }) =>
      db.read(() =>
        events.all(tenant, sessionId, after, upTo, limit).map((row) => eventFromRow(sessionId, row)),
      ),

    save: (write) => db.write(() => save(table, write)),

    delete: ({ tenant, id }) =>
      db.write(() => {
        const stored = table.findKeyed(tenant, id);
        if (stored !== null) table.delete(stored);
        return stored !== null;
      }),

    archive: ({ tenant, id, now }) =>
      db.write(() => {
        archive.run(now, tenant, id);
        return table.find(tenant, id);
      }),
  };
}

function save(table: SessionTable, { read, next }: Parameters<SessionStore["save"]>[0]): SaveOutcome {
  assert(next.tenant === read.tenant && next.id === read.id, "a save writes the session that was read");
  assert(next.edition === read.edition + 1, "a save raises the edition, or the guard would miss it");
  const stored = table.findKeyed(read.tenant, read.id);
  if (stored === null) return { outcome: "stale", session: null };
  const { session } = stored;
  if (session.edition === read.edition) {
    table.replace(stored, next);
    return { outcome: "saved", session: table.find(read.tenant, read.id) };
  }
  // The answer to an earlier try may have been lost; events may have come since.
  const { edition, title, tags, metadata } = next;
  const isSaved = isDeepStrictEqual({ ...session, edition, title, tags, metadata }, session);
  return { outcome: isSaved ? "saved" : "stale", session };
}

/** The append of `SessionStore`; must run inside a write, where nobody else writes. */
function append(
  table: SessionTable,
  { tenant, sessionId, events, now }: Parameters<SessionStore["append"]>[0],
): SessionEvent[] | null {
  const stored = table.findKeyed(tenant, sessionId);
  if (stored === null) return null;
  const [first] = events;
  // Batches are stored whole, so the first event tells whether this one is: the answer to it may have been lost.
  if (first !== undefined && table.findEventById(stored, first.id) !== null) {
    return events.map((event) => {
      const before = table.findEventById(stored, event.id);
      if (before === null) throw mixedBatch(sessionId, first.id);
      return before;
    });
  }
  const { archivedAt, lastEvent, updatedAt } = stored.session;
  if (archivedAt !== null) return null;
  const appended = events.map(({ id, speaker, trust, blocks, at }, index): SessionEvent => {
    const number = lastEvent + index + 1;
    const event: SessionEvent = { id, speaker, trust, blocks, at, sessionId, number, createdAt: now };
    if (!table.insertEvent(stored, event)) throw mixedBatch(sessionId, id);
    return event;
  });
  if (appended.length > 0) {
    table.setLastEvent(stored, lastEvent + appended.length, Math.max(updatedAt, now));
  }
  return appended;
}

function mixedBatch(sessionId: string, eventId: string): ReveriedError {
  return new ReveriedError(
    "conflict",
    `event ${eventId} is in session ${sessionId} already, with others of this call that are not; send new events under new ids`,
    { details: { field: "events" } },
  );
}
