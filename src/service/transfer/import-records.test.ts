import { beforeAll, describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { aSessionEvent } from "../../../test/support/factories.ts";
import { type FullTenant, fillTenant } from "../../../test/support/full-tenant.ts";
import { createScriptedEngine, noteWhatWasRead } from "../../../test/support/scripted-engine.ts";
import { memoryAt, put } from "../../../test/support/stores.ts";
import { exportLines, importLines, kindsOf } from "../../../test/support/transfer.ts";
import { limits } from "../../core/limits.ts";

let lines: readonly string[];
let full: FullTenant;

beforeAll(async () => {
  await using world = await setup();
  full = await fillTenant(world);
  lines = await exportLines(world.useCases, world.principal);
});

/** An empty tenant into which `lines` go. */
async function imported(): Promise<Bundle> {
  const to = await setup();
  await importLines(to.useCases, to.principal, lines);
  return to;
}

function importFrom(to: Bundle, first: number, upTo = lines.length, all = lines) {
  const some = all.slice(first - 1, upTo).join("\n");
  return to.useCases.importRecords(to.principal, { lines: some, firstLine: first });
}

/** The number of the first line that begins so. */
function lineOf(start: string, all = lines): number {
  return all.findIndex((line) => line.startsWith(start)) + 1;
}

describe("what is imported", () => {
  test.each([1, 7, 50, 10_000])(
    "is exported again byte for byte, in calls of %i lines",
    async (linesPerCall) => {
      await using to = await setup();
      await importLines(to.useCases, to.principal, lines, linesPerCall);
      expect(await exportLines(to.useCases, to.principal)).toEqual(lines);
    },
  );

  test("can be used like what was there before", async () => {
    await using to = await imported();
    const texts = await to.texts(full.copyId);
    expect(texts).toMatchObject({
      "/made.md": `made by ${full.dreams.completed}`,
      "/after.md": "written into the copy",
      "/notes/three.md": expect.stringContaining("note 3"),
    });
    await put(to, full.copyId, { "/a.md": "fifth" });
    expect(await to.texts(full.copyId)).toEqual({ ...texts, "/a.md": "fifth" });
    const reverted = await to.useCases.revertDream(to.principal, { id: full.dreams.updated });
    expect(reverted.conflictingPaths).toEqual([]);
    expect((await memoryAt(to, full.storeId, "/a.md")).content).toBe("third");
    const diff = await to.useCases.diffDream(to.principal, {
      id: full.dreams.completed,
      pageSize: 0,
      pageToken: "",
    });
    expect(diff.changes.map(({ change }) => change.kind).toSorted()).toEqual([
      "create",
      "delete",
      "rename",
      "update",
    ]);
    const appended = await to.useCases.appendSessionEvents(to.principal, {
      sessionId: full.sessionId,
      events: [aSessionEvent()],
    });
    expect(appended[0]?.number).toBe(251);
  });

  test("goes on: a pending dream runs, and a running one is given back and runs", async () => {
    await using to = await imported();
    const engine = createScriptedEngine(noteWhatWasRead);
    to.worker({ engine }).start();
    to.reaper().start();
    await to.clock.advance(120_000);
    expect(await to.get(full.dreams.pending)).toMatchObject({ status: "completed" });
    const reaped = await to.get(full.dreams.running);
    expect(reaped).toMatchObject({ status: "completed", attempt: 2 });
    expect(reaped.events.map(({ kind }) => kind)).toEqual([
      "created",
      "started",
      "released",
      "started",
      "completed",
    ]);
  });

  test("may go into a tenant of another name, whose holds it takes", async () => {
    await using to = await setup();
    const other = { tenant: "new-home", keyId: null };
    await importLines(to.useCases, other, lines);
    expect(await exportLines(to.useCases, other)).toEqual(lines);
    const request = {
      inputMemoryStoreId: full.storeId,
      sessionIds: [],
      model: "",
      instructions: null,
    } as const;
    const update = { ...request, outputBehavior: "update_existing", type: "omni" } as const;
    await expect(to.useCases.createDream(other, update)).rejects.toMatchObject({
      kind: "conflict",
      details: { blockedBy: full.dreams.pending },
    });
    expect(await exportLines(to.useCases, to.principal)).toHaveLength(2);
  });

  test("is published from where it was", async () => {
    await using to = await imported();
    const dream = await to.get(full.dreams.completed);
    expect(dream.live.publishedTo).toBe(
      JSON.parse(lines[lineOf('{"kind":"dream"') - 1] ?? "").live.published_to,
    );
  });
});

describe("an import that broke off", () => {
  test("is repeated from any earlier line", { timeout: 60_000 }, async () => {
    for (let broken = 1; broken < lines.length; broken += 13) {
      await using to = await setup();
      await importFrom(to, 1, broken);
      const again = Math.max(1, broken - (broken % 31));
      await importFrom(to, again);
      expect(await exportLines(to.useCases, to.principal)).toEqual(lines);
    }
  });

  test("counts what it wrote and what was there", async () => {
    await using to = await setup();
    const { begin, end, content, ...rest } = kindsOf(lines);
    const texts = new Set(lines.filter((line) => line.startsWith('{"kind":"content"')));
    const others = Object.values(rest).reduce((sum, count) => sum + count, 0);
    expect(await importFrom(to, 1)).toEqual({
      written: others + texts.size,
      present: (content ?? 0) - texts.size,
    });
    expect(await importFrom(to, 1)).toEqual({ written: 0, present: others + (content ?? 0) });
  });

  test("is repeated while agents write and dreams run, and undoes nothing of what they did", async () => {
    await using to = await imported();
    const { useCases: use, principal } = to;
    await put(to, full.storeId, { "/a.md": "written since" });
    await use.updateMemoryStore(principal, {
      id: full.copyId,
      name: "renamed since",
      description: null,
      metadata: {},
      protectedPaths: null,
    });
    await use.appendSessionEvents(principal, { sessionId: full.sessionId, events: [aSessionEvent()] });
    await use.archiveSession(principal, { id: full.sessionId });
    const redacted = JSON.parse(lines.findLast((line) => line.includes('"path":"/gone.md"')) ?? "").id;
    await use.redactMemoryVersion(principal, { memoryStoreId: full.storeId, id: redacted });
    to.worker({ engine: createScriptedEngine(noteWhatWasRead) }).start();
    await to.clock.advance(10_000);
    const before = await exportLines(use, principal);
    const again = await importLines(use, principal, lines);
    expect(again.written).toBeLessThanOrEqual(1);
    expect(await exportLines(use, principal)).toEqual(before);
  });
});

describe("a thing that is there and differs", () => {
  const changes: readonly (readonly [string, (line: string) => string])[] = [
    ["store", (line) => line.replace(/"name":"[^"]*"/, '"name":"other"')],
    ["session", (line) => line.replace(/"title":"[^"]*"/, '"title":"other"')],
    ["events", (line) => line.replace(/"speaker":"[^"]*"/, '"speaker":"Nobody"')],
    ["dream", (line) => line.replace(/"instructions":"[^"]*"/, '"instructions":"other"')],
    ["change", (line) => line.replace(/"reason":"[^"]*"/, '"reason":"other"')],
    ["revision", (line) => line.replace(/"base":"[0-9a-f]{4}/, '"base":"0000')],
    ["version", (line) => line.replace(/"version":1,/, '"version":9,')],
  ];

  test.each(changes)("is refused and stays: %s", async (kind, change) => {
    await using to = await imported();
    const line = lines.findIndex((one) => one.startsWith(`{"kind":"${kind}"`) && change(one) !== one) + 1;
    const changed = lines.with(line - 1, change(lines[line - 1] ?? ""));
    await expect(importFrom(to, line, line, changed)).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringMatching(new RegExp(`^line ${line}: .*differs`)),
      details: { field: "lines" },
    });
    expect(await exportLines(to.useCases, to.principal)).toEqual(lines);
  });
});

test("a dream that went on is not taken for one that differed from the start", async () => {
  await using to = await imported();
  await to.useCases.cancelDream(to.principal, { id: full.dreams.pending });
  const line = lines.findIndex((one) => one.includes(`"id":"${full.dreams.pending}"`)) + 1;
  expect(await importFrom(to, line, line)).toEqual({ written: 0, present: 1 });
  const changed = lines.with(line - 1, (lines[line - 1] ?? "").replace('"model":"auto"', '"model":"lite"'));
  await expect(importFrom(to, line, line, changed)).rejects.toThrow("differs");
});

test("the lines before one that is refused are kept, whatever their kind", async () => {
  const bad = lines.length - 1;
  await using to = await setup();
  const broken = lines.with(bad - 1, '{"kind":"change"}');
  await expect(importFrom(to, 1, broken.length, broken)).rejects.toMatchObject({
    kind: "invalid_argument",
    message: expect.stringMatching(new RegExp(`^line ${bad}: change`)),
  });
  await importFrom(to, bad);
  expect(await exportLines(to.useCases, to.principal)).toEqual(lines);

  // Also when it is refused for what is there, while lines of other kinds before it were yet to be written.
  await using other = await setup();
  const store = lines.findLastIndex((line) => line.startsWith('{"kind":"store"')) + 1;
  const headless = (lines[store - 1] ?? "").replace(/"head":"[0-9a-f]{4}/, '"head":"0000');
  const orphan = lines.with(store - 1, headless);
  await expect(importFrom(other, 1, orphan.length, orphan)).rejects.toThrow(`line ${store}: store.head`);
  const kept = kindsOf(await exportLines(other.useCases, other.principal));
  expect(kept.version).toBeGreaterThan(40);
  expect(kept.version).toBe(kindsOf(lines.slice(0, store - 1)).version);
  expect(kept.session).toBeUndefined();
});

describe("a call", () => {
  test("may have one long line, or several short ones", async () => {
    await using to = await setup();
    const long = "\u0001".repeat(limits.eventTextBytes);
    const { sessionId } = await to.inputs({}, [long, "short"]);
    const exported = await exportLines(to.useCases, to.principal);
    expect(Math.max(...exported.map((line) => line.length))).toBeGreaterThan(6_000_000);
    await using other = await setup();
    await expect(importLines(other.useCases, other.principal, exported)).rejects.toMatchObject({
      kind: "too_large",
      details: { field: "lines", limit: limits.transferCallBytes },
    });
    await importLines(other.useCases, other.principal, exported, 1);
    expect((await other.useCases.getSession(other.principal, { id: sessionId })).lastEvent).toBe(2);
    expect(await exportLines(other.useCases, other.principal)).toEqual(exported);
    await expect(
      other.useCases.importRecords(other.principal, {
        lines: "x".repeat(limits.transferLineBytes + 1),
        firstLine: 1,
      }),
    ).rejects.toMatchObject({ kind: "too_large" });
  });

  test.each([
    ["", 1, "lines: must not be empty"],
    ['{"kind":"begin","format":"reveried-export","version":1}', -1, "first_line: must be at least 1"],
  ])("with %j from line %i is refused", async (text, firstLine, message) => {
    await using to = await setup();
    const call = to.useCases.importRecords(to.principal, { lines: text, firstLine });
    await expect(call).rejects.toThrow(message);
  });
});
