/**
 * Appending in two writes that cannot be torn: the batch, one document under the number of its first event, and then
 * the session's `last_event`, raised by maximum. Until the second, no reader sees the batch. A writer that finds the
 * number taken finishes the other's second write and takes the next number, so a crash between the two stops nobody.
 */
import { BSON } from "mongodb";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { NewSessionEvent, SessionEvent } from "../../core/session.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { keyOf, notDeleted, unlessDeleted } from "./documents.ts";
import { type BatchDocument, fromBatchDocument, toBatchDocument } from "./session-documents.ts";

/** A document may have 16 MiB on every compatible server; the rest is room for what the server adds. */
export const batchBytesMax = 15 * 1_048_576;

interface Target {
  readonly tenant: string;
  readonly id: string;
}

type Shown = Pick<BatchDocument, "last" | "created_at">;

interface Stored extends Shown {
  readonly events: SessionEvent[];
}

export function createAppend({ sessions, batches }: Collections, calls: Calls): SessionStore["append"] {
  return ({ tenant, sessionId, events, now }) => {
    const target = { tenant, id: sessionId };
    return calls.run(async (again) => {
      for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
        const session = unlessDeleted(await sessions.findOne({ _id: keyOf(target) }));
        if (session === null) {
          // A batch written after the session's others were removed would be left behind.
          if (again || attempt > 0) await discard(target, events);
          return null;
        }
        if (events.length === 0) return session.archived_at === null ? [] : null;
        if (session.archived_at !== null) {
          const stored = await findStored(target, events);
          return stored !== null && stored.last <= session.last_event ? stored.events : null;
        }
        const batch = toBatchDocument(target, session.last_event + 1, events, now);
        checkSize(batch);
        checkDistinct(batch);
        if ((await unlessDuplicate(batches.insertOne(batch))) !== null) {
          if (await show(target, batch)) return fromBatchDocument(batch);
          continue;
        }
        const stored = await findStored(target, events);
        if (stored !== null) {
          if (await show(target, stored)) return stored.events;
          continue;
        }
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

  /** Lets readers see a batch and those before it; false when the session was archived or deleted before they were to be seen. */
  async function show(target: Target, { last, created_at }: Shown): Promise<boolean> {
    const shown = await sessions.updateOne(
      { _id: keyOf(target), archived_at: null, ...notDeleted },
      { $max: { last_event: last, updated_at: created_at } },
    );
    if (shown.matchedCount > 0) return true;
    const session = unlessDeleted(await sessions.findOne({ _id: keyOf(target) }));
    return session !== null && session.last_event >= last;
  }

  /** Removes what this call has written for a session that is gone. */
  async function discard({ tenant, id }: Target, events: readonly NewSessionEvent[]): Promise<void> {
    const event_ids = { $in: events.map((event) => event.id) };
    await batches.deleteMany({ tenant, session_id: id, event_ids });
  }

  /** These very events as they were stored, or null when none was. Throws `conflict` when only some were. */
  async function findStored(target: Target, events: readonly NewSessionEvent[]): Promise<Stored | null> {
    const ids = events.map((event) => event.id);
    const found = await batches
      .find({ tenant: target.tenant, session_id: target.id, event_ids: { $in: ids } })
      .toArray();
    const newest = found.toSorted((a, b) => a.last - b.last).at(-1);
    if (newest === undefined) return null;
    const byId = new Map(found.flatMap(fromBatchDocument).map((event) => [event.id, event]));
    const stored = ids.map((id) => byId.get(id) ?? mixed(target, id));
    return { events: stored, last: newest.last, created_at: newest.created_at };
  }
}

function checkDistinct(batch: BatchDocument): void {
  const seen = new Set<string>();
  for (const id of batch.event_ids) {
    if (seen.has(id)) mixed({ tenant: batch.tenant, id: batch.session_id }, id);
    seen.add(id);
  }
}

function mixed(session: Target, eventId: string): never {
  throw new ReveriedError(
    "conflict",
    `event ${eventId} of session ${session.id} comes twice, or with others of this call that are stored already; send new events under new ids`,
    { details: { field: "events" } },
  );
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
