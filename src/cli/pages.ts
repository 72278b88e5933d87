import { limits } from "../core/limits.ts";

/** What a list command found. */
export interface Found<T> {
  readonly items: readonly T[];
  /** Whether there are more than were asked for. */
  readonly more: boolean;
}

export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Asks for page after page until there are `limit` items, or no more. */
export async function collectPages<T>(
  limit: number,
  fetchPage: (
    request: PageRequest,
  ) => Promise<{ readonly items: readonly T[]; readonly nextPageToken: string }>,
): Promise<Found<T>> {
  const items: T[] = [];
  let pageToken = "";
  do {
    const pageSize = Math.min(limits.pageSizeMax, limit - items.length);
    const page = await fetchPage({ pageSize, pageToken });
    items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && items.length < limit);
  return { items, more: pageToken !== "" };
}

/** All that an iteration gives, in its order. */
export async function collectAll<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
