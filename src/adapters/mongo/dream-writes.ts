/** The one guarded write of a dream's state, which every move goes through. */
import { isDeepStrictEqual } from "node:util";
import type { Collection, Filter } from "mongodb";
import type { Dream } from "../../core/dream.ts";
import { keyOf } from "./documents.ts";
import { type DreamDocument, stateUpdate, toDream } from "./dream-document.ts";

/** The condition that a stored dream is still what was read. */
export function guardOf(read: Dream): Filter<DreamDocument> {
  const { status, seq, revision, fence } = read;
  return { _id: keyOf(read), status, seq, revision, fence };
}

/** Writes `next` where the guard holds, and marks its new event as unsent; answers with the dream as it is then, or null. */
export async function writeState(
  dreams: Collection<DreamDocument>,
  guard: Filter<DreamDocument>,
  read: Dream,
  next: Dream,
  extra: Partial<Pick<DreamDocument, "claim_mark">> = {},
): Promise<{ readonly dream: Dream | null }> {
  const { $set, $unset } = stateUpdate(next);
  const unsent = next.seq > read.seq ? next.events.at(-1) : undefined;
  const document = await dreams.findOneAndUpdate(
    guard,
    {
      $set: { ...$set, ...extra },
      $unset,
      // By minimum: a later move does not send a waiting dream to the back.
      ...(unsent !== undefined && { $min: { relay_due: new Date(unsent.at) } }),
    },
    { returnDocument: "after" },
  );
  return { dream: document === null ? null : toDream(document) };
}

/** Whether two dreams are the same but for the fields that are written beside the state. */
export function isSameState(a: Dream, b: Dream): boolean {
  return isDeepStrictEqual({ ...a, live: null }, { ...b, live: null });
}
