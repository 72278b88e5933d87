/**
 * Restoring events. A batch has one time for all of its events, so a run of equal times is a batch. Each is stored
 * and then shown as an append does it, though the session may be archived; a call that broke off in between is
 * finished by its repeat, in whatever pages that comes.
 */
import { isDeepStrictEqual } from "node:util";
import { BSON } from "mongodb";
import { ReveriedError } from "../../core/errors.ts";
import type { SessionEvent } from "../../core/session.ts";
import type { Restore, RestoreOutcome } from "../../ports/restore.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { keyOf, notDeleted, unlessDeleted } from "./documents.ts";
import { batchBytesMax } from "./session-append.ts";
import { type BatchDocument, fromBatchDocument, toBatchDocument } from "./session-documents.ts";
import { readEvents } from "./session-events.ts";

interface Target {
  readonly tenant: string;
  readonly id: string;
}

export function createRestoreEvents(collections: Collections, calls: Calls): Restore["events"] {
  const { sessions, batches } = collections;
  return ({ tenant, sessionId, events }) => {
    const target = { tenant, id: sessionId };
    return calls.run(async (): Promise<RestoreOutcome> => {
      const lastEvent = await readLastEvent(target);
      const [first] = events;
      if (first === undefined) return "present";
      if (first.number > lastEvent + 1 || !(await areThere(target, events, lastEvent))) return "differs";
      let rest = events.filter((event) => event.number > lastEvent);
      if (rest.length === 0) return "present";
      while (rest.length > 0) {
        const last = await writeBatch(target, rest);
        if (last === null) return "differs";
        rest = rest.filter((event) => event.number > last);
      }
      return "written";
    });
  };

  async function readLastEvent(target: Target): Promise<number> {
    const session = unlessDeleted(await sessions.findOne({ _id: keyOf(target) }));
    if (session !== null) return session.last_event;
    throw new ReveriedError(
      "failed_precondition",
      `events were to be restored, and session ${target.id} is not there`,
    );
  }

  /** Whether those of the events that readers may see already are what they see. */
  async function areThere(
    { tenant, id }: Target,
    events: readonly SessionEvent[],
    lastEvent: number,
  ): Promise<boolean> {
    const there = events.filter((event) => event.number <= lastEvent);
    const after = (events[0]?.number ?? 1) - 1;
    const range = { after, upTo: after + there.length, limit: there.length };
    const stored = await readEvents(collections, { tenant, sessionId: id, ...range });
    return isDeepStrictEqual(stored, there);
  }

  /** Stores the first of the events as one batch and shows it; answers with its last number, or null when another stands there. */
  async function writeBatch(target: Target, rest: readonly SessionEvent[]): Promise<number | null> {
    let batch = firstBatch(target, rest);
    if ((await unlessDuplicate(batches.insertOne(batch))) === null) {
      const stored = await batches.findOne({ _id: batch._id });
      if (stored === null || !agree(fromBatchDocument(stored), rest)) return null;
      batch = stored;
    }
    await sessions.updateOne({ _id: keyOf(target), ...notDeleted }, { $max: { last_event: batch.last } });
    return batch.last;
  }
}

/** As many of the events as were stored at one time and as a document can hold. */
function firstBatch(target: Target, events: readonly SessionEvent[]): BatchDocument {
  const [first] = events;
  const now = first?.createdAt ?? 0;
  const other = events.findIndex((event) => event.createdAt !== now);
  let count = other === -1 ? events.length : other;
  for (;;) {
    const batch = toBatchDocument(target, first?.number ?? 1, events.slice(0, count), now);
    if (count === 1 || BSON.calculateObjectSize(batch) <= batchBytesMax) return batch;
    count = Math.ceil(count / 2);
  }
}

/** Whether two runs of events that begin with the same number are equal as far as both go. */
function agree(a: readonly SessionEvent[], b: readonly SessionEvent[]): boolean {
  const length = Math.min(a.length, b.length);
  return isDeepStrictEqual(a.slice(0, length), b.slice(0, length));
}
