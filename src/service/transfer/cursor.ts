/**
 * Where an export is, as text for whoever goes on with it. It carries all that the rest depends on (the place, the counts and
 * the hash so far, the heads that need not be sent again), so that any process goes on exactly behind the last line.
 */
import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { noLinesHash, noRecords, type RecordCounts, recordKinds } from "../../core/transfer.ts";
import type { Digest } from "../../ports/digest.ts";
import { integer, listOf, objectOf, type Shape, textOf } from "./shape.ts";
import { count, hash } from "./values.ts";

/** The steps of an export; a place is in one of them. */
export const exportSteps = ["begin", "stores", "conversations", "dreamSessions", "dreams", "end"] as const;

export interface ExportPlace {
  /** Index into `exportSteps` of the step that is next or under way. */
  readonly step: number;
  /** The thing under way, or the last one done; an empty id: none yet. */
  readonly createdAt: number;
  readonly id: string;
  /** As in `PlaceWithin`. */
  readonly mark: string;
  /** How far in the thing, as in `PlaceWithin`; empty: nothing of it is under way. */
  readonly at: readonly number[];
}

export interface ExportState {
  readonly place: ExportPlace;
  readonly counts: RecordCounts;
  /** Of all lines so far. */
  readonly hash: string;
  /** Heads that were sent with all their parts, the one used longest ago first. */
  readonly heads: readonly string[];
}

const nothingDone = { createdAt: 0, id: "", mark: "", at: [] };

export const startOfExport: ExportState = {
  place: { step: 0, ...nothingDone },
  counts: noRecords,
  hash: noLinesHash,
  heads: [],
};

/** The place before the first thing of a step. */
export function startOfStep(step: number): ExportPlace {
  return { step, ...nothingDone };
}

const shortText = textOf((field, text) => {
  if (text.length > limits.idLength) throw invalidArgument(field, "is too long");
});

const state: Shape<ExportState> = objectOf<ExportState>({
  place: objectOf<ExportPlace>({
    step: integer(0, exportSteps.length),
    createdAt: count,
    id: shortText,
    mark: shortText,
    at: listOf(count, { max: 8 }),
  }),
  counts: objectOf<RecordCounts>(
    // A parse edge: these are all the names of `RecordCounts`.
    Object.fromEntries(recordKinds.map((kind) => [kind, count])) as Record<keyof RecordCounts, Shape<number>>,
  ),
  hash,
  heads: listOf(hash, { max: limits.transferHeadsRemembered }),
});

/** The state as an opaque text that belongs to this tenant. */
export function encodeCursor(digest: Digest, tenant: string, at: ExportState): string {
  return Buffer.from(JSON.stringify([tenantMark(digest, tenant), state.encode(at)]), "utf8").toString(
    "base64url",
  );
}

/** The state in a cursor; the start for an empty one. `invalid_argument` for anything that is no cursor of this tenant. */
export function decodeCursor(digest: Digest, tenant: string, cursor: string): ExportState {
  if (cursor === "") return startOfExport;
  const bad = invalidArgument("after", "is not a cursor of an export of this tenant");
  if (cursor.length > limits.transferCursorLength) throw bad;
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw bad;
  }
  if (!Array.isArray(read) || read.length !== 2 || read[0] !== tenantMark(digest, tenant)) throw bad;
  try {
    return state.decode("after", read[1]);
  } catch {
    throw bad;
  }
}

function tenantMark(digest: Digest, tenant: string): string {
  return digest.sha256(JSON.stringify(["export", tenant])).slice(0, 16);
}
