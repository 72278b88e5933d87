import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { aSessionEvent } from "../../../test/support/factories.ts";
import { fillTenant } from "../../../test/support/full-tenant.ts";
import { copyOf, memoryAt, put, storeWith } from "../../../test/support/stores.ts";
import { exportLines, importLines, kindsOf } from "../../../test/support/transfer.ts";
import type { ServiceDeps } from "../deps.ts";
import { createExportTenant, type ExportAnswer } from "./export-tenant.ts";

const never = new AbortController().signal;

/** An answer for each line, from a cursor on. */
async function answers(world: Bundle, after = "", deps: ServiceDeps = world.deps): Promise<ExportAnswer[]> {
  const exportTenant = createExportTenant(deps, { answerBytes: 1 });
  const all: ExportAnswer[] = [];
  for await (const answer of exportTenant(world.principal, { after }, never)) all.push(answer);
  return all;
}

function contentsOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const record = JSON.parse(line) as { readonly kind: string; readonly text?: string };
    return record.kind === "content" ? [record.text ?? ""] : [];
  });
}

describe("an export", () => {
  test("has every kind of record, counted, and ends with the hash of its lines", async () => {
    await using world = await setup();
    await fillTenant(world);
    const lines = await exportLines(world.useCases, world.principal);
    const { begin, end, ...kinds } = kindsOf(lines);
    expect([begin, end]).toEqual([1, 1]);
    expect(Object.values(kinds).every((count) => count > 0)).toBe(true);
    const { sha256 } = world.deps.digest;
    const hash = lines.slice(0, -1).reduce((before, line) => sha256(`${before}\n${line}`), "0".repeat(64));
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ kind: "end", counts: kinds, hash });
    expect(lines[0]).toBe('{"kind":"begin","format":"reveried-export","version":1}');
  });

  test("of a tenant that has nothing is two lines", async () => {
    await using world = await setup();
    expect(kindsOf(await exportLines(world.useCases, world.principal))).toEqual({ begin: 1, end: 1 });
  });

  test("goes on from every cursor with exactly the lines that are missing", {
    timeout: 120_000,
  }, async () => {
    await using world = await setup();
    await fillTenant(world);
    const all = await answers(world);
    expect(all.length).toBeGreaterThan(150);
    expect(all.map(({ lines }) => lines).join("")).toBe(
      `${(await exportLines(world.useCases, world.principal)).join("\n")}\n`,
    );
    for (const [index, { cursor }] of all.entries()) {
      const rest = all.slice(index + 1).map(({ lines }) => lines.trimEnd());
      expect(await exportLines(world.useCases, world.principal, cursor)).toEqual(
        rest.length === 0 ? [] : rest,
      );
    }
  });

  test("has nothing of another tenant, and none of its cursors", async () => {
    await using world = await setup();
    const other = { tenant: "rival", keyId: null };
    const { store } = await world.useCases.createMemoryStore(other, {
      name: "zebra store",
      description: "",
      metadata: {},
      protectedPaths: [],
    });
    // The same text as one of the tenant's, which both have under one hash.
    await world.useCases.putMemories(other, {
      memoryStoreId: store.id,
      memories: [
        { path: "/zebra.md", content: "zebra text" },
        { path: "/same.md", content: "said by both" },
      ],
    });
    const none = { title: "zebra talk", agentId: null, workspaceId: null, tags: [], metadata: {} };
    const session = await world.useCases.createSession(other, { ...none, memoryStoreIds: [store.id] });
    await world.useCases.appendSessionEvents(other, {
      sessionId: session.id,
      events: [aSessionEvent({ blocks: [{ type: "text", text: "zebra words" }] })],
    });
    await fillTenant(world);
    await storeWith(world, { "/same.md": "said by both" });
    const mine = (await exportLines(world.useCases, world.principal)).join("\n");
    expect(mine).toContain("said by both");
    expect(mine).not.toMatch(/zebra|rival/);
    expect(mine).not.toContain(store.id);
    expect(mine).not.toContain(world.principal.tenant);
    const theirs = await exportLines(world.useCases, other);
    expect(kindsOf(theirs)).toMatchObject({ store: 1, content: 2, session: 1 });
    const cursor = (await answers(world))[3]?.cursor ?? "";
    await expect(exportLines(world.useCases, other, cursor)).rejects.toThrow("after: is not a cursor");
  });

  test.each(["x", "e30", Buffer.from("[1,2]").toString("base64url"), "A".repeat(70_000)])(
    "refuses a cursor that is none",
    async (cursor) => {
      await using world = await setup();
      await expect(exportLines(world.useCases, world.principal, cursor)).rejects.toMatchObject({
        kind: "invalid_argument",
        details: { field: "after" },
      });
    },
  );

  test("ends early when its caller hangs up", async () => {
    await using world = await setup();
    await storeWith(world, { "/a.md": "a" });
    const exported = world.useCases.exportTenant(world.principal, { after: "" }, AbortSignal.abort());
    for await (const answer of exported) expect(answer).toBeUndefined();
  });
});

describe("what is sent once", () => {
  test("a store that began as a copy is sent as what differs from it", async () => {
    await using world = await setup();
    const texts = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`/${at}.md`, `text ${at}`]));
    let storeId = await storeWith(world, texts);
    for (let copies = 0; copies < 10; copies += 1) {
      await world.clock.advance(1_000);
      storeId = (await copyOf(world, storeId)).id;
      await put(world, storeId, { [`/${copies}.md`]: `copy ${copies}` });
    }
    const lines = await exportLines(world.useCases, world.principal);
    expect(contentsOf(lines)).toHaveLength(210);
    expect(kindsOf(lines)).toMatchObject({ store: 11, head: 11 });
    const first = kindsOf(
      lines.slice(
        0,
        lines.findIndex((line) => line.includes('"kind":"head"')),
      ),
    );
    expect(kindsOf(lines).bucket).toBe((first.bucket ?? 0) + 10);
  });

  test("a text that the head shows is not sent again with its version", async () => {
    await using world = await setup();
    const storeId = await storeWith(world, { "/a.md": "one" });
    await put(world, storeId, { "/a.md": "two" });
    await put(world, storeId, { "/a.md": "three" });
    const lines = await exportLines(world.useCases, world.principal);
    expect(contentsOf(lines)).toEqual(["three", "two", "one"]);
  });
});

describe("while others write", () => {
  test("a store is as it was when it was begun, and what follows is left to the next export", async () => {
    await using world = await setup();
    const storeId = await storeWith(world, { "/a.md": "one" });
    const exportTenant = createExportTenant(world.deps, { answerBytes: 1 });
    const lines: string[] = [];
    for await (const answer of exportTenant(world.principal, { after: "" }, never)) {
      lines.push(answer.lines.trimEnd());
      if (answer.lines.includes('"kind":"bucket"')) {
        await put(world, storeId, { "/a.md": "two", "/b.md": "new" });
        await storeWith(world, { "/late.md": "late" });
      }
    }
    await using to = await setup();
    await importLines(to.useCases, to.principal, lines);
    expect(await to.texts(storeId)).toEqual({ "/a.md": "one" });
    expect((await to.deps.memories.get({ tenant: "acme", id: storeId }))?.revision).toBe(1);
  });

  test("a store that changed between two parts of an export is sent again from its beginning", async () => {
    await using world = await setup();
    const storeId = await storeWith(world, { "/a.md": "one", "/b.md": "b" });
    const all = await answers(world);
    for (const [index, { cursor }] of all.slice(0, -1).entries()) {
      await put(world, storeId, { "/a.md": `since ${index}` });
      const before = all.slice(0, index + 1).map(({ lines }) => lines.trimEnd());
      const rest = await exportLines(world.useCases, world.principal, cursor);
      await using to = await setup();
      await importLines(to.useCases, to.principal, [...before, ...rest].slice(0, -1));
      // Once the store itself was sent, it stays as it was then.
      const sent = before.some((line) => line.startsWith('{"kind":"store"'));
      if (!sent) expect(await to.texts(storeId)).toEqual(await world.texts(storeId));
    }
  });

  test("a text that is redacted while it is read is no damage", async () => {
    await using world = await setup();
    const storeId = await storeWith(world, { "/a.md": "a secret" });
    const { versionId } = await memoryAt(world, storeId, "/a.md");
    const { memories } = world.deps;
    let reads = 0;
    const getContents: typeof memories.getContents = async (request) => {
      reads += 1;
      if (reads === 1) {
        await put(world, storeId, { "/a.md": "nothing" });
        await world.useCases.redactMemoryVersion(world.principal, { memoryStoreId: storeId, id: versionId });
      }
      return memories.getContents(request);
    };
    const deps = { ...world.deps, memories: { ...memories, getContents } };
    const lines = (await answers(world, "", deps)).map((answer) => answer.lines.trimEnd());
    expect(contentsOf(lines)).toEqual(["nothing"]);
    await using to = await setup();
    await importLines(to.useCases, to.principal, lines);
    expect(await to.texts(storeId)).toEqual({ "/a.md": "nothing" });
  });

  test("events that are said meanwhile are left out, and a session that is deleted ends", async () => {
    await using world = await setup();
    const { sessionId } = await world.inputs(
      {},
      Array.from({ length: 150 }, (_, at) => `event ${at}`),
    );
    const exportTenant = createExportTenant(world.deps, { answerBytes: 1 });
    const kinds: string[] = [];
    for await (const { lines } of exportTenant(world.principal, { after: "" }, never)) {
      const record = JSON.parse(lines) as { readonly kind: string; readonly last_event?: number };
      kinds.push(record.kind);
      if (record.kind !== "session") continue;
      expect(record.last_event).toBe(150);
      await world.useCases.appendSessionEvents(world.principal, { sessionId, events: [aSessionEvent()] });
    }
    expect(kinds.filter((kind) => kind === "events")).toHaveLength(2);
    await world.deps.sessions.delete({ tenant: "acme", id: sessionId });
    expect(kindsOf(await exportLines(world.useCases, world.principal)).session).toBeUndefined();
  });
});

test("a text that is missing from the storage ends the export and is named", async () => {
  await using world = await setup();
  const storeId = await storeWith(world, { "/a.md": "a" });
  const getContents = async () => new Map<string, string>();
  const deps = { ...world.deps, memories: { ...world.deps.memories, getContents } };
  const hash = world.deps.digest.sha256("a");
  await expect(answers(world, "", deps)).rejects.toMatchObject({
    kind: "internal",
    message: expect.stringMatching(`store ${storeId} is damaged: the text of "/a.md" .${hash}. is missing`),
  });
});
