/** What every step of an export gives: records, each with the place behind it. */
import { ReveriedError } from "../../core/errors.ts";
import type { HeadPlace, HeadRecord, MissingPart } from "./export-heads.ts";
import type { TransferRecord } from "./records.ts";

/** How far in a thing an export is. */
export interface PlaceWithin {
  /** What has to be known of the thing as it was when it was begun. */
  readonly mark: string;
  /** Numbers that the step understands. */
  readonly at: readonly number[];
}

/** A record, and the place behind it. */
export interface PlacedRecord extends PlaceWithin {
  readonly record: TransferRecord;
}

export type Records<Outcome = void> = AsyncGenerator<PlacedRecord, Outcome, undefined>;

/** Things of one kind, each exported as it was at one moment. */
export interface ExportStep<T> {
  /** Newest first. */
  list(
    after: { readonly createdAt: number; readonly id: string } | null,
    limit: number,
  ): Promise<readonly T[]>;
  get(id: string): Promise<T | null>;
  begin(thing: T): Records;
  /** Goes on behind a place; begins again when the thing changed so that it cannot be gone on with. */
  goOn(thing: T, place: PlaceWithin): Records;
}

/** The records of a head with their places in the thing it belongs to. */
export async function* placed(
  records: AsyncGenerator<HeadRecord, MissingPart, undefined>,
  mark: string,
  at: (place: HeadPlace) => readonly number[],
): Records<MissingPart> {
  for (;;) {
    const next = await records.next();
    if (next.done === true) return next.value;
    yield { record: next.value.record, mark, at: at(next.value.place) };
  }
}

/** Something that is named is not there. The export ends: a backup without it would look whole. */
export function damaged(what: string, missing: string, remedy: string): ReveriedError {
  return new ReveriedError(
    "internal",
    `${what} is damaged: ${missing} is missing from the storage; ${remedy}`,
  );
}
