import { isDeepStrictEqual } from "node:util";
import type { Dream } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { MemoryVersion, StoreRevision } from "../../core/memory-version.ts";
import type { Session, SessionEvent } from "../../core/session.ts";
import type { Restore, RestoreOutcome } from "../../ports/restore.ts";
import type { Database } from "./database.ts";
import { createDreamTable, type DreamTable } from "./dream-table.ts";
import { createHistoryTable, type HistoryTable } from "./history-table.ts";
import { createSessionTable, type SessionTable } from "./session-table.ts";
import { createStoreTable, type StoreTable } from "./store-table.ts";

export function createSqliteRestore(db: Database): Restore {
  const stores = createStoreTable(db);
  const history = createHistoryTable(db);
  const sessions = createSessionTable(db);
  const dreams = createDreamTable(db);

  return {
    store: (store) =>
      db.write(() => (stores.insert(store) ? "written" : presentIf(stores.find(store), store))),
    revision: ({ tenant, revision }) => db.write(() => restoreRevision(stores, history, tenant, revision)),
    version: ({ tenant, version }) => db.write(() => restoreVersion(stores, history, tenant, version)),
    session: (session) => db.write(() => restoreSession(sessions, session)),
    events: (request) => db.write(() => restoreEvents(sessions, request)),
    dream: (dream) => db.write(() => restoreDream(dreams, dream)),
  };
}

function presentIf<T>(stored: T | null, wanted: T): RestoreOutcome {
  return isDeepStrictEqual(stored, wanted) ? "present" : "differs";
}

function restoreRevision(
  stores: StoreTable,
  history: HistoryTable,
  tenant: string,
  revision: StoreRevision,
): RestoreOutcome {
  const { storeId, number } = revision;
  const store = stores.find({ tenant, id: storeId });
  if (store === null) throw comesLater(`revision ${number}`, `memory store ${storeId}`);
  // One above the store's own number would stand where its next switch writes.
  if (number > store.revision) return "differs";
  if (history.insertRevision(tenant, revision)) return "written";
  return presentIf(history.findRevision(tenant, storeId, number), revision);
}

function restoreVersion(
  stores: StoreTable,
  history: HistoryTable,
  tenant: string,
  version: MemoryVersion,
): RestoreOutcome {
  const { storeId } = version;
  const store = stores.find({ tenant, id: storeId });
  const revision = store && history.findRevision(tenant, storeId, version.revision);
  if (revision === null) {
    throw comesLater(`version ${version.id}`, `revision ${version.revision} of memory store ${storeId}`);
  }
  const place = { tenant, storeId, commitId: revision.id };
  if (history.insertVersions(place, [version])) return "written";
  return presentIf(history.findVersionAt(place, version.number), version);
}

function restoreSession(sessions: SessionTable, session: Session): RestoreOutcome {
  if (sessions.insert({ ...session, lastEvent: 0 })) return "written";
  const stored = sessions.find(session.tenant, session.id);
  if (stored === null) return "differs";
  return presentIf(stored, { ...session, lastEvent: stored.lastEvent });
}

function restoreEvents(
  sessions: SessionTable,
  { tenant, sessionId, events }: Parameters<Restore["events"]>[0],
): RestoreOutcome {
  const stored = sessions.findKeyed(tenant, sessionId);
  if (stored === null) throw comesLater("events", `session ${sessionId}`);
  const { lastEvent, updatedAt } = stored.session;
  const isNew = (event: SessionEvent) => event.number > lastEvent;
  const added = events.filter(isNew);
  const areNext = added.every((event, index) => event.number === lastEvent + index + 1);
  const areSame = events.every(
    (event) => isNew(event) || isDeepStrictEqual(sessions.findEvent(stored, event.number), event),
  );
  const areFree =
    new Set(added.map((event) => event.id)).size === added.length &&
    added.every((event) => sessions.findEventById(stored, event.id) === null);
  if (!areNext || !areSame || !areFree) return "differs";
  if (added.length === 0) return "present";
  for (const event of added) sessions.insertEvent(stored, event);
  sessions.setLastEvent(stored, lastEvent + added.length, updatedAt);
  return "written";
}

function restoreDream(dreams: DreamTable, dream: Dream): RestoreOutcome {
  const stored = dreams.find(dream);
  if (stored !== null) return presentIf(stored, { ...dream, live: stored.live });
  if (dreams.busyHold(dream, dream.holds) !== null) return "differs";
  return dreams.insert(dream) ? "written" : "differs";
}

/** What is restored before the thing that it belongs to; only a bug of the caller, or a torn file, does that. */
function comesLater(what: string, needed: string): ReveriedError {
  return new ReveriedError(
    "failed_precondition",
    `${needed} must be restored before ${what}, and is not there`,
  );
}
