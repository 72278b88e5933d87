/**
 * Appending in two writes that cannot be torn: the batch, one document under the number of its first event, and then
 * the session's `last_event`, raised by maximum. Until the second, no reader sees the batch. A writer that finds the
 * number taken finishes the other's second write and takes the next number, so a crash between the two stops nobody.
 */
import { BSON, type Collection, type WithId } from "mongodb";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { NewSessionEvent, SessionEvent } from "../../core/session.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import { keyOf } from "./documents.ts";
import {
  type BatchDocument,
  fromBatchDocument,
  type SessionDocument,
  toBatchDocument,
} from "./session-documents.ts";

export interface AppendDeps {
  readonly sessions: Collection<SessionDocument>;
  readonly batches: Collection<BatchDocument>;
  readonly calls: Calls;
}

/** A document may have 16 MiB on every compatible server; the rest is room for what the server adds. */
const batchBytesMax = 15 * 1_048_576;

interface Target {
  readonly tenant: string;
  readonly id: string;
}

export function createAppend({ sessions, batches, calls }: AppendDeps): SessionStore["append"] {
  return ({ tenant, sessionId, events, now }) => {
    const target = { tenant, id: sessionId };
    return calls.run(async () => {
      for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
        const session = await sessions.findOne({ _id: keyOf(target) });
        if (session === null) return null;
        if (events.length === 0) return session.archived_at === null ? [] : null;
        if (session.archived_at !== null) return await findStored(session, target, events);
        const batch = toBatchDocument(target, session.last_event + 1, events, now);
        checkSize(batch);
        if ((await unlessDuplicate(batches.insertOne(batch))) !== null) return await show(target, batch);
        const same = await findSame(target, events);
        if (same !== null) return await show(target, same);
        // Somebody else's batch has the number: see to it that it counts, then take the next.
        const other = await batches.findOne({ _id: batch._id });
        if (other !== null) await show(target, other);
      }
      throw new ReveriedError(
        "unavailable",
        `session ${sessionId} was written to by others ${limits.casAttempts} times meanwhile; try again`,
      );
    });
  };

  /** Lets readers see the batch; its events, or null when the session was archived before they were to be seen. */
  async function show(target: Target, batch: BatchDocument): Promise<SessionEvent[] | null> {
    const shown = await sessions.updateOne(
      { _id: keyOf(target), archived_at: null },
      { $max: { last_event: batch.last, updated_at: batch.created_at } },
    );
    if (shown.matchedCount > 0) return fromBatchDocument(batch);
    const session = await sessions.findOne({ _id: keyOf(target) });
    return session !== null && session.last_event >= batch.last ? fromBatchDocument(batch) : null;
  }

  /** The answer to a repeat that comes after the archiving, or null when these events were not appended before it. */
  async function findStored(
    session: WithId<SessionDocument>,
    target: Target,
    events: readonly NewSessionEvent[],
  ): Promise<SessionEvent[] | null> {
    const same = await findSame(target, events);
    return same !== null && same.last <= session.last_event ? fromBatchDocument(same) : null;
  }

  /** The batch that these very events were stored as, or null. Throws `conflict` when only some of the ids are taken. */
  async function findSame(target: Target, events: readonly NewSessionEvent[]): Promise<BatchDocument | null> {
    const ids = events.map((event) => event.id);
    const found = await batches
      .find({ tenant: target.tenant, session_id: target.id, event_ids: { $in: ids } })
      .toArray();
    const [same] = found;
    if (same === undefined) return null;
    if (found.length === 1 && isSameList(same.event_ids, ids)) return same;
    throw new ReveriedError(
      "conflict",
      `some of these events of session ${target.id} were appended before, with others; send the same events again or new ones`,
      { details: { field: "events" } },
    );
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}

function checkSize(batch: BatchDocument): void {
  const size = BSON.calculateObjectSize(batch);
  if (size <= batchBytesMax) return;
  throw new ReveriedError(
    "too_large",
    `these ${batch.events.length} events have ${size} bytes, more than the ${batchBytesMax} of one append; send them in several`,
    { details: { field: "events", limit: batchBytesMax } },
  );
}
