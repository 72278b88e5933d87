/** An engine that writes in words of its own, as a model does. */
import { expect, test } from "vitest";
import { put, tellDream, tellSession, tellStore, textsOf } from "../../../test/erasure/teller.ts";
import { dump, toldBy, wordsIn } from "../../../test/erasure/told-by-bundle.ts";
import { setup } from "../../../test/support/bundle.ts";
import { createScriptedEngine } from "../../../test/support/scripted-engine.ts";
import type { Change, Edit, Source } from "../../core/change-set.ts";
import { noUsage } from "../../core/dream.ts";
import type { EngineInput } from "../../ports/engine.ts";

type Script = (input: EngineInput) => Promise<readonly Change[]>;

function scripted(scripts: readonly Script[], message = "Done.") {
  return createScriptedEngine(async (input, _context, run) => ({
    changes: (await scripts[run - 1]?.(input)) ?? [],
    usage: noUsage,
    eventsRead: 0,
    message,
  }));
}

async function quote(input: EngineInput, session: number): Promise<Source> {
  const { id: sessionId } = input.sessions[session] ?? { id: "" };
  const [event] = await input.readEvents(sessionId, 0);
  const [block] = event?.blocks ?? [];
  return {
    kind: "event",
    sessionId,
    eventNumber: 1,
    eventId: event?.id ?? "",
    speaker: event?.speaker ?? "",
    at: event?.at ?? null,
    trust: "user",
    quote: block?.type === "text" ? block.text : "",
  };
}

function memory(input: EngineInput, path: string, text: string): Source {
  const { memoryId = "", versionId = "" } = input.memories.find((one) => one.path === path) ?? {};
  return { kind: "memory", path, memoryId, versionId, trust: "user", quote: text };
}

function create(path: string, content: string, edits: readonly Edit[]): Change {
  return { kind: "create", path, content, reason: "wrote it down", edits, trust: "user", flags: [] };
}

function add(after: string, sources: readonly Source[], reason = "was said"): Edit {
  return { kind: "add", before: null, after, reason, sources };
}

const session = (speaker: string, text: string) => ({ day: "2026-03-04", lines: [[speaker, text] as const] });

test("words that say it otherwise go with it, and words made of those, over stores", async () => {
  await using world = await setup();
  const first = "Quill has moved her desk to the marmoset tower.";
  const second = "The ostrander desk stands in a tower now.";
  const shared = "Lunch is at noon on all days of the week.";
  const engine = scripted([
    async (input) => [
      create("/notes.md", `# Notes\n\n- ${first}\n- ${shared}\n`, [
        add(first, [await quote(input, 0)], "Quill told so"),
        add(shared, [await quote(input, 0), await quote(input, 1)]),
      ]),
    ],
    async (input) => [
      create("/desks.md", `- ${second}\n- Desks are grey.\n`, [
        add(second, [memory(input, "/notes.md", first)], "from the marmoset note"),
        add("Desks are grey.", [memory(input, "/agent.md", "Every desk is grey.")]),
      ]),
    ],
  ]);
  const told = toldBy(world, engine);
  const input = await tellStore(told, "notes", {});
  const erased = await tellSession(told, session("Zorblax", "My new place is up there, with the zoo view."));
  const other = await tellSession(told, session("Maya", "We eat at twelve."));
  const made = await tellDream(told, input, [erased, other]);
  await put(told, made.outputStoreId, { "/agent.md": "- Every desk is grey.\n" });
  const copy = await tellDream(told, made.outputStoreId, []);
  const target = { kind: "session", id: erased } as const;
  const planned = await world.useCases.planErasure(world.principal, { target });
  expect(await world.useCases.erase(world.principal, { target })).toEqual(planned);
  expect(await textsOf(told, made.outputStoreId)).toEqual({
    "/agent.md": "- Every desk is grey.\n",
    "/notes.md": `# Notes\n\n- ${shared}\n`,
  });
  expect(await textsOf(told, copy.outputStoreId)).toMatchObject({
    "/desks.md": "- Desks are grey.\n",
    "/notes.md": `# Notes\n\n- ${shared}\n`,
  });
  const left = await dump(world);
  expect(wordsIn(left, ["quill", "marmoset", "ostrander", "zoo view", "zorblax"])).toEqual([]);
  expect(wordsIn(left, ["We eat at twelve.", "Desks are grey."])).toHaveLength(2);
});

test("a sentence that a memory had, and that the session was worked into, gets its words back", async () => {
  await using world = await setup();
  const old = "The desk stands in the hall";
  const written = `${old} next to the marmoset`;
  const engine = scripted([
    async (input) => [
      {
        kind: "update",
        path: "/desk.md",
        baseVersionId: input.memories[0]?.versionId ?? "",
        content: `# Desk\r\n\r\n- ${written}.\r\n`,
        reason: "more is known",
        edits: [
          {
            kind: "replace",
            before: `${old}.`,
            after: `${written}.`,
            reason: "more is known",
            sources: [await quote(input, 0), memory(input, "/desk.md", `${old}.`)],
          },
        ],
        trust: "user",
        flags: [],
      },
    ],
  ]);
  const told = toldBy(world, engine);
  const input = await tellStore(told, "notes", { "/desk.md": `# Desk\r\n\r\n- ${old}.\r\n` });
  const erased = await tellSession(told, session("Zorblax", "It is beside my pet marmoset."));
  const made = await tellDream(told, input, [erased]);
  await world.useCases.erase(world.principal, { target: { kind: "session", id: erased } });
  expect(await textsOf(told, made.outputStoreId)).toEqual({ "/desk.md": `# Desk\r\n\r\n- ${old}.\r\n` });
  expect(wordsIn(await dump(world), ["marmoset"])).toEqual([]);
});

test("what a memory says already stays, though a dream names the session as one more reason", async () => {
  await using world = await setup();
  const text = "Every desk in the hall is grey.";
  const engine = scripted([
    async () => [],
    async (input) => [
      create("/more.md", `- ${text}\n`, [
        add(text, [await quote(input, 0), memory(input, "/agent.md", text)]),
      ]),
    ],
  ]);
  const told = toldBy(world, engine);
  const input = await tellStore(told, "notes", { "/a.md": "- x\n" });
  const erased = await tellSession(told, session("Zorblax", "I saw the marmoset on a grey desk."));
  const made = await tellDream(told, input, [erased]);
  await put(told, made.outputStoreId, { "/agent.md": `- ${text}\n` });
  const copy = await tellDream(told, made.outputStoreId, [erased]);
  await world.useCases.erase(world.principal, { target: { kind: "session", id: erased } });
  expect(await textsOf(told, copy.outputStoreId)).toMatchObject({
    "/agent.md": `- ${text}\n`,
    "/more.md": `- ${text}\n`,
  });
  expect(wordsIn(await dump(world), ["marmoset"])).toEqual([]);
});

test.each([
  ["", false],
  [", also when an agent deleted it before", true],
])(
  "a memory with a path that only the session knows goes with its path and its links%s",
  async (_name, agentDeletes) => {
    await using world = await setup();
    const text = "The marmoset needs a new cage by the end of May.";
    const engine = scripted(
      [
        async (input) => [
          create("/pets/marmoset.md", `- ${text}\n`, [add(text, [await quote(input, 0)])]),
          create("/list.md", "- [The cage](pets/marmoset.md)\n- [The desk](/desk.md)\n", []),
        ],
      ],
      text,
    );
    const told = toldBy(world, engine);
    const input = await tellStore(told, "notes", { "/desk.md": "- The desk stands in the hall.\n" });
    const erased = await tellSession(told, session("Zorblax", text));
    const made = await tellDream(told, input, [erased]);
    if (agentDeletes) {
      await put(told, made.outputStoreId, { "/pets/marmoset.md": "- x\n" });
      const key = { by: "path", path: "/pets/marmoset.md" } as const;
      const memoryStoreId = made.outputStoreId;
      const { id } = await world.useCases.getMemory(world.principal, { memoryStoreId, key });
      const expected = { expectedSha256: null, expectedVersion: null };
      await world.useCases.deleteMemory(world.principal, { memoryStoreId, id, sessionId: null, ...expected });
    }
    const target = { kind: "session", id: erased } as const;
    const planned = await world.useCases.planErasure(world.principal, { target });
    expect(await world.useCases.erase(world.principal, { target })).toEqual(planned);
    expect(await textsOf(told, made.outputStoreId)).toEqual({
      "/desk.md": "- The desk stands in the hall.\n",
      "/list.md": "- [The desk](/desk.md)\n",
    });
    expect(wordsIn(await dump(world), ["marmoset", "cage"])).toEqual([]);
    const { changes } = await world.useCases.diffDream(world.principal, {
      id: made.id,
      pageSize: 0,
      pageToken: "",
    });
    expect(changes.map(({ change }) => change.path)).toEqual(["/list.md", "/erased-2"]);
  },
);

test("a name that only the session has goes from the path a dream gave, not from an agent's own", async () => {
  await using world = await setup();
  const text = "My friend Quill keeps bees in the garden.";
  const engine = scripted([
    async (input) => [create("/quill.md", `- ${text}\n`, [add(text, [await quote(input, 0)])])],
  ]);
  const told = toldBy(world, engine);
  const input = await tellStore(told, "notes", {});
  const erased = await tellSession(told, session("Zorblax", text));
  const made = await tellDream(told, input, [erased]);
  await put(told, made.outputStoreId, {
    "/quill.md": "- Bees need water.\n",
    "/quill-plan.md": "- Buy bees.\n",
  });
  await world.useCases.erase(world.principal, { target: { kind: "session", id: erased } });
  expect(await textsOf(told, made.outputStoreId)).toEqual({
    "/erased-1.md": "- Bees need water.\n",
    "/quill-plan.md": "- Buy bees.\n",
  });
});
