/**
 * Appending in two writes that cannot be torn: the batch, one document under the number of its first event, and then
 * the session's `last_event`, raised by maximum. Until the second, no reader sees the batch. A writer that finds the
 * number taken finishes the other's second write and takes the next number, so a crash between the two stops nobody.
 */
import { BSON, type Collection } from "mongodb";
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

type Shown = Pick<BatchDocument, "last" | "created_at">;

interface Stored extends Shown {
  readonly events: SessionEvent[];
}

export function createAppend({ sessions, batches, calls }: AppendDeps): SessionStore["append"] {
  return ({ tenant, sessionId, events, now }) => {
    const target = { tenant, id: sessionId };
    return calls.run(async () => {
      for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
        const session = await sessions.findOne({ _id: keyOf(target) });
        if (session === null) return null;
        if (events.length === 0) return session.archived_at === null ? [] : null;
        if (session.archived_at !== null) {
          const stored = await findStored(target, events);
          return stored !== null && stored.last <= session.last_event ? stored.events : null;
        }
        const batch = toBatchDocument(target, session.last_event + 1, events, now);
        checkSize(batch);
        checkDistinct(batch);
        if ((await unlessDuplicate(batches.insertOne(batch))) !== null) {
          return (await show(target, batch)) ? fromBatchDocument(batch) : null;
        }
        const stored = await findStored(target, events);
        if (stored !== null) return (await show(target, stored)) ? stored.events : null;
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

  /** Lets readers see a batch and those before it; false when the session was archived before they were to be seen. */
  async function show(target: Target, { last, created_at }: Shown): Promise<boolean> {
    const shown = await sessions.updateOne(
      { _id: keyOf(target), archived_at: null },
      { $max: { last_event: last, updated_at: created_at } },
    );
    if (shown.matchedCount > 0) return true;
    const session = await sessions.findOne({ _id: keyOf(target) });
    return session !== null && session.last_event >= last;
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
