import { expect, test } from "vitest";
import { oldestFirst } from "./oldest-first.ts";

interface Thing {
  readonly createdAt: number;
  readonly id: string;
}

/** A list as storages have it, newest first, over things that a test may change. */
function listOver(things: () => readonly Thing[]) {
  return async (after: Thing | null, limit: number): Promise<readonly Thing[]> => {
    const newestFirst = things().toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
    const start = after === null ? 0 : newestFirst.findIndex((one) => isOlder(one, after));
    return start === -1 ? [] : newestFirst.slice(start, start + limit);
  };
}

function isOlder(one: Thing, than: Thing): boolean {
  return one.createdAt < than.createdAt || (one.createdAt === than.createdAt && one.id < than.id);
}

function things(count: number): Thing[] {
  return Array.from({ length: count }, (_, at) => ({ createdAt: Math.floor(at / 3), id: `id${100 + at}` }));
}

async function collect(walk: AsyncIterable<Thing>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of walk) ids.push(id);
  return ids;
}

test.each([0, 1, 3, 4, 8, 10])("%i things come oldest first, those of one time by id", async (count) => {
  const all = things(count);
  const list = listOver(() => all);
  expect(await collect(oldestFirst(list, null, 4))).toEqual(all.map(({ id }) => id));
  for (const from of all) {
    const above = all.filter((one) => isOlder(from, one)).map(({ id }) => id);
    expect(await collect(oldestFirst(list, from, 4))).toEqual(above);
  }
});

test("what is made or deleted meanwhile costs nothing else its place", async () => {
  let all = things(20);
  const walked: string[] = [];
  for await (const { id } of oldestFirst(
    listOver(() => all),
    null,
    4,
  )) {
    walked.push(id);
    if (walked.length === 3) {
      const made = Array.from({ length: 9 }, (_, at) => ({ createdAt: 50, id: `new${at}` }));
      all = [...all.filter((one) => one.id !== "id112" && one.id !== "id115"), ...made];
    }
  }
  const stayed = things(20)
    .map(({ id }) => id)
    .filter((id) => id !== "id112" && id !== "id115");
  expect(walked.filter((id) => id.startsWith("id"))).toEqual(stayed);
  expect(new Set(walked).size).toBe(walked.length);
});

test("no more than a page is read at once", async () => {
  const all = things(50);
  const list = listOver(() => all);
  const sizes: number[] = [];
  const read: typeof list = async (after, limit) => {
    const page = await list(after, limit);
    sizes.push(page.length);
    return page;
  };
  await collect(oldestFirst(read, null, 8));
  expect(Math.max(...sizes)).toBe(8);
});
