import { describe, expect, test } from "vitest";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import { limits } from "../../core/limits.ts";
import type { NewSessionEvent, Session } from "../../core/session.ts";
import type { CreateSessionRequest } from "./create-session.ts";
import type { UpdateSessionRequest } from "./update-session.ts";

const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "v"]));

function create(world: Bundle, fields: Partial<CreateSessionRequest> = {}): Promise<Session> {
  const plain = { title: "", agentId: null, workspaceId: null, memoryStoreIds: [], tags: [], metadata: {} };
  return world.useCases.createSession(world.principal, { ...plain, ...fields });
}

function update(world: Bundle, id: string, change: Partial<UpdateSessionRequest>): Promise<Session> {
  const nothing = { id, title: null, metadata: {}, tags: null };
  return world.useCases.updateSession(world.principal, { ...nothing, ...change });
}

const get = (world: Bundle, id: string) => world.useCases.getSession(world.principal, { id });

const append = (world: Bundle, sessionId: string, ids: readonly string[]) =>
  world.useCases.appendSessionEvents(world.principal, { sessionId, events: ids.map(event) });

function event(id: string): NewSessionEvent {
  return { id, speaker: "user", trust: "user", blocks: [{ type: "text", text: id }], at: null };
}

/** The id of the session a dream wrote. */
async function dreamSession(world: Bundle): Promise<string> {
  world.worker().start();
  const { id } = await world.dream();
  await world.clock.settle();
  return (await world.get(id)).ids?.sessionId ?? "";
}

describe("an update of a session", () => {
  test("changes what it names, patches metadata, and leaves the rest, its events too", async () => {
    await using world = await setup();
    const created = await create(world, { title: "t", tags: ["a", "b"], metadata: { a: "1", b: "2" } });
    await append(world, created.id, ["e1"]);
    const before = await get(world, created.id);
    await world.clock.advance(1_000);
    const after = await update(world, before.id, { title: "new", metadata: { a: "", c: "3" } });
    expect(after).toEqual({
      ...before,
      title: "new",
      metadata: { b: "2", c: "3" },
      edition: 2,
      updatedAt: before.updatedAt + 1_000,
    });
    expect(await get(world, before.id)).toEqual(after);
    expect(await update(world, before.id, { tags: ["c"] })).toMatchObject({ title: "new", tags: ["c"] });
    const listed = await world.useCases.listSessions(world.principal, {
      pageSize: 0,
      pageToken: "",
      filter: { includeArchived: false, workspaceId: null, memoryStoreId: null, agentId: null, tag: "c" },
    });
    expect(listed.sessions.map(({ id }) => id)).toEqual([before.id]);
    expect(await update(world, before.id, { title: "", tags: [] })).toMatchObject({ title: "", tags: [] });
  });

  test("that changes nothing writes nothing", async () => {
    await using world = await setup();
    const before = await create(world, { title: "t", tags: ["a"], metadata: { a: "1" } });
    await world.clock.advance(1_000);
    for (const change of [{}, { title: "t", tags: ["a"], metadata: { a: "1", none: "" } }]) {
      expect(await update(world, before.id, change)).toEqual(before);
    }
  });

  test("of many at once, while events are appended, all come through", async () => {
    await using world = await setup();
    const { id } = await create(world);
    await Promise.all([
      ...Object.keys(pairs(16)).map((key) => update(world, id, { metadata: { [key]: "v" } })),
      append(world, id, ["e1", "e2"]),
    ]);
    expect(await get(world, id)).toMatchObject({ metadata: pairs(16), lastEvent: 2 });
  });

  test.each<[string, Partial<UpdateSessionRequest>, RegExp]>([
    ["256 characters of title", { title: "x".repeat(256) }, /^title: .*255/],
    ["a title of two lines", { title: "a\nb" }, /^title: /],
    ["17 tags", { tags: Object.keys(pairs(17)) }, /^tags\.tags: .*16/],
    ["a tag twice", { tags: ["a", "a"] }, /^tags\.tags: /],
    ["an empty tag", { tags: [""] }, /^tags\.tags: /],
    ["a tag of 65", { tags: ["x".repeat(65)] }, /^tags\.tags: .*64/],
    ["a 17th pair after the patch", { metadata: { more: "v" } }, /^metadata: .*16.*17/],
    ["a value of 513", { metadata: { k0: "v".repeat(513) } }, /^metadata\.k0: .*512/],
  ])("with %s is refused and changes nothing", async (_name, change, message) => {
    await using world = await setup();
    const before = await create(world, { metadata: pairs(16) });
    await expect(update(world, before.id, change)).rejects.toMatchObject({
      kind: "invalid_argument",
      message: expect.stringMatching(message),
    });
    expect(await get(world, before.id)).toEqual(before);
  });

  test("of an archived session is refused, even one that changes nothing", async () => {
    await using world = await setup();
    const { id } = await create(world, { title: "t" });
    await world.useCases.archiveSession(world.principal, { id });
    for (const title of ["new", "t"]) {
      await expect(update(world, id, { title })).rejects.toMatchObject({
        kind: "failed_precondition",
        message: expect.stringContaining("archived"),
      });
    }
  });
});

describe("deleting a session", () => {
  test("takes it with its events, archived or not", async () => {
    await using world = await setup();
    const { id } = await create(world);
    await append(world, id, ["e1"]);
    await world.useCases.archiveSession(world.principal, { id });
    await world.useCases.deleteSession(world.principal, { id });
    for (const call of [
      () => get(world, id),
      () => world.useCases.deleteSession(world.principal, { id }),
      () => update(world, id, { title: "x" }),
      () => append(world, id, ["e2"]),
      () => world.useCases.listSessionEvents(world.principal, { sessionId: id, afterNumber: 0, pageSize: 0 }),
    ]) {
      await expect(call()).rejects.toMatchObject({ kind: "not_found" });
    }
    const { tenant } = world.principal;
    expect(await world.deps.sweep.listDeletedSessions({ tenant, limit: 10 })).toEqual([]);
  });

  test("is done when its rows cannot be removed at once; they are left to the sweeper", async () => {
    await using world = await setup();
    const { id } = await create(world);
    await append(world, id, ["e1"]);
    const removeSession = async () => {
      throw new Error("the storage is away");
    };
    Object.assign(world.deps.sweep, { removeSession });
    await world.useCases.deleteSession(world.principal, { id });
    await expect(get(world, id)).rejects.toMatchObject({ kind: "not_found" });
    const { tenant } = world.principal;
    expect(await world.deps.sweep.listDeletedSessions({ tenant, limit: 10 })).toEqual([id]);
  });

  test("fails the dream that was to read it, and no other", async () => {
    await using world = await setup();
    const dream = await world.dream();
    const { sessions } = dream.inputs;
    await world.useCases.deleteSession(world.principal, {
      id: sessions.kind === "ids" ? (sessions.ids[0] ?? "") : "",
    });
    const other = await world.dream();
    world.worker().start();
    await world.clock.settle();
    expect(await world.get(dream.id)).toMatchObject({
      status: "failed",
      error: { type: "input_session_unavailable" },
    });
    expect((await world.get(other.id)).status).toBe("completed");
  });

  test("of another tenant's is not found, and takes nothing", async () => {
    await using world = await setup();
    const { id } = await create(world);
    const other = { tenant: "other", keyId: null };
    await expect(world.useCases.deleteSession(other, { id })).rejects.toMatchObject({ kind: "not_found" });
    expect((await get(world, id)).id).toBe(id);
  });
});

test("a dream's own session is neither updated, deleted nor appended to", async () => {
  await using world = await setup();
  const id = await dreamSession(world);
  for (const call of [
    () => update(world, id, { title: "x" }),
    () => update(world, id, {}),
    () => world.useCases.deleteSession(world.principal, { id }),
    () => append(world, id, ["e1"]),
  ]) {
    await expect(call()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringContaining("transcript of dream drm_"),
    });
  }
  expect((await get(world, id)).kind).toBe("dream");
});

test("a tenant has at most 1,000,000 sessions", async () => {
  await using world = await setup();
  Object.assign(world.deps.sessions, { count: async () => limits.sessionsPerTenant });
  await expect(create(world)).rejects.toMatchObject({
    kind: "resource_exhausted",
    message: expect.stringContaining("1000000 sessions"),
    details: { limit: limits.sessionsPerTenant },
  });
});

describe("a session of nearly 1,000,000 events", () => {
  /** As if so many had been appended before. */
  async function nearlyFull(world: Bundle, room: number): Promise<string> {
    const { id } = await create(world);
    await append(world, id, ["e1", "e2"]);
    const { sessions } = world.deps;
    const find = sessions.get.bind(sessions);
    const missing = limits.eventsPerSession - room - 2;
    const readEvents = sessions.readEvents.bind(sessions);
    Object.assign(sessions, {
      async get(key: Parameters<typeof find>[0]) {
        const session = await find(key);
        return session === null ? null : { ...session, lastEvent: session.lastEvent + missing };
      },
      readEvents: (query: Parameters<typeof readEvents>[0]) =>
        readEvents({ ...query, after: Math.max(0, query.after - missing), upTo: query.upTo - missing }),
    });
    return id;
  }

  test("takes what there is room for, and then no more", async () => {
    await using world = await setup();
    const id = await nearlyFull(world, 1);
    await expect(append(world, id, ["e3", "e4"])).rejects.toMatchObject({
      kind: "resource_exhausted",
      message: expect.stringMatching(/999999 events.*1000000.*another session/),
      details: { field: "events", limit: limits.eventsPerSession },
    });
    await append(world, id, ["e3"]);
    await expect(append(world, id, ["e4"])).rejects.toMatchObject({ kind: "resource_exhausted" });
  });

  test("still answers a repeated call of its last events", async () => {
    await using world = await setup();
    const id = await nearlyFull(world, 0);
    expect((await append(world, id, ["e1", "e2"])).map((one) => one.id)).toEqual(["e1", "e2"]);
    await expect(append(world, id, ["e2", "e3"])).rejects.toMatchObject({ kind: "resource_exhausted" });
  });
});
