/** Where a page of a list by time ended. */
export interface ListPosition {
  readonly createdAt: number;
  readonly id: string;
}

/** The pages of a list, one after the other, each read when it is asked for; the last may be empty. */
export async function* listPages<T extends ListPosition>(
  list: (after: ListPosition | null, limit: number) => Promise<readonly T[]>,
  limit: number,
): AsyncGenerator<readonly T[]> {
  let after: ListPosition | null = null;
  for (;;) {
    const page: readonly T[] = await list(after, limit);
    yield page;
    const last = page.at(-1);
    if (page.length < limit || last === undefined) return;
    after = { createdAt: last.createdAt, id: last.id };
  }
}
