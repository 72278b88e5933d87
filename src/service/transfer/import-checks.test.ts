/** What an import looks at beyond the single line: what is stored, how much there may be, and in which order it comes. */
import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { aContent, anEntry, aStore, someTime } from "../../../test/support/factories.ts";
import { storeWith } from "../../../test/support/stores.ts";
import { exportLines, importLines } from "../../../test/support/transfer.ts";
import { limits } from "../../core/limits.ts";
import { bucketOf, emptyHead, type MemoryEntry, makeBucket, makeHead } from "../../core/memory.ts";
import { createImportRecords } from "./import-records.ts";
import { createRecordCodec, type TransferRecord } from "./records.ts";

const begin = '{"kind":"begin","format":"reveried-export","version":1}';

/** The lines of one store with these entries, whatever is wrong with them. */
function storeOf({ deps }: Bundle, entries: readonly MemoryEntry[], texts: readonly string[]): string[] {
  const { sha256 } = deps.digest;
  const places = Map.groupBy(entries, ({ path }) => bucketOf(path));
  const buckets = [...places].map(([at, some]) => ({ at, bucket: makeBucket(some, sha256) }));
  const hashes = emptyHead(sha256).buckets.map(
    (empty, index) => buckets.find(({ at }) => at === index)?.bucket.hash ?? empty,
  );
  const bytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const head = makeHead(hashes, entries.length, bytes, sha256);
  const { tenant: _, ...store } = aStore({ head: head.hash });
  const records: TransferRecord[] = [
    ...texts.map((text): TransferRecord => ({ kind: "content", value: aContent(text) })),
    ...buckets.map(({ bucket }): TransferRecord => ({ kind: "bucket", value: bucket })),
    { kind: "head", value: head },
    { kind: "store", value: store },
  ];
  const codec = createRecordCodec(sha256, "acme");
  return [begin, ...records.map((record) => codec.encode(record))];
}

function entryOf({ deps }: Bundle, path: string, text: string, sizeBytes = text.length): MemoryEntry {
  return anEntry({ path, contentHash: deps.digest.sha256(text), sizeBytes });
}

describe("a store", () => {
  test("that is sound is taken, and shows its texts", async () => {
    await using to = await setup();
    const lines = storeOf(to, [entryOf(to, "/a.md", "a"), entryOf(to, "/b/c.md", "bc")], ["a", "bc"]);
    expect(await importLines(to.useCases, to.principal, lines)).toEqual({ written: 6, present: 0 });
    const [store] = await to.deps.memories.list({
      tenant: "acme",
      includeArchived: true,
      after: null,
      limit: 9,
    });
    expect(await to.texts(store?.id ?? "")).toEqual({ "/a.md": "a", "/b/c.md": "bc" });
  });

  test("is refused when one of its texts is not there", async () => {
    await using to = await setup();
    const lines = storeOf(to, [entryOf(to, "/a.md", "a"), entryOf(to, "/b.md", "b")], ["a"]);
    await expect(importLines(to.useCases, to.principal, lines)).rejects.toThrow(
      'line 6: store.head: the text of "/b.md" is not there; its own line comes first',
    );
  });

  test("is refused when a text has another size than its entry says", async () => {
    await using to = await setup();
    const lines = storeOf(to, [entryOf(to, "/a.md", "a", 2)], ["a"]);
    await expect(importLines(to.useCases, to.principal, lines)).rejects.toThrow(
      'line 5: store.head: size_bytes of "/a.md" is 2, its text has 1',
    );
  });

  test("is refused when a memory of it is the folder of another", async () => {
    await using to = await setup();
    const lines = storeOf(to, [entryOf(to, "/a", "a"), entryOf(to, "/a/b", "b")], ["a", "b"]);
    await expect(importLines(to.useCases, to.principal, lines)).rejects.toThrow(
      'head: "/a" is a memory and the folder of another',
    );
  });

  test("is refused when the tenant has as many as may be, one that is there is not", async () => {
    await using to = await setup();
    const lines = storeOf(to, [], []);
    await importLines(to.useCases, to.principal, lines);
    const count = async () => limits.storesPerTenant;
    const importRecords = createImportRecords({ ...to.deps, memories: { ...to.deps.memories, count } });
    const again = await importLines({ ...to.useCases, importRecords }, to.principal, lines);
    expect(again).toEqual({ written: 0, present: 2 });
    const more = importLines({ ...to.useCases, importRecords }, to.principal, storeOf(to, [], []));
    await expect(more).rejects.toMatchObject({
      kind: "resource_exhausted",
      message: expect.stringMatching(/^line 3: there are 10000 memory stores/),
    });
  });
});

test("a session is refused when the tenant has as many as may be, one that is there is not", async () => {
  await using from = await setup();
  await from.inputs();
  const lines = await exportLines(from.useCases, from.principal);
  const at = lines.findIndex((line) => line.startsWith('{"kind":"session"')) + 1;
  const count = async () => limits.sessionsPerTenant;
  await using to = await setup();
  const full = createImportRecords({ ...to.deps, sessions: { ...to.deps.sessions, count } });
  await expect(importLines({ ...to.useCases, importRecords: full }, to.principal, lines)).rejects.toThrow(
    `line ${at}: there are ${limits.sessionsPerTenant} sessions`,
  );
  await importLines(to.useCases, to.principal, lines);
  await importLines({ ...to.useCases, importRecords: full }, to.principal, lines);
});

test("parts that are there are put again, which keeps the sweeper from them until something names them", async () => {
  await using to = await setup();
  const lines = storeOf(to, [entryOf(to, "/a.md", "a")], ["a"]);
  const parts = lines.slice(0, -1);
  await importLines(to.useCases, to.principal, parts);
  await to.clock.advance(1_000);
  await importLines(to.useCases, to.principal, parts);
  for (const kind of ["content", "bucket", "head"] as const) {
    const query = { tenant: "acme", kind, untouchedSince: to.clock.now(), after: null, limit: 9 };
    expect(await to.deps.sweep.listParts(query)).toEqual([]);
  }
});

test("dreams that wait are claimed in the order in which they were made, and workers are told of them", async () => {
  await using from = await setup();
  const storeId = await storeWith(from);
  const made: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const request = { inputMemoryStoreId: storeId, sessionIds: [], model: "", instructions: null } as const;
    const dream = { ...request, outputBehavior: "create_new", type: "omni" } as const;
    made.push((await from.useCases.createDream(from.principal, dream)).id);
    await from.clock.advance(1_000);
  }
  await using to = await setup();
  let hints = 0;
  await to.bus.listen({ kind: "work" }, () => {
    hints += 1;
  });
  await importLines(to.useCases, to.principal, await exportLines(from.useCases, from.principal));
  await to.clock.settle();
  expect(hints).toBe(1);
  const claimed: string[] = [];
  for (const _ of made) {
    const [dream] = await to.deps.dreams.claim({
      now: someTime * 2,
      workerId: "w",
      limit: 1,
      makeIds: ({ id }) => ({ outputStoreId: `memstore_${id}`, sessionId: `sesn_${id}` }),
      accepts: () => true,
    });
    claimed.push(dream?.id ?? "");
  }
  expect(claimed).toEqual(made);
});
