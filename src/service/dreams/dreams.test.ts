import { describe, expect, test } from "vitest";
import { setup } from "../../../test/support/bundle.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { CreateDreamRequest } from "./create-dream.ts";
import type { DreamUpdate } from "./watch-dream.ts";

const draft: Omit<CreateDreamRequest, "inputMemoryStoreId"> = {
  sessionIds: [],
  model: "",
  instructions: null,
  outputBehavior: "create_new",
  type: "omni",
};

const noFilter = {
  statuses: [],
  includeArchived: false,
  createdAfter: null,
  createdBefore: null,
  memoryStoreId: null,
};

describe("create refuses what it cannot do, names field and bound, and writes nothing", () => {
  const cases: [string, Partial<CreateDreamRequest>, string, RegExp][] = [
    ["an empty store id", { inputMemoryStoreId: "" }, "invalid_argument", /input_memory_store_id.*empty/],
    ["a store that is not there", { inputMemoryStoreId: "memstore_none" }, "not_found", /memstore_none/],
    ["an id over 256 characters", { inputMemoryStoreId: "x".repeat(257) }, "invalid_argument", /256/],
    [
      "4,097 characters of instructions",
      { instructions: "é".repeat(4_097) },
      "invalid_argument",
      /instructions.*4096/,
    ],
    ["empty instructions", { instructions: "" }, "invalid_argument", /instructions/],
    [
      "101 sessions",
      { sessionIds: Array.from({ length: 101 }, (_, i) => `sesn_${i}`) },
      "invalid_argument",
      /100/,
    ],
    ["a session twice", { sessionIds: ["sesn_a", "sesn_a"] }, "invalid_argument", /twice/],
    ["a session that is not there", { sessionIds: ["sesn_none"] }, "not_found", /sesn_none/],
    ["a model that is not configured", { model: "gpt-nope" }, "invalid_argument", /auto, lite, ultimate/],
    ["a type no engine serves", { type: "card_refresh" }, "unimplemented", /card_refresh/],
  ];
  test.each(cases)("%s", async (_name, wrong, kind, message) => {
    await using world = await setup();
    const { storeId } = await world.inputs();
    const request = { ...draft, inputMemoryStoreId: storeId, ...wrong };
    await expect(world.useCases.createDream(world.principal, request)).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(message),
    });
    const page = await world.useCases.listDreams(world.principal, {
      pageSize: 0,
      pageToken: "",
      filter: noFilter,
    });
    expect(page.dreams).toEqual([]);
  });
});

test("4,096 characters of instructions are accepted, whatever their size in UTF-16", async () => {
  await using world = await setup();
  const { storeId } = await world.inputs();
  const instructions = "🌙".repeat(4_096);
  const dream = await world.useCases.createDream(world.principal, {
    ...draft,
    inputMemoryStoreId: storeId,
    instructions,
  });
  expect((await world.get(dream.id)).instructions).toBe(instructions);
});

test("a dream's own transcript is never an input", async () => {
  await using world = await setup();
  world.worker().start();
  const first = await world.dream();
  await world.clock.settle();
  const done = await world.get(first.id);
  const request = {
    ...draft,
    inputMemoryStoreId: done.inputs.memoryStoreId,
    sessionIds: [done.ids?.sessionId ?? ""],
  };
  await expect(world.useCases.createDream(world.principal, request)).rejects.toMatchObject({
    kind: "invalid_argument",
  });
});

test("one dream updates a store at a time; the second is told which, and may come after it", async () => {
  await using world = await setup();
  const { storeId } = await world.inputs();
  const request: CreateDreamRequest = {
    ...draft,
    inputMemoryStoreId: storeId,
    outputBehavior: "update_existing",
  };
  const first = await world.useCases.createDream(world.principal, request);
  await expect(world.useCases.createDream(world.principal, request)).rejects.toMatchObject({
    kind: "conflict",
    details: { blockedBy: first.id },
  });
  await world.useCases.cancelDream(world.principal, { id: first.id });
  await world.useCases.createDream(world.principal, request);
});

test("another tenant's dream is not there", async () => {
  await using world = await setup();
  const dream = await world.dream();
  const other = { tenant: "other", keyId: null };
  await expect(world.useCases.getDream(other, { id: dream.id })).rejects.toMatchObject({ kind: "not_found" });
  await expect(world.useCases.cancelDream(other, { id: dream.id })).rejects.toMatchObject({
    kind: "not_found",
  });
  expect(
    (await world.useCases.listDreams(other, { pageSize: 0, pageToken: "", filter: noFilter })).dreams,
  ).toEqual([]);
});

test("pages follow on while dreams are created, and a token is good for its own filters only", async () => {
  await using world = await setup();
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    ids.unshift((await world.dream()).id);
    await world.clock.advance(1);
  }
  const list = (pageToken: string, filter = noFilter) =>
    world.useCases.listDreams(world.principal, { pageSize: 2, pageToken, filter });
  const first = await list("");
  await world.dream();
  const second = await list(first.nextPageToken);
  const third = await list(second.nextPageToken);
  expect([...first.dreams, ...second.dreams, ...third.dreams].map((dream) => dream.id)).toEqual(ids);
  expect(third.nextPageToken).toBe("");
  await expect(list(first.nextPageToken, { ...noFilter, includeArchived: true })).rejects.toMatchObject({
    kind: "invalid_argument",
    message: expect.stringContaining("page_token"),
  });
  for (const bad of ["x", "e30", Buffer.from("[1,2]").toString("base64url")]) {
    await expect(list(bad)).rejects.toMatchObject({ kind: "invalid_argument" });
  }
});

test("cancel of a completed dream and archive of a running one are refused and change nothing", async () => {
  await using world = await setup();
  const pending = await world.dream();
  await expect(world.useCases.archiveDream(world.principal, { id: pending.id })).rejects.toMatchObject({
    kind: "failed_precondition",
  });
  world.worker().start();
  await world.clock.settle();
  const done = await world.get(pending.id);
  await expect(world.useCases.cancelDream(world.principal, { id: done.id })).rejects.toMatchObject({
    kind: "failed_precondition",
    message: expect.stringContaining("completed"),
  });
  expect(await world.get(pending.id)).toEqual(done);
  const archived = await world.useCases.archiveDream(world.principal, { id: done.id });
  const again = await world.useCases.archiveDream(world.principal, { id: done.id });
  expect(again).toEqual(archived);
});

test("watch gives history, then live events, each once and in order, and ends with the dream", async () => {
  await using world = await setup();
  const dream = await world.dream();
  const seen: DreamUpdate[] = [];
  const watching = (async () => {
    const updates = world.useCases.watchDream(
      world.principal,
      { id: dream.id, afterEventNumber: 0 },
      new AbortController().signal,
    );
    for await (const update of updates) seen.push(update);
  })();
  await world.clock.settle();
  world.worker().start();
  await world.clock.settle();
  await watching;
  const numbers = seen.flatMap((update) => (update.kind === "event" ? [update.event.number] : []));
  expect(numbers).toEqual([1, 2, 3]);
});

test("watch survives a bus that is away and gives no hints", async () => {
  await using world = await setup();
  const listen = async () => Promise.reject(new ReveriedError("unavailable", "the bus is away"));
  const deaf = { ...world.deps, bus: { ...world.bus, listen } };
  const { createWatchDream } = await import("./watch-dream.ts");
  const dream = await world.dream();
  const signal = new AbortController().signal;
  const updates = createWatchDream(deaf)(world.principal, { id: dream.id, afterEventNumber: 1 }, signal);
  const first = updates[Symbol.asyncIterator]().next();
  await world.clock.settle();
  await world.useCases.cancelDream(world.principal, { id: dream.id });
  await world.clock.advance(1_100);
  expect(await first).toMatchObject({ value: { kind: "event", event: { number: 2, kind: "canceled" } } });
});

describe("collections", () => {
  const request = {
    workspaceId: "w",
    observer: "alice",
    observed: null,
    type: "omni",
    sessionId: null,
  } as const;

  test("schedule answers with the active dream of the same collection and type, however many race", async () => {
    await using world = await setup();
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => world.useCases.scheduleDream(world.principal, request)),
    );
    expect(new Set(answers.map(({ dream }) => dream.id)).size).toBe(1);
    expect(answers.filter(({ alreadyActive }) => !alreadyActive)).toHaveLength(1);
    const other = await world.useCases.scheduleDream(world.principal, { ...request, type: "consolidate" });
    expect(other.alreadyActive).toBe(false);
    expect(other.dream.inputs.memoryStoreId).toBe(answers[0]?.dream.inputs.memoryStoreId);
  });

  test.each([
    ["a type no engine serves", { type: "card_refresh" }, "unimplemented"],
    ["a session that is not there", { sessionId: "sesn_none" }, "not_found"],
    ["an empty workspace", { workspaceId: "" }, "invalid_argument"],
  ] as const)("a refused call (%s) makes no store", async (_, wrong, kind) => {
    await using world = await setup();
    for (const call of [world.useCases.scheduleDream, world.useCases.triggerDream]) {
      await expect(call(world.principal, { ...request, ...wrong })).rejects.toMatchObject({ kind });
    }
    const list = { pageSize: 0, pageToken: "", includeArchived: true };
    expect((await world.useCases.listMemoryStores(world.principal, list)).stores).toEqual([]);
  });

  test("trigger queues each call, and they run one after the other", async () => {
    await using world = await setup();
    const queued = [];
    for (let i = 0; i < 3; i += 1) queued.push(await world.useCases.triggerDream(world.principal, request));
    expect(new Set(queued.map(({ dream }) => dream.id)).size).toBe(3);
    let running = 0;
    let most = 0;
    const { createScriptedEngine, nothingNew } = await import("../../../test/support/scripted-engine.ts");
    const engine = createScriptedEngine(async () => {
      running += 1;
      most = Math.max(most, running);
      await world.clock.sleep(200, new AbortController().signal);
      running -= 1;
      return nothingNew;
    });
    world.worker({ engine }).start();
    await world.clock.advance(10_000);
    expect(most).toBe(1);
    for (const { dream } of queued) expect((await world.get(dream.id)).status).toBe("completed");
  });

  test("names with separators do not collide", async () => {
    await using world = await setup();
    const one = await world.useCases.scheduleDream(world.principal, {
      ...request,
      observer: "a:b",
      observed: "c",
    });
    const two = await world.useCases.scheduleDream(world.principal, {
      ...request,
      observer: "a",
      observed: "b:c",
    });
    expect(two.alreadyActive).toBe(false);
    expect(two.dream.inputs.memoryStoreId).not.toBe(one.dream.inputs.memoryStoreId);
  });
});
