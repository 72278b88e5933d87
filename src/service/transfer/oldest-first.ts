/** Why this exists: lists are newest first, and an export goes from the oldest on without holding all of a list. */

interface Positioned {
  readonly createdAt: number;
  readonly id: string;
}

type Position = Positioned;

/**
 * Everything above `from` (null: everything), oldest first. Walks the list once to learn where its pages end, then reads
 * the pages backwards; one page is held, and a position for each. What is made meanwhile may be left out.
 */
export async function* oldestFirst<T extends Positioned>(
  list: (after: Position | null, limit: number) => Promise<readonly T[]>,
  from: Position | null,
  pageSize: number,
): AsyncGenerator<T, void, undefined> {
  const pages: { readonly after: Position | null; readonly last: Position }[] = [];
  for (let after: Position | null = null; ; ) {
    const last: T | undefined = (await list(after, pageSize)).at(-1);
    if (last === undefined) break;
    pages.push({ after, last: positionOf(last) });
    if (from !== null && comparePositions(last, from) <= 0) break;
    after = positionOf(last);
  }
  for (const page of pages.toReversed()) {
    for (const item of await readPage(list, page, pageSize)) {
      if (from === null || comparePositions(item, from) > 0) yield item;
    }
  }
}

/** What lies between the ends of a page now, oldest first: more than before on the first page, fewer where some were deleted. */
async function readPage<T extends Positioned>(
  list: (after: Position | null, limit: number) => Promise<readonly T[]>,
  { after, last }: { readonly after: Position | null; readonly last: Position },
  pageSize: number,
): Promise<T[]> {
  const found: T[] = [];
  for (let next = after; ; ) {
    const items = await list(next, pageSize);
    found.push(...items.filter((item) => comparePositions(item, last) >= 0));
    const end = items.at(-1);
    if (end === undefined || comparePositions(end, last) <= 0) return found.reverse();
    next = positionOf(end);
  }
}

function positionOf({ createdAt, id }: Positioned): Position {
  return { createdAt, id };
}

/** Ids of things that are listed are ASCII, so that every storage sorts them as this does. */
function comparePositions(a: Positioned, b: Positioned): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
