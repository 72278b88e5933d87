/**
 * What all documents share. A key is `<tenant>/<id>`: a lookup that does not name the tenant cannot be written,
 * and a tenant's name has no slash, so no key can be read as another tenant's.
 */
import type { Collection } from "mongodb";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";

/** What is left of a deleted store or session until its rows are removed: it keeps its key taken and shows nothing. */
export interface Tombstone {
  readonly _id: string;
  readonly tenant: string;
  readonly deleted: true;
  /** Set when a look found no row of it; see `sweep-removal.ts`. */
  readonly emptied?: true;
}

/** The mark of a tombstone on the type of what it was; all other documents are without it. */
export interface MaybeDeleted {
  readonly deleted?: true;
}

/** The condition that a document is no tombstone. A lookup by key alone leaves it to `unlessDeleted`, so that the key is the whole query. */
export const notDeleted = { deleted: { $exists: false } } as const;

export function unlessDeleted<T extends MaybeDeleted>(document: T | null): T | null {
  return document === null || document.deleted === true ? null : document;
}

/** Puts a tombstone in place of a document. `again`: an earlier try of this very call may have done it. */
export async function bury(
  tombstones: Collection<Tombstone>,
  key: { readonly tenant: string; readonly id: string },
  again: boolean,
): Promise<boolean> {
  const _id = keyOf(key);
  const buried = await tombstones.replaceOne({ _id, ...notDeleted }, { tenant: key.tenant, deleted: true });
  if (buried.matchedCount > 0) return true;
  return again && (await tombstones.findOne({ _id }))?.deleted === true;
}

export function stillDeleting(what: string, id: string): ReveriedError {
  return new ReveriedError(
    "conflict",
    `${what} ${id} is being deleted; use another id, or try again when it is gone`,
    { details: { field: "id" } },
  );
}

/** Fields of any name as pairs, because a name with a dot or a dollar sign is no field name everywhere. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

export function keyOf({ tenant, id }: { readonly tenant: string; readonly id: string }): string {
  return `${tenant}/${id}`;
}

export function toPairs(record: Readonly<Record<string, string>>): Pair[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}

export function fromPairs(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

export function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

export function fromDate(date: Date | null): number | null {
  return date === null ? null : date.getTime();
}

/** The years 1 to 9999: what every compatible server takes for a date. */
const dateMinMs = -62_135_596_800_000;
const dateMaxMs = 253_402_300_799_999;

/** A time that others are compared with, which may be further off than any date. */
export function toBound(ms: number): Date {
  return new Date(Math.min(Math.max(ms, dateMinMs), dateMaxMs));
}

const digits = 16;

/** A number as text that sorts as the number does, up to the largest safe integer. */
export function sortable(number: number): string {
  return String(number).padStart(digits, "0");
}

/** The condition for all keys of a tenant above one of them: a slash ends the tenant's name, and the next character is 0. */
export function keysAfter(tenant: string, after: string | null) {
  return { $gt: after ?? `${tenant}/`, $lt: `${tenant}0` };
}

/** A place in an order by time and key. */
export interface Place {
  readonly at: Date;
  readonly key: string;
}

/** A place as text that sorts as the places do. */
export function toMark({ at, key }: Place): string {
  return `${sortable(at.getTime())} ${key}`;
}

export function fromMark(mark: string): Place {
  return { at: new Date(Number(mark.slice(0, digits))), key: mark.slice(digits + 1) };
}

/** The condition for what comes after a place, in the order of a time and the key; null for no bound. */
export function laterThan(
  field: string,
  after: Place | null,
  { since, before }: { readonly since: number | null; readonly before: number | null },
) {
  const bounds = {
    ...(since !== null && { $gte: toBound(since) }),
    ...(after !== null && { $gte: after.at }),
    ...(before !== null && { $lt: toBound(before) }),
  };
  return {
    ...(Object.keys(bounds).length > 0 && { [field]: bounds }),
    ...(after !== null && { $or: [{ [field]: { $gt: after.at } }, { _id: { $gt: after.key } }] }),
  };
}

/** The condition for what comes after a position, newest first and by key at equal times. */
export function olderThan(tenant: string, after: { readonly createdAt: number; readonly id: string } | null) {
  if (after === null) return {};
  const createdAt = new Date(after.createdAt);
  const key = keyOf({ tenant, id: after.id });
  return {
    created_at: { $lte: createdAt },
    $or: [{ created_at: { $lt: createdAt } }, { _id: { $lt: key } }],
  };
}

export const newestFirst = { created_at: -1, _id: -1 } as const;

/** How many documents one message to the server carries; keeps a message of full contents below its 48 MB. */
export const writeBatch = Math.floor(33_554_432 / (2 * limits.memoryContentBytes));

export function inBatches<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let first = 0; first < items.length; first += size) batches.push(items.slice(first, first + size));
  return batches;
}
