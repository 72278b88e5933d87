/**
 * What all documents share. A key is `<tenant>/<id>`: a lookup that does not name the tenant cannot be written,
 * and a tenant's name has no slash, so no key can be read as another tenant's.
 */
import { limits } from "../../core/limits.ts";

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

/** A number as text that sorts as the number does, up to the largest safe integer. */
export function sortable(number: number): string {
  return String(number).padStart(16, "0");
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
