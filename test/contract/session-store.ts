/** What every session store must do: transcripts whose numbers have no gap and whose batches do not mix. */
import { describe, expect } from "vitest";
import type { Block, NewSessionEvent, Session } from "../../src/core/session.ts";
import type { SessionFilter, SessionStore } from "../../src/ports/session-store.ts";
import { aSession, aSessionEvent, someTime } from "../support/factories.ts";
import { type ContractOptions, type MakeStorage, type Promises, registerPromises } from "./storage.ts";

const hardText = '🌙 é e\u0301 \u2028 \ufeff "\\" {"$set":1} a.b\r\n\tline  \n ';
const later = someTime + 10_000;
const conversations: SessionFilter = {
  kind: "conversation",
  includeArchived: false,
  workspaceId: null,
  memoryStoreId: null,
  agentId: null,
  tag: null,
};

export function testSessionStore(name: string, make: MakeStorage, options: ContractOptions): void {
  describe(`${name} session store`, () => {
    registerPromises(make, options, (promises) => {
      promiseSessions(promises);
      promiseArchive(promises);
      promiseSaves(promises);
      promiseDeletions(promises);
      promiseCounts(promises);
      promiseLists(promises);
      promiseFilters(promises);
      promiseAppend(promises);
      promiseAppendAgain(promises);
      promiseAppendRaces(promises);
      promiseReads(promises);
    });
  });
}

function promiseSessions(promises: Promises): void {
  promises("a session comes back exactly as it was created", async ({ sessions }) => {
    const session = aSession({
      kind: "dream",
      dreamId: "drm_1",
      title: hardText,
      agentId: "agent $.1",
      workspaceId: "w1",
      memoryStoreIds: ["memstore_2", "memstore_1"],
      tags: ["b", "a", "A"],
      metadata: { "a.b": hardText, $c: "" },
      updatedAt: someTime + 1,
    });
    expect(await sessions.create(session)).toStrictEqual(session);
    expect(await sessions.get(session)).toStrictEqual(session);
  });

  promises("creating the same session again answers with the stored one", async ({ sessions }) => {
    const session = aSession({ title: "first" });
    await sessions.create(session);
    await append(sessions, session, [aSessionEvent()]);
    const stored = await sessions.get(session);
    expect(stored?.lastEvent).toBe(1);
    const again = await Promise.all([
      sessions.create(session),
      sessions.create({ ...session, title: "second" }),
    ]);
    expect(again).toStrictEqual([stored, stored]);
    expect(await sessions.get(session)).toStrictEqual(stored);
  });

  promises("another tenant's session is absent for every call", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    await append(sessions, session, [aSessionEvent()]);
    const stranger = { ...session, tenant: "globex" };
    expect(await sessions.get(stranger)).toBeNull();
    expect(await sessions.getMany({ tenant: "globex", ids: [session.id] })).toEqual([]);
    expect(await list(sessions, {}, { tenant: "globex" })).toEqual([]);
    expect(await append(sessions, stranger, [aSessionEvent()])).toBeNull();
    expect(await read(sessions, stranger)).toEqual([]);
    expect(await sessions.archive({ ...stranger, now: later })).toBeNull();
    expect(await sessions.get(session)).toMatchObject({ lastEvent: 1, archivedAt: null });
  });

  promises("several sessions are read at once, without those unknown", async ({ sessions }) => {
    const made = [aSession({ id: "sesn_a" }), aSession({ id: "sesn_A" }), aSession({ id: "sesn_c" })];
    for (const session of made) await sessions.create(session);
    const found = await sessions.getMany({ tenant: "acme", ids: ["sesn_c", "sesn_x", "sesn_a"] });
    expect(idsOf(found).toSorted()).toEqual(["sesn_a", "sesn_c"]);
    expect(await sessions.getMany({ tenant: "acme", ids: [] })).toEqual([]);
  });
}

function promiseArchive(promises: Promises): void {
  promises("an archived session keeps the time of its first archiving", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const first = await sessions.archive({ ...session, now: later });
    expect(first).toStrictEqual({ ...session, archivedAt: later, edition: 2 });
    const again = await sessions.archive({ ...session, now: later + 5 });
    expect(again).toStrictEqual(first);
    expect(await sessions.get(session)).toStrictEqual(first);
    expect(await sessions.archive({ tenant: "acme", id: "sesn_none", now: later })).toBeNull();
  });
}

function promiseSaves(promises: Promises): void {
  const changed = (read: Session): Session => ({
    ...read,
    title: hardText,
    tags: ["new", hardText],
    metadata: { "a.b": hardText },
    edition: read.edition + 1,
    updatedAt: later,
  });

  promises("a save writes title, tags and metadata, and lists go by the new tags", async ({ sessions }) => {
    const read = aSession({
      title: "old",
      tags: ["old", "kept"],
      metadata: { old: "1" },
      memoryStoreIds: ["m"],
    });
    await sessions.create(read);
    const next = { ...changed(read), tags: ["kept", hardText] };
    expect(await sessions.save({ read, next })).toStrictEqual({ outcome: "saved", session: next });
    expect(await sessions.get(read)).toStrictEqual(next);
    const tagged = async (tag: string) => idsOf(await list(sessions, { tag }));
    expect([await tagged("old"), await tagged("kept"), await tagged(hardText)]).toEqual([
      [],
      [read.id],
      [read.id],
    ]);
    expect(idsOf(await list(sessions, { memoryStoreId: "m", tag: "kept" }))).toEqual([read.id]);
    expect(await list(sessions, {})).toStrictEqual([next]);
    expect(await sessions.save({ read, next })).toStrictEqual({ outcome: "saved", session: next });
  });

  promises("a save over another edition is stale and writes nothing", async ({ sessions }) => {
    const read = aSession({ tags: ["old"] });
    await sessions.create(read);
    const archived = await sessions.archive({ ...read, now: later });
    const late = await sessions.save({ read, next: changed(read) });
    expect(late).toStrictEqual({ outcome: "stale", session: archived });
    expect(await sessions.get(read)).toStrictEqual(archived);
    expect(await list(sessions, { tag: "new", includeArchived: true })).toEqual([]);
    for (const other of [{ tenant: "globex" }, { id: "sesn_none" }]) {
      const absent = { ...read, ...other };
      const refused = await sessions.save({ read: absent, next: changed(absent) });
      expect(refused).toStrictEqual({ outcome: "stale", session: null });
    }
  });

  promises("an append between read and save is kept, and the save repeats after it", async ({ sessions }) => {
    const read = aSession();
    await sessions.create(read);
    await append(sessions, read, [aSessionEvent()], later + 7);
    const next = changed(read);
    const stored = { ...next, lastEvent: 1, updatedAt: later + 7 };
    expect(await sessions.save({ read, next })).toStrictEqual({ outcome: "saved", session: stored });
    await append(sessions, read, [aSessionEvent()], later + 8);
    const grown = { ...stored, lastEvent: 2, updatedAt: later + 8 };
    expect(await sessions.save({ read, next })).toStrictEqual({ outcome: "saved", session: grown });
    expect(await sessions.get(read)).toStrictEqual(grown);
  });

  promises("saves and appends that race lose nothing of each other", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const rename = async (title: string) => {
      for (;;) {
        const found = await sessions.get(session);
        if (found === null) throw new Error("the session went");
        const next = { ...found, title, tags: [title], edition: found.edition + 1 };
        if ((await sessions.save({ read: found, next })).outcome === "saved") return;
      }
    };
    const work = Array.from({ length: 4 }, (_, index) => [
      rename(`title ${index}`),
      append(sessions, session, [aSessionEvent(), aSessionEvent()]),
    ]);
    await Promise.all(work.flat());
    const stored = await sessions.get(session);
    expect(stored).toMatchObject({ lastEvent: 8, edition: 5 });
    expect((await read(sessions, session)).map((event) => event.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (let index = 0; index < 4; index += 1) {
      const tag = `title ${index}`;
      expect(idsOf(await list(sessions, { tag }))).toEqual(stored?.title === tag ? [session.id] : []);
    }
  });
}

function promiseDeletions(promises: Promises): void {
  promises("a deleted session is absent for every call, its events too", async ({ sessions }) => {
    const labels = { agentId: "a", workspaceId: "w", memoryStoreIds: ["m"], tags: ["t"] };
    const [session, other] = [aSession(labels), aSession(labels)];
    for (const made of [session, other]) await sessions.create(made);
    const batch = [aSessionEvent(), aSessionEvent()];
    await append(sessions, session, batch);
    for (const wrong of [{ tenant: "globex" }, { id: session.id.toUpperCase() }]) {
      expect(await sessions.delete({ ...session, ...wrong })).toBe(false);
    }
    expect(await read(sessions, session)).toHaveLength(2);
    expect(await sessions.delete(session)).toBe(true);
    expect(await sessions.delete(session)).toBe(false);
    expect(await sessions.get(session)).toBeNull();
    expect(idsOf(await sessions.getMany({ tenant: "acme", ids: [session.id, other.id] }))).toEqual([
      other.id,
    ]);
    const filters = [{}, { workspaceId: "w" }, { agentId: "a" }, { memoryStoreId: "m" }, { tag: "t" }];
    for (const filter of filters) {
      expect(idsOf(await list(sessions, { ...filter, includeArchived: true }))).toEqual([other.id]);
    }
    expect(await read(sessions, session)).toEqual([]);
    // Neither new events nor those that were stored are answered.
    for (const events of [batch, [aSessionEvent()]]) {
      expect(await append(sessions, session, events)).toBeNull();
    }
    expect(await sessions.archive({ ...session, now: later })).toBeNull();
    const gone = { outcome: "stale", session: null };
    expect(await sessions.save({ read: session, next: { ...session, edition: 2 } })).toStrictEqual(gone);
    expect(await sessions.get(session)).toBeNull();
  });

  promises("the id of a deleted session is free when its rows are removed", async ({ sessions, sweep }) => {
    const session = aSession({ tags: ["t"] });
    await sessions.create(session);
    await append(sessions, session, [aSessionEvent()]);
    await sessions.delete(session);
    await expect(sessions.create(session)).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringContaining("is being deleted"),
    });
    expect(await sessions.create({ ...session, tenant: "globex" })).toMatchObject({ tenant: "globex" });
    while (!(await sweep.removeSession({ tenant: "acme", sessionId: session.id, limit: 10 })));
    expect(await sessions.create(session)).toStrictEqual(session);
    expect(await read(sessions, session)).toEqual([]);
    expect(idsOf(await list(sessions, { tag: "t" }))).toEqual([session.id]);
  });
}

function promiseCounts(promises: Promises): void {
  promises(
    "conversations are counted, archived ones too, and no further than asked",
    async ({ sessions }) => {
      const made = [aSession(), aSession(), aSession({ archivedAt: later })];
      for (const session of [...made, aSession({ kind: "dream" }), aSession({ tenant: "globex" })]) {
        await sessions.create(session);
      }
      const count = (max: number, tenant = "acme") => sessions.count({ tenant, max });
      expect([await count(100), await count(3), await count(2), await count(1)]).toEqual([3, 3, 2, 1]);
      expect([await count(9, "globex"), await count(9, "Acme")]).toEqual([1, 0]);
      await sessions.delete(made[0] ?? aSession());
      expect(await count(100)).toBe(2);
    },
  );
}

function promiseLists(promises: Promises): void {
  promises("sessions are listed newest first, equal times by id, in stable pages", async ({ sessions }) => {
    for (const id of ["sesn_B", "sesn_b", "sesn_a"]) await sessions.create(aSession({ id }));
    await sessions.create(aSession({ id: "sesn_new", createdAt: someTime + 1 }));
    expect(idsOf(await list(sessions, {}, { limit: 2 }))).toEqual(["sesn_new", "sesn_b"]);
    await sessions.create(aSession({ createdAt: someTime + 2 }));
    const after = { createdAt: someTime, id: "sesn_b" };
    expect(idsOf(await list(sessions, {}, { after }))).toEqual(["sesn_a", "sesn_B"]);
  });

  promises("a filtered list pages as the whole does", async ({ sessions }) => {
    for (const id of ["sesn_1", "sesn_2", "sesn_3"]) {
      await sessions.create(aSession({ id, tags: ["x"], memoryStoreIds: ["memstore_1"], agentId: "a" }));
    }
    await sessions.create(aSession({ id: "sesn_4" }));
    const after = { createdAt: someTime, id: "sesn_3" };
    for (const filter of [{ tag: "x" }, { memoryStoreId: "memstore_1" }, { agentId: "a" }]) {
      expect(idsOf(await list(sessions, filter, { limit: 1 }))).toEqual(["sesn_3"]);
      expect(idsOf(await list(sessions, filter, { after }))).toEqual(["sesn_2", "sesn_1"]);
    }
  });
}

function promiseFilters(promises: Promises): void {
  promises("lists filter by kind and leave archived sessions out", async ({ sessions }) => {
    await sessions.create(aSession({ id: "sesn_open" }));
    await sessions.create(aSession({ id: "sesn_dream", kind: "dream" }));
    await sessions.create(aSession({ id: "sesn_old" }));
    await sessions.archive({ tenant: "acme", id: "sesn_old", now: later });
    expect(idsOf(await list(sessions, {}))).toEqual(["sesn_open"]);
    expect(idsOf(await list(sessions, { kind: "dream" }))).toEqual(["sesn_dream"]);
    const withArchived = await list(sessions, { includeArchived: true });
    expect(idsOf(withArchived)).toEqual(["sesn_open", "sesn_old"]);
  });

  promises(
    "lists filter by workspace, agent, store and tag, each letter for letter",
    async ({ sessions }) => {
      const whole = { workspaceId: "w", agentId: "a", memoryStoreIds: ["m1", "m2"], tags: ["t1", "t2"] };
      await sessions.create(aSession({ id: "sesn_1", ...whole }));
      await sessions.create(aSession({ id: "sesn_2", ...whole, tags: ["T1"], memoryStoreIds: ["M1"] }));
      await sessions.create(aSession({ id: "sesn_3", ...whole, workspaceId: "W", agentId: "A" }));
      await sessions.create(aSession({ id: "sesn_4" }));
      await sessions.create(aSession({ id: "sesn_5", memoryStoreIds: ["m1"], tags: ["t9"] }));
      const found = async (filter: Partial<SessionFilter>) => idsOf(await list(sessions, filter));
      expect(await found({ workspaceId: "w" })).toEqual(["sesn_2", "sesn_1"]);
      expect(await found({ agentId: "A" })).toEqual(["sesn_3"]);
      expect(await found({ memoryStoreId: "m2" })).toEqual(["sesn_3", "sesn_1"]);
      expect(await found({ tag: "T1" })).toEqual(["sesn_2"]);
      expect(await found({ tag: "t1", memoryStoreId: "m1", workspaceId: "w", agentId: "a" })).toEqual([
        "sesn_1",
      ]);
      expect(await found({ tag: "t1", memoryStoreId: "m1" })).toEqual(["sesn_3", "sesn_1"]);
      expect(await found({ tag: "t1", agentId: "none" })).toEqual([]);
    },
  );
}

function promiseAppend(promises: Promises): void {
  promises("appended events come back with consecutive numbers, text byte for byte", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const blocks: Block[] = [
      { type: "text", text: hardText },
      { type: "tool_use", toolUseId: "t1", name: "search", input: '{"q":"é"}' },
      { type: "tool_result", toolUseId: "t1", text: "Größe\n".repeat(10_000), isError: false },
      { type: "other", description: "image" },
    ];
    const batch = [aSessionEvent({ blocks, speaker: "Zoë", trust: "tool", at: 12 }), aSessionEvent()];
    const expected = numbered(session, batch, 1, later);
    expect(await append(sessions, session, batch, later)).toStrictEqual(expected);
    const third = aSessionEvent({ at: someTime });
    const more = await append(sessions, session, [third], later + 1);
    expect(more).toStrictEqual(numbered(session, [third], 3, later + 1));
    expect(await read(sessions, session)).toStrictEqual([...expected, ...(more ?? [])]);
    expect(await sessions.get(session)).toMatchObject({ lastEvent: 3 });
  });

  promises("an absent or archived session takes no events", async ({ sessions }) => {
    const session = aSession();
    expect(await append(sessions, session, [aSessionEvent()])).toBeNull();
    await sessions.create(session);
    await sessions.archive({ ...session, now: later });
    expect(await append(sessions, session, [aSessionEvent()])).toBeNull();
    expect(await read(sessions, session)).toEqual([]);
    expect(await sessions.get(session)).toMatchObject({ lastEvent: 0 });
  });
}

function promiseAppendAgain(promises: Promises): void {
  promises("appending the same events again answers with them as they were stored", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const batch = [aSessionEvent(), aSessionEvent()];
    const first = await append(sessions, session, batch, later);
    await append(sessions, session, [aSessionEvent()], later + 1);
    expect(await append(sessions, session, batch, later + 2)).toStrictEqual(first);
    expect(await sessions.get(session)).toMatchObject({ lastEvent: 3 });
    expect(await read(sessions, session)).toHaveLength(3);
  });

  promises("a repeat that comes after the archiving is answered as the first was", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const batch = [aSessionEvent()];
    const first = await append(sessions, session, batch);
    await sessions.archive({ ...session, now: later });
    expect(await append(sessions, session, batch)).toStrictEqual(first);
  });

  promises("a batch of new and stored events leaves no gap and no event twice", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const stored = aSessionEvent();
    await append(sessions, session, [stored]);
    // What such a call is answered is the adapter's choice; what is readable afterwards is not.
    for (const batch of [
      [aSessionEvent(), stored],
      [stored, aSessionEvent()],
    ]) {
      await Promise.allSettled([append(sessions, session, batch)]);
    }
    await append(sessions, session, [aSessionEvent()]);
    const events = await read(sessions, session);
    expect(events.map((event) => event.number)).toEqual(events.map((_, index) => index + 1));
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
    expect(await sessions.get(session)).toMatchObject({ lastEvent: events.length });
  });

  promises("the same event ids in two sessions are different events", async ({ sessions }) => {
    const [one, two] = [aSession(), aSession()];
    const event = aSessionEvent();
    for (const session of [one, two]) {
      await sessions.create(session);
      expect(await append(sessions, session, [event])).toMatchObject([{ sessionId: session.id, number: 1 }]);
    }
  });

  promises("event ids differ by letter case", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    for (const id of ["evt_a", "evt_A"]) await append(sessions, session, [aSessionEvent({ id })]);
    expect((await read(sessions, session)).map((event) => event.id)).toEqual(["evt_a", "evt_A"]);
  });
}

function promiseAppendRaces(promises: Promises): void {
  promises("batches of racing writers lose nothing and do not mix", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const write = async (speaker: string) => {
      for (let round = 0; round < 3; round += 1) {
        const batch = Array.from({ length: 3 }, () => aSessionEvent({ speaker: `${speaker}${round}` }));
        expect(await append(sessions, session, batch)).toHaveLength(3);
      }
    };
    await Promise.all([write("a"), write("b")]);
    const events = await read(sessions, session);
    expect(events.map((event) => event.number)).toEqual(Array.from({ length: 18 }, (_, index) => index + 1));
    for (let first = 0; first < 18; first += 3) {
      const speakers = events.slice(first, first + 3).map((event) => event.speaker);
      expect(new Set(speakers).size).toBe(1);
    }
    expect(await sessions.get(session)).toMatchObject({ lastEvent: 18 });
  });

  promises("the same batch sent twice at once is stored once", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const batch = [aSessionEvent(), aSessionEvent()];
    const [one, two] = await Promise.all([
      append(sessions, session, batch, later),
      append(sessions, session, batch, later),
    ]);
    expect(one).toStrictEqual(two);
    expect(await read(sessions, session)).toStrictEqual(one);
  });
}

function promiseReads(promises: Promises): void {
  promises("events are read between two numbers, ascending, in pages", async ({ sessions }) => {
    const session = aSession();
    await sessions.create(session);
    const batch = Array.from({ length: 12 }, () => aSessionEvent());
    await append(sessions, session, batch);
    const numbers = async (after: number, upTo: number, limit: number) =>
      (await read(sessions, session, { after, upTo, limit })).map((event) => event.number);
    expect(await numbers(0, 12, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await numbers(5, 12, 5)).toEqual([6, 7, 8, 9, 10]);
    expect(await numbers(5, 7, 5)).toEqual([6, 7]);
    expect(await numbers(12, 99, 5)).toEqual([]);
  });
}

function append(
  sessions: SessionStore,
  session: Session,
  events: readonly NewSessionEvent[],
  now: number = later,
) {
  return sessions.append({ tenant: session.tenant, sessionId: session.id, events, now });
}

function numbered(session: Session, events: readonly NewSessionEvent[], first: number, createdAt: number) {
  return events.map((event, index) => ({
    ...event,
    sessionId: session.id,
    number: first + index,
    createdAt,
  }));
}

function read(
  sessions: SessionStore,
  session: Session,
  range: { after: number; upTo: number; limit: number } = { after: 0, upTo: 1_000, limit: 1_000 },
) {
  return sessions.readEvents({ tenant: session.tenant, sessionId: session.id, ...range });
}

function list(
  sessions: SessionStore,
  filter: Partial<SessionFilter>,
  page: Partial<Parameters<SessionStore["list"]>[0]> = {},
): Promise<Session[]> {
  const whole = { tenant: "acme", after: null, limit: 100, ...page };
  return sessions.list({ ...whole, filter: { ...conversations, ...filter } });
}

function idsOf(sessions: readonly Session[]): string[] {
  return sessions.map((session) => session.id);
}
