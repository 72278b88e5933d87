import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import type { NewSessionEvent } from "../../core/session.ts";

const event = (text: string, id = ""): NewSessionEvent => ({
  id,
  speaker: "user",
  trust: "user",
  blocks: [{ type: "text", text }],
  at: null,
});

async function session(world: Bundle): Promise<string> {
  const request = { title: "", agentId: null, workspaceId: null, memoryStoreIds: [], tags: [], metadata: {} };
  return (await world.useCases.createSession(world.principal, request)).id;
}

const append = (world: Bundle, sessionId: string, events: NewSessionEvent[]) =>
  world.useCases.appendSessionEvents(world.principal, { sessionId, events });

test("events are numbered from 1 in the order of appending, and read back in pages", async () => {
  await using world = await setup();
  const id = await session(world);
  await append(world, id, [event("a"), event("b")]);
  await append(world, id, [event("c")]);
  const list = (afterNumber: number) =>
    world.useCases.listSessionEvents(world.principal, { sessionId: id, afterNumber, pageSize: 2 });
  const first = await list(0);
  expect(first.events.map(({ number }) => number)).toEqual([1, 2]);
  const second = await list(first.nextAfterNumber);
  expect(second.events.map(({ number }) => number)).toEqual([3]);
  expect(second.nextAfterNumber).toBe(0);
});

test("the same ids again append nothing twice", async () => {
  await using world = await setup();
  const id = await session(world);
  const first = await append(world, id, [event("a", "e1"), event("b", "e2")]);
  expect(await append(world, id, [event("a", "e1"), event("b", "e2")])).toEqual(first);
  expect((await world.useCases.getSession(world.principal, { id })).lastEvent).toBe(2);
});

describe("append refuses and appends nothing of the call", () => {
  const big = "x".repeat(1_048_577);
  const cases: [string, NewSessionEvent[], string][] = [
    ["no events", [], "invalid_argument"],
    ["501 events", Array.from({ length: 501 }, () => event("x")), "invalid_argument"],
    ["an empty speaker", [event("ok"), { ...event("x"), speaker: "" }], "invalid_argument"],
    ["an event without blocks", [{ ...event("x"), blocks: [] }], "invalid_argument"],
    ["a text over the bound", [event("ok"), event(big)], "too_large"],
    ["the same id twice", [event("x", "e"), event("y", "e")], "invalid_argument"],
  ];
  test.each(cases)("%s", async (_name, events, kind) => {
    await using world = await setup();
    const id = await session(world);
    await expect(append(world, id, events)).rejects.toMatchObject({ kind });
    expect((await world.useCases.getSession(world.principal, { id })).lastEvent).toBe(0);
  });
});

test("an archived session is read-only, and so is a dream's own", async () => {
  await using world = await setup();
  const id = await session(world);
  await world.useCases.archiveSession(world.principal, { id });
  await expect(append(world, id, [event("x")])).rejects.toMatchObject({ kind: "failed_precondition" });
  world.worker().start();
  const created = await world.dream();
  await world.clock.settle();
  const own = (await world.get(created.id)).ids?.sessionId ?? "";
  await expect(append(world, own, [event("x")])).rejects.toMatchObject({ kind: "failed_precondition" });
  expect((await world.useCases.getSession(world.principal, { id: own })).archivedAt).not.toBeNull();
  const page = await world.useCases.listSessions(world.principal, {
    pageSize: 0,
    pageToken: "",
    filter: { includeArchived: true, workspaceId: null, memoryStoreId: null, agentId: null, tag: null },
  });
  expect(page.sessions.map((one) => one.id)).not.toContain(own);
});

test.each([
  ["workspaceId", "workspace_id"],
  ["memoryStoreId", "memory_store_id"],
  ["agentId", "agent_id"],
  ["tag", "tag"],
] as const)("a list refuses a filter that can match nothing: %s", async (name, field) => {
  await using world = await setup();
  const none = { includeArchived: false, workspaceId: null, memoryStoreId: null, agentId: null, tag: null };
  for (const value of ["x".repeat(513), "a\u0000b"]) {
    const filter = { ...none, [name]: value };
    await expect(
      world.useCases.listSessions(world.principal, { pageSize: 0, pageToken: "", filter }),
    ).rejects.toMatchObject({ kind: "invalid_argument", details: { field } });
  }
});
