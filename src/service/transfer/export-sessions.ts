/** A session with its events as records. */
import { limits } from "../../core/limits.ts";
import type { Session, SessionEvent, SessionKind } from "../../core/session.ts";
import type { ServiceDeps } from "../deps.ts";
import type { ExportStep, Records } from "./export-step.ts";
import type { TransferRecord } from "./records.ts";
import { eventBytes } from "./session-shapes.ts";

/** Events in one read: more while they are short, fewer when they turn out long. */
const readFirst = 10;
const readMax = 100;
const readBytes = 4_194_304;

type Deps = Pick<ServiceDeps, "sessions">;

/** Sessions of one kind. A place is the session's last event when it was begun, and the last event that was sent. */
export function sessionsStep(deps: Deps, tenant: string, kind: SessionKind): ExportStep<Session> {
  const { sessions } = deps;
  const filter = {
    kind,
    includeArchived: true,
    workspaceId: null,
    memoryStoreId: null,
    agentId: null,
    tag: null,
  };
  return {
    list: (after, limit) => sessions.list({ tenant, filter, after, limit }),
    get: (id) => sessions.get({ tenant, id }),
    begin: (session) => exportSession(deps, tenant, session, []),
    // Events do not change: what was begun goes on to where the session ended then, whatever it is now.
    goOn: (session, { at }) => exportSession(deps, tenant, session, at),
  };
}

async function* exportSession(
  deps: Deps,
  tenant: string,
  session: Session,
  [upTo = session.lastEvent, sent = null]: readonly (number | null)[],
): Records {
  const last = upTo ?? 0;
  if (sent === null) {
    const { tenant: _, ...value } = session;
    yield { record: { kind: "session", value }, mark: "", at: [last, 0] };
  }
  let batch: SessionEvent[] = [];
  let bytes = 0;
  for await (const event of eachEvent(deps, tenant, session.id, sent ?? 0, last)) {
    const size = eventBytes(event);
    const full = batch.length === limits.transferEventsPerRecord || bytes + size > limits.transferEventsBytes;
    if (full && batch.length > 0) {
      yield eventsRecord(session.id, batch, last);
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length > 0) yield eventsRecord(session.id, batch, last);
}

function eventsRecord(sessionId: string, events: readonly SessionEvent[], last: number) {
  const record: TransferRecord = { kind: "events", value: { sessionId, events } };
  return { record, mark: "", at: [last, events.at(-1)?.number ?? 0] };
}

async function* eachEvent(
  { sessions }: Deps,
  tenant: string,
  sessionId: string,
  sent: number,
  upTo: number,
): AsyncGenerator<SessionEvent, void, undefined> {
  let limit = readFirst;
  for (let after = sent; after < upTo; ) {
    const page = await sessions.readEvents({ tenant, sessionId, after, upTo, limit });
    const last = page.at(-1);
    // The session was deleted meanwhile.
    if (last === undefined) return;
    yield* page;
    after = last.number;
    const bytes = page.reduce((sum, event) => sum + eventBytes(event), 0);
    limit = bytes > readBytes ? Math.max(1, Math.floor(limit / 2)) : Math.min(readMax, limit * 2);
  }
}
