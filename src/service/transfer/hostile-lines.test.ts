/** An import file is a stranger's: whatever is in it is refused with its line, or imported, and never a fault of the server. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { fillTenant } from "../../../test/support/full-tenant.ts";
import { exportLines, importLines } from "../../../test/support/transfer.ts";
import { isReveriedError } from "../../core/errors.ts";
import { createExportTenant } from "./export-tenant.ts";

type Json = Record<string, unknown>;

let lines: readonly string[];
let sha256: (text: string) => string;

beforeAll(async () => {
  await using world = await setup();
  await fillTenant(world);
  lines = await exportLines(world.useCases, world.principal);
  sha256 = world.deps.digest.sha256;
});

/** A tenant into which all lines before this one went. */
async function importedUpTo(line: number): Promise<Bundle> {
  const to = await setup();
  if (line > 1) await importLines(to.useCases, to.principal, lines.slice(0, line - 1));
  return to;
}

/** What an import of the line answers with, when all lines before it are in. */
async function refusalOf(line: number, text: string): Promise<unknown> {
  await using to = await importedUpTo(line);
  return to.useCases.importRecords(to.principal, { lines: text, firstLine: line }).catch((error) => error);
}

/** The number of the first line of the kind that the test fits. */
function lineOf(kind: string, fits: (record: Json) => boolean = () => true): number {
  return lines.findIndex((line) => line.startsWith(`{"kind":"${kind}"`) && fits(JSON.parse(line))) + 1;
}

function firstOf(record: Json, list: string): Json {
  const [first] = record[list] as Json[];
  return first ?? {};
}

/** A bucket under the hash of what is in it. */
function rehashed(record: Json): Json {
  const entries = record.entries as Json[];
  const rows = entries.map((e) => [
    e.path,
    e.memory_id,
    e.version_id,
    e.origin_store_id,
    e.content_hash,
    e.size_bytes,
    e.version,
    e.created_at,
    e.updated_at,
  ]);
  return { ...record, hash: sha256(JSON.stringify(rows)) };
}

/** Which record of a kind a case is about. */
const fitting: Readonly<Record<string, (record: Json) => boolean>> = {
  version: ({ content_hash }) => content_hash !== null,
  dream: ({ status }) => status === "completed",
  events: ({ events }) => (events as Json[]).length > 2,
};

const deep = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;

describe("a line that is no record is refused by its number", () => {
  test.each([
    ["nothing", "\n", "is an empty line"],
    ["no JSON", '{"kind":"store"', "is not JSON"],
    ["a word", "null", "must be a JSON object"],
    ["a list", '[{"kind":"store"}]', "must be a JSON object"],
    ["no kind", "{}", "must have a kind"],
    ["a kind that is no text", '{"kind":["store"]}', "must have a kind"],
    ["an unknown kind", '{"kind":"tenant"}', '"tenant" is no kind of record'],
    ["a name of every object", '{"kind":"constructor"}', '"constructor" is no kind'],
    ["its prototype", '{"kind":"__proto__"}', '"__proto__" is no kind'],
    ["a kind that steers terminals", '{"kind":"\\u001b[31m"}', '"\\\\u001b'],
    ["lists a million deep", deep, "must be a JSON object"],
    ["lists deep in a field", `{"kind":"head","hash":${deep}}`, "head.hash: must be a text"],
    ["another beginning", '{"kind":"begin","format":"reveried-export","version":1}', "line 1 of an export"],
  ])("%s", async (_, text, message) => {
    const line = lineOf("store");
    expect(await refusalOf(line, text)).toMatchObject({
      kind: "invalid_argument",
      message: expect.stringMatching(new RegExp(`^line ${line}: .*${message}`, "s")),
      details: { field: "lines" },
    });
  });

  test.each([
    [
      "no export",
      '{"kind":"begin","format":"something","version":1}',
      "begin.format: must be reveried-export",
    ],
    ["a newer format", '{"kind":"begin","format":"reveried-export","version":2}', "with a newer one"],
    ["no beginning", '{"kind":"end"}', "end.counts: is missing"],
  ])("%s", async (_, text, message) => {
    expect(await refusalOf(1, text)).toMatchObject({
      kind: "invalid_argument",
      message: expect.stringContaining(message),
    });
  });

  test("lines behind the end", async () => {
    const end = lines.at(-1) ?? "";
    expect(await refusalOf(lines.length, `${end}\n${end}`)).toMatchObject({
      message: expect.stringContaining(`line ${lines.length}: kind: nothing follows`),
    });
  });
});

type Case = readonly [title: string, kind: string, change: (record: Json) => Json, message: string];

const cases: readonly Case[] = [
  ["an unknown field", "store", (r) => ({ ...r, tenant: "rival" }), '"tenant" is no field'],
  ["a field of every object", "store", (r) => ({ ...r, constructor: 1 }), '"constructor" is no field'],
  ["a text under another hash", "content", (r) => ({ ...r, text: "other" }), "content.hash: is not the hash"],
  ["a text with NUL", "content", (r) => ({ ...r, text: "\0", hash: sha256("\0") }), "must not contain NUL"],
  ["a text that is no Unicode", "content", (r) => ({ ...r, text: "\ud800" }), "is not well-formed"],
  [
    "a text that is too long",
    "content",
    (r) => ({ ...r, text: "x".repeat(102_401), hash: sha256("x".repeat(102_401)) }),
    "is 102401 bytes",
  ],
  [
    "a hash in capitals",
    "content",
    (r) => ({ ...r, hash: String(r.hash).toUpperCase() }),
    "64 lowercase hex digits",
  ],
  [
    "a bucket under another hash",
    "bucket",
    (r) => ({ ...r, hash: "0".repeat(64) }),
    "is not the hash of the entries",
  ],
  [
    "a bucket without entries",
    "bucket",
    (r) => rehashed({ ...r, entries: [] }),
    "must have 1 to 10000 items",
  ],
  [
    "a path that is not canonical",
    "bucket",
    (r) => rehashed({ ...r, entries: [{ ...firstOf(r, "entries"), path: "/a/../b" }] }),
    "must not have a segment",
  ],
  [
    "a path twice",
    "bucket",
    (r) => rehashed({ ...r, entries: [firstOf(r, "entries"), firstOf(r, "entries")] }),
    "must come after the path before it",
  ],
  [
    "a path of another bucket",
    "bucket",
    (r) => rehashed({ ...r, entries: [firstOf(r, "entries"), { ...firstOf(r, "entries"), path: "/zzz" }] }),
    "belongs to another bucket",
  ],
  [
    "an id with a dot, which would be two parts of a subject",
    "dream",
    (r) => ({ ...r, id: "drm.>" }),
    "dream.id: must be 1 to 256 of",
  ],
  [
    "an id with a control character",
    "version",
    (r) => ({ ...r, memory_id: "mem_\u0000" }),
    "must be 1 to 256 of",
  ],
  ["a size that is no number", "version", (r) => ({ ...r, version: "1" }), "must be a number, is a string"],
  ["a number that is not whole", "version", (r) => ({ ...r, version: 1.5 }), "must be a whole number"],
  ["a number beyond all numbers", "version", (r) => ({ ...r, version: 1e300 }), "must be a whole number"],
  ["a number below", "version", (r) => ({ ...r, number: -1 }), "must be a whole number from 0"],
  [
    "a time after the year 9999",
    "store",
    (r) => ({ ...r, created_at: 253_402_300_800_000 }),
    "store.created_at",
  ],
  ["a head with too few buckets", "head", (r) => ({ ...r, buckets: ["", ""] }), "must have 64 to 64 items"],
  [
    "a head under another hash",
    "head",
    (r) => ({ ...r, hash: "0".repeat(64) }),
    "is not the hash of the buckets",
  ],
  ["a head that counts wrong", "head", (r) => ({ ...r, entry_count: 1 }), "head.entry_count: is not that"],
  [
    "a head that sums wrong",
    "head",
    (r) => ({ ...r, total_bytes: 104_857_600 }),
    "head.total_bytes: is not that",
  ],
  [
    "a head whose buckets are elsewhere",
    "head",
    (r) => {
      const buckets = (r.buckets as string[]).toReversed();
      return { ...r, buckets, hash: sha256(buckets.join("\n")) };
    },
    "belongs to another place",
  ],
  [
    "a head of buckets that are not there",
    "head",
    (r) => {
      const buckets = (r.buckets as string[]).with(0, "0".repeat(64));
      return { ...r, buckets, hash: sha256(buckets.join("\n")) };
    },
    "go on from an earlier line",
  ],
  [
    "a store of a head that is not there",
    "store",
    (r) => ({ ...r, head: "0".repeat(64) }),
    "store.head: head 0000",
  ],
  [
    "a store that began with a head that is not there",
    "store",
    (r) => ({ ...r, origin: { store_id: null, head: "0".repeat(64) } }),
    "store.origin.head: head 0000",
  ],
  [
    "a name with a line break",
    "store",
    (r) => ({ ...r, name: "a\nb" }),
    "must not contain control characters",
  ],
  ["metadata that is a list", "store", (r) => ({ ...r, metadata: [] }), "must be an object, is a list"],
  ["metadata of numbers", "store", (r) => ({ ...r, metadata: { a: 1 } }), "must be a text, is a number"],
  [
    "a revision of no store",
    "revision",
    (r) => ({ ...r, store_id: "memstore_x" }),
    "go on from an earlier line",
  ],
  ["a revision above its store's", "revision", (r) => ({ ...r, number: 99 }), "the store has only"],
  ["a version of no revision", "version", (r) => ({ ...r, revision: 98 }), "revision 98 is not there"],
  [
    "a version of a text that is not there",
    "version",
    (r) => ({ ...r, operation: "modified", path: "/x", content_hash: "0".repeat(64), size_bytes: 1 }),
    "the text is not there",
  ],
  [
    "a deleted version with a text",
    "version",
    (r) => ({ ...r, operation: "deleted" }),
    "must be null when deleted",
  ],
  [
    "a redacted version with a path",
    "version",
    (r) => ({ ...r, redacted_at: 1 }),
    "must be null when redacted",
  ],
  [
    "a session of no kind",
    "session",
    (r) => ({ ...r, session_kind: "talk" }),
    "must be one of: conversation, dream",
  ],
  ["tags twice", "session", (r) => ({ ...r, tags: ["a", "a"] }), "must not name anything twice"],
  ["events of no session", "events", (r) => ({ ...r, session_id: "sesn_x" }), "session sesn_x is not there"],
  [
    "events with a gap",
    "events",
    (r) => ({ ...r, events: (r.events as Json[]).toSpliced(1, 1) }),
    "must be one more",
  ],
  [
    "events that come too early",
    "events",
    (r) => ({ ...r, events: (r.events as Json[]).slice(1) }),
    "go on from",
  ],
  ["no events", "events", (r) => ({ ...r, events: [] }), "must have 1 to 100 items"],
  [
    "a block of an unknown type",
    "events",
    (r) => ({ ...r, events: [{ ...firstOf(r, "events"), blocks: [{ type: "image" }] }] }),
    "must be one of: text, tool_use",
  ],
  [
    "a status that its events do not lead to",
    "dream",
    (r) => ({ ...r, status: "canceled" }),
    "is no field of it",
  ],
  ["a count that is not that of its events", "dream", (r) => ({ ...r, seq: 7 }), "dream.seq: must be"],
  ["more attempts than fences", "dream", (r) => ({ ...r, fence: 0 }), "must be at most fence"],
  ["an attempt that 32 bits do not hold", "dream", (r) => ({ ...r, attempt: 2 ** 31 }), "dream.attempt"],
  [
    "a final dream with a hold",
    "dream",
    (r) => ({ ...r, holds: [{ kind: "store", key: "x" }] }),
    "must be empty",
  ],
  [
    "a hold of no kind",
    "dream",
    (r) => ({ ...r, holds: [{ kind: "tenant", key: "x" }] }),
    "one of: store, once",
  ],
  ["begun without inputs", "dream", (r) => ({ ...r, frozen: null }), "needs frozen and ids"],
  [
    "published before it happened",
    "dream",
    (r) => ({ ...r, live: { ...(r.live as Json), published_to: 9 } }),
    "at most seq",
  ],
  [
    "a move that no dream makes",
    "dream",
    (r) => ({ ...r, events: (r.events as Json[]).with(1, { ...(r.events as Json[])[1], to: "failed" }) }),
    "no move is started from pending to failed",
  ],
  ["a change of no dream", "change", (r) => ({ ...r, dream_id: "drm_x" }), "dream drm_x is not there"],
  ["a change of a later attempt", "change", (r) => ({ ...r, attempt: 9 }), "made only 1 attempts"],
  [
    "a change of no kind",
    "change",
    (r) => ({ ...r, change: { ...(r.change as Json), kind: "x" } }),
    "must be one of",
  ],
  ["no count", "end", (r) => ({ ...r, counts: {} }), "end.counts.content: is missing"],
];

describe("a record that is not sound is refused by its number", () => {
  test.each(cases)("%s", async (_, kind, change, message) => {
    const fits = fitting[kind];
    const line = lineOf(kind, fits);
    const text = JSON.stringify(change(JSON.parse(lines[line - 1] ?? "")));
    const refused = await refusalOf(line, text);
    expect(refused).toMatchObject({ kind: "invalid_argument", details: { field: "lines" } });
    expect((refused as Error).message).toMatch(new RegExp(`^line ${line}: `));
    expect((refused as Error).message).toContain(message);
  });

  test("every field of every kind, when it is missing or of another type", { timeout: 120_000 }, async () => {
    const kinds = [
      "content",
      "bucket",
      "head",
      "store",
      "revision",
      "version",
      "session",
      "events",
      "dream",
      "change",
    ];
    for (const kind of kinds) {
      const line = lineOf(kind);
      await using to = await importedUpTo(line);
      const record: Json = JSON.parse(lines[line - 1] ?? "");
      for (const name of Object.keys(record)) {
        for (const value of [undefined, {}, [[]], 1e300, -1, "\ud800", true]) {
          const text = JSON.stringify({ ...record, [name]: value });
          const isSound = text === lines[line - 1] || (name === "metadata" && text.includes('"metadata":{}'));
          if (isSound) continue;
          const outcome = to.useCases.importRecords(to.principal, { lines: text, firstLine: line });
          await expect(outcome, `${kind}.${name} as ${JSON.stringify(value)}`).rejects.toMatchObject({
            kind: "invalid_argument",
            message: expect.stringMatching(new RegExp(`^line ${line}: `)),
          });
        }
      }
    }
  });
});

describe("whatever is done to an export", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "",
      '"',
      "{",
      "}",
      "[",
      ",",
      ":null",
      ":0",
      "-",
      "9",
      "e9",
      "\\ud800",
      "\\u0000",
      "/",
      "..",
      "\n",
      "\u0000",
    ),
    fc.string({ maxLength: 3, unit: "binary" }),
  );
  const edit = fc.record({ line: fc.nat(), at: fc.nat(), cut: fc.nat({ max: 9 }), put: piece });
  const shuffle = fc.record({ from: fc.nat(), to: fc.nat() });
  const damage = fc.record({
    edits: fc.array(edit, { maxLength: 3 }),
    moves: fc.array(shuffle, { maxLength: 2 }),
    drops: fc.array(fc.nat(), { maxLength: 2 }),
    first: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 400 })),
  });

  test("each line is imported, or refused by its number", { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(damage, async ({ edits, moves, drops, first }) => {
        const broken = [...lines];
        for (const { line, at, cut, put } of edits) {
          const index = line % broken.length;
          const text = broken[index] ?? "";
          const start = at % (text.length + 1);
          broken[index] = text.slice(0, start) + put + text.slice(start + cut);
        }
        for (const { from, to } of moves) {
          const [moved = ""] = broken.splice(from % broken.length, 1);
          broken.splice(to % (broken.length + 1), 0, moved);
        }
        for (const drop of drops) broken.splice(drop % broken.length, 1);
        await using to = await setup();
        const start = first % broken.length;
        const text = broken.slice(start).join("\n").toWellFormed();
        const count = text.split("\n").length;
        try {
          await to.useCases.importRecords(to.principal, { lines: text, firstLine: start + 1 });
        } catch (error) {
          if (!isReveriedError(error)) throw error;
          expect(["invalid_argument", "failed_precondition"]).toContain(error.kind);
          const line = Number(/^line (\d+): /.exec(error.message)?.[1]);
          expect(line).toBeGreaterThanOrEqual(start + 1);
          expect(line).toBeLessThan(start + 1 + count);
        }
        // What was taken can be exported, and so is sound enough to be read.
        await exportLines(to.useCases, to.principal);
      }),
      { numRuns: 150 },
    );
  });

  test("a cursor that was tampered with is refused, or goes on somewhere", { timeout: 120_000 }, async () => {
    await using world = await importedUpTo(lines.length);
    const exportTenant = createExportTenant(world.deps, { answerBytes: 2_000 });
    const cursors: string[] = [];
    const never = new AbortController().signal;
    for await (const { cursor } of exportTenant(world.principal, { after: "" }, never)) cursors.push(cursor);
    const number = fc.oneof(fc.nat({ max: 5 }), fc.maxSafeNat());
    const place = fc.record({
      step: fc.nat({ max: 6 }),
      at: fc.array(number, { maxLength: 8 }),
      mark: fc.oneof(fc.string({ maxLength: 20 }), fc.constant(`9 ${"0".repeat(64)} `)),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.option(place),
        fc.string({ maxLength: 4 }),
        async (index, change, tail) => {
          const cursor = cursors[index % cursors.length] ?? "";
          const [tenant, state] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
          const changed = change === null ? state : { ...state, place: { ...state.place, ...change } };
          const text = Buffer.from(JSON.stringify([tenant, changed])).toString("base64url") + tail;
          try {
            await exportLines(world.useCases, world.principal, text);
          } catch (error) {
            if (!isReveriedError(error)) throw error;
            expect(error.kind).toBe("invalid_argument");
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
