/** Reading a session's events out of the batches they were appended in. */
import type { SessionEvent } from "../../core/session.ts";
import type { Collections } from "./collections.ts";
import { keyOf, unlessDeleted } from "./documents.ts";
import { batchKey, fromBatchDocument } from "./session-documents.ts";

interface EventRange {
  readonly tenant: string;
  readonly sessionId: string;
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

/** Events with `after` < number ≤ `upTo` that readers may see. */
export async function readEvents(
  { sessions, batches }: Collections,
  { tenant, sessionId, after, upTo, limit }: EventRange,
): Promise<SessionEvent[]> {
  const key = { tenant, id: sessionId };
  // Numbers have no gap, so these are all the numbers that a page can hold.
  const end = Math.min(upTo, after + limit);
  if (end <= after) return [];
  const [session, [containing], following] = await Promise.all([
    sessions.findOne({ _id: keyOf(key) }, { projection: { last_event: 1, deleted: 1 } }),
    batches
      .find({ _id: { $gte: batchKey(key, 0), $lte: batchKey(key, after + 1) } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray(),
    batches
      .find({ _id: { $gt: batchKey(key, after + 1), $lte: batchKey(key, end) } })
      .sort({ _id: 1 })
      .toArray(),
  ]);
  const seen = Math.min(end, unlessDeleted(session)?.last_event ?? 0);
  const found = containing === undefined ? following : [containing, ...following];
  const events = found.flatMap(fromBatchDocument);
  return events.filter((event) => event.number > after && event.number <= seen);
}
