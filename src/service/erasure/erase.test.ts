import { describe, expect, test } from "vitest";
import { onlyWords, tellStory } from "../../../test/erasure/story.ts";
import { put, tellDream, tellSession, tellStore, textsOf } from "../../../test/erasure/teller.ts";
import { dump, expectWhole, toldBy, wordsIn } from "../../../test/erasure/told-by-bundle.ts";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import type { ErasureTarget } from "./find-scope.ts";

const session = (id: string): ErasureTarget => ({ kind: "session", id });
const store = (id: string): ErasureTarget => ({ kind: "store", id });
const plan = (world: Bundle, target: ErasureTarget) =>
  world.useCases.planErasure(world.principal, { target });
const erase = (world: Bundle, target: ErasureTarget) => world.useCases.erase(world.principal, { target });

const said = (text: string, speaker = "Zorblax", day = "2026-03-04") => ({
  day,
  lines: [[speaker, text] as const],
});

describe("a session is erased", () => {
  test("with every word that rests on it alone, and what was planned is what is done", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const story = await tellStory(told);
    expect(wordsIn(await dump(world), onlyWords)).toEqual(onlyWords);
    const planned = await plan(world, session(story.erased));
    expect(planned.events).toBe(8);
    expect(planned.versions).toBeGreaterThan(0);
    expect(planned.changes).toBeGreaterThan(0);
    expect(wordsIn(await dump(world), onlyWords)).toEqual(onlyWords);
    expect(await erase(world, session(story.erased))).toEqual(planned);
    expect(wordsIn(await dump(world), onlyWords)).toEqual([]);
    await expectWhole(world);
    await expect(plan(world, session(story.erased))).resolves.toMatchObject({
      events: 0,
      derived: [],
      versions: 0,
      changes: 0,
    });
  });

  test("and the lines that others say stay, byte for byte", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const story = await tellStory(told);
    const [first] = story.dreams;
    const made = first?.outputStoreId ?? "";
    const before = await textsOf(told, made);
    await erase(world, session(story.erased));
    const after = await textsOf(told, made);
    expect(after["/team.md"]).toBe(before["/team.md"]);
    expect(after["/harbour.md"]).toBe(before["/harbour.md"]);
    expect(after["/agent.md"]).toBe(before["/agent.md"]);
    const kept = (before["/topics/general.md"] ?? "")
      .split("\n")
      .filter((line) => !/cellar|crane|canary|plate|ferry|scanner/.test(line));
    const left = (after["/topics/general.md"] ?? "").split("\n");
    for (const line of kept) expect(left).toContain(line);
    // Said in both, in the same words and in others: one keeps the words, the other takes those of who stays.
    expect(left).toContain(
      "- 2026-03-04: We deploy the scanner app every Tuesday at 14:00. <!-- S2:2 S1:1 -->",
    );
    expect(left).toContain(
      "- 2026-03-03, Ines: The ferry line agreed to the new contract in the spring. <!-- S2:3 S1:3 -->",
    );
    expect(left).toHaveLength(kept.length + 2);
    expect(await textsOf(told, story.unrelated)).toEqual({
      "/mine.md": "# Mine\n\n- The crane on the east pier is broken again.\n",
    });
  });

  test("and what an agent wrote beside it stays, at a path that names nobody", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const story = await tellStory(told);
    const made = story.dreams[0]?.outputStoreId ?? "";
    await erase(world, session(story.erased));
    const after = await textsOf(told, made);
    expect(after["/erased-1.md"]).toBe("- The lobby has new plants since Monday.\n");
    expect(after["/index.md"]).not.toContain("people/zorblax.md");
    expect(after["/index.md"]).toContain("[Maya](people/maya.md)");
  });

  test("and the differences of its dreams can still be read", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const story = await tellStory(told);
    await erase(world, session(story.erased));
    for (const { id } of story.dreams) {
      const page = await world.useCases.diffDream(world.principal, { id, pageSize: 0, pageToken: "" });
      expect(page.changes.length).toBeGreaterThan(2);
      const flagged = page.changes.filter(({ change }) => change.flags.includes("text_removed"));
      expect(flagged.map(({ change }) => change.path)).toContain("/topics/general.md");
      const sources = page.changes.flatMap(({ change }) => change.edits.flatMap((edit) => edit.sources));
      expect(sources.length).toBeGreaterThan(0);
      expect(JSON.stringify(sources)).not.toContain(story.erased);
    }
  });

  test("from a store that is archived, which stays archived", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const erased = await tellSession(told, said("The zorblax valve in the cellar leaks since Sunday."));
    const { outputStoreId } = await tellDream(told, input, [erased]);
    await world.useCases.archiveMemoryStore(world.principal, { id: outputStoreId });
    await erase(world, session(erased));
    expect(await textsOf(told, outputStoreId)).toEqual({});
    expect(wordsIn(await dump(world), ["zorblax", "valve"])).toEqual([]);
    const { store: left } = await world.useCases.getMemoryStore(world.principal, { id: outputStoreId });
    expect(left.archivedAt).not.toBeNull();
  });

  test("and a text that a store nobody dreamed over shares with an erased memory stays readable", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const erased = await tellSession(told, said("The zorblax valve in the cellar leaks since Sunday."));
    const { outputStoreId } = await tellDream(told, input, [erased]);
    const texts = await textsOf(told, outputStoreId);
    const copied = await tellStore(told, "copied by hand", texts);
    await erase(world, session(erased));
    expect(await textsOf(told, outputStoreId)).toEqual({});
    expect(await textsOf(told, copied)).toEqual(texts);
  });

  test("and what another session says counts only where a dream read both", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const text = "The valve in the cellar leaks since Sunday.";
    const [erased, other] = [
      await tellSession(told, said(text)),
      await tellSession(told, said(text, "Maya")),
    ];
    const both = await tellDream(told, input, [erased, other]);
    const alone = await tellDream(told, input, [erased]);
    await erase(world, session(erased));
    expect(Object.values(await textsOf(told, both.outputStoreId)).join("\n")).toContain(text);
    expect(await textsOf(told, alone.outputStoreId)).toEqual({});
  });

  test("and a note that said it before is untouched, though a dream wrote into its store", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const note = "# Cellar\n\n- The valve in the cellar leaks since Sunday.\n";
    const place = await tellStore(told, "in place", { "/cellar.md": note });
    const lines = ["The valve in the cellar leaks since Sunday.", "The pump in the attic is new since May."];
    const erased = await tellSession(told, {
      day: "2026-03-04",
      lines: lines.map((line) => ["Zorblax", line] as const),
    });
    await tellDream(told, place, [erased], true);
    await put(told, place, { "/later.md": "- An agent came by and wrote this.\n" });
    await erase(world, session(erased));
    expect(await textsOf(told, place)).toMatchObject({
      "/cellar.md": note,
      "/later.md": "- An agent came by and wrote this.\n",
    });
    expect(wordsIn(await dump(world), ["attic", "zorblax"])).toEqual([]);
  });

  test("though nobody dreamed of it", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const erased = await tellSession(told, said("The zorblax valve leaks."));
    expect(await plan(world, session(erased))).toEqual({
      events: 1,
      memories: 0,
      derived: [],
      versions: 0,
      changes: 0,
    });
    await erase(world, session(erased));
    expect(wordsIn(await dump(world), ["zorblax"])).toEqual([]);
    await expect(erase(world, session(erased))).rejects.toMatchObject({ kind: "not_found" });
  });

  test("and so is what dreams wrote of one that was deleted before", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const erased = await tellSession(told, said("The zorblax valve in the cellar leaks since Sunday."));
    const { outputStoreId } = await tellDream(told, input, [erased]);
    await world.useCases.deleteSession(world.principal, { id: erased });
    await erase(world, session(erased));
    expect(await textsOf(told, outputStoreId)).toEqual({});
    expect(wordsIn(await dump(world), ["zorblax", "valve"])).toEqual([]);
  });
});

describe("what stays of a session that is erased", () => {
  const text = "The valve in the cellar leaks since Sunday.";

  test("is what another one said that was deleted since", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const [erased, other] = [
      await tellSession(told, said(text)),
      await tellSession(told, said(text, "Maya")),
    ];
    const { outputStoreId } = await tellDream(told, input, [erased, other]);
    await world.useCases.deleteSession(world.principal, { id: other });
    await erase(world, session(erased));
    expect(Object.values(await textsOf(told, outputStoreId)).join("\n")).toContain(text);
  });

  test("is what an agent wrote into a copy that was made before any dream read it", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const place = await tellStore(told, "in place", { "/log.md": "- The log begins with the storm.\n" });
    const copy = await tellDream(told, place, []);
    const agents = { "/agent.md": `- ${text}\n` };
    await put(told, copy.outputStoreId, agents);
    const erased = await tellSession(told, said(text));
    await tellDream(told, place, [erased], true);
    expect((await erase(world, session(erased))).derived.length).toBeGreaterThan(0);
    expect(await textsOf(told, copy.outputStoreId)).toMatchObject(agents);
    expect(Object.keys(await textsOf(told, place))).toEqual(["/index.md", "/log.md"]);
  });

  test("is a note from before, though the head that the dream read is no longer kept", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const note = { "/cellar.md": `- ${text}\n` };
    const place = await tellStore(told, "in place", note);
    await world.clock.advance(1_000);
    const pump = "The pump in the attic is new since May.";
    const erased = await tellSession(told, said(`${text} ${pump}`));
    const dream = await tellDream(told, place, [erased], true);
    const hash = (await world.get(dream.id)).frozen?.head ?? "";
    const query = { tenant: "acme", kind: "head", untouchedSince: 8_000_000_000_000, after: null } as const;
    const heads = await world.deps.sweep.listParts({ ...query, limit: 100 });
    const parts = heads.filter((part) => part.hash === hash);
    expect(await world.deps.sweep.deleteParts({ tenant: "acme", kind: "head", parts })).toBe(1);
    await erase(world, session(erased));
    expect(await textsOf(told, place)).toMatchObject(note);
    expect(wordsIn(await dump(world), ["attic"])).toEqual([]);
  });

  test("is no list of what went, whoever wrote both", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const erased = await tellSession(told, said(text));
    const { outputStoreId } = await tellDream(told, input, [erased]);
    const list = "- [Valve](copied.md)\n- [Pump](pump.md)\n";
    await put(told, outputStoreId, { "/copied.md": `- ${text}\n`, "/list.md": list });
    await erase(world, session(erased));
    expect(await textsOf(told, outputStoreId)).toEqual({ "/list.md": "- [Pump](pump.md)\n" });
  });
});

describe("two sessions erased at once", () => {
  test("leave nothing of what only they say, and all that others say", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const shared = "The valve in the cellar leaks since Sunday.";
    const one = await tellSession(told, said(shared));
    const two = await tellSession(told, said(shared, "Maya"));
    const third = await tellSession(told, said("The harbour crane was painted in March.", "Ines"));
    const { outputStoreId } = await tellDream(told, input, [one, two, third]);
    await Promise.all([erase(world, session(one)), erase(world, session(two))]);
    const left = Object.values(await textsOf(told, outputStoreId)).join("\n");
    expect(left).toContain("The harbour crane was painted in March.");
    expect(wordsIn(await dump(world), ["valve", "zorblax"])).toEqual([]);
  });
});

describe("an erasure is refused", () => {
  test("while a dream has not ended that reads the session, and planned all the same", async () => {
    await using world = await setup();
    const dream = await world.dream({ texts: ["The zorblax valve leaks."] });
    const selection = dream.inputs.sessions;
    const id = selection.kind === "ids" ? (selection.ids[0] ?? "") : "";
    expect(await plan(world, session(id))).toMatchObject({ events: 1 });
    const refusal = {
      kind: "failed_precondition",
      details: { blockedBy: dream.id, field: "target.session_id" },
    };
    await expect(erase(world, session(id))).rejects.toMatchObject(refusal);
    expect(wordsIn(await dump(world), ["zorblax"])).toEqual(["zorblax"]);
    await world.useCases.cancelDream(world.principal, { id: dream.id });
    await erase(world, session(id));
    expect(wordsIn(await dump(world), ["zorblax"])).toEqual([]);
  });

  test("while a dream waits that will read whatever its workspace has by then", async () => {
    await using world = await setup();
    const { id } = await world.useCases.createSession(world.principal, {
      title: "",
      agentId: null,
      workspaceId: "w",
      memoryStoreIds: [],
      tags: [],
      metadata: {},
    });
    const [, other] = [id, (await world.inputs()).sessionId];
    const request = {
      workspaceId: "w",
      observer: "a",
      observed: "b",
      type: "omni",
      sessionId: null,
    } as const;
    const { dream } = await world.useCases.triggerDream(world.principal, request);
    const refusal = { kind: "failed_precondition", details: { blockedBy: dream.id } };
    await expect(erase(world, session(id))).rejects.toMatchObject(refusal);
    await erase(world, session(other));
  });

  test("while a dream has not ended that reads what was made from it", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", { "/a.md": "- The harbour crane was painted in March.\n" });
    const erased = await tellSession(told, said("The zorblax valve in the cellar leaks since Sunday."));
    const { outputStoreId } = await tellDream(told, input, [erased]);
    const next = await world.useCases.createDream(world.principal, {
      inputMemoryStoreId: outputStoreId,
      sessionIds: [],
      model: "",
      instructions: null,
      outputBehavior: "create_new",
      type: "omni",
    });
    const refusal = { kind: "failed_precondition", details: { blockedBy: next.id } };
    await expect(erase(world, session(erased))).rejects.toMatchObject(refusal);
    await expect(erase(world, store(input))).rejects.toMatchObject(refusal);
    await told.ended(next.id);
    await erase(world, session(erased));
    expect(wordsIn(await dump(world), ["zorblax"])).toEqual([]);
  });

  test.each([session("sesn_none"), store("memstore_none")])("of what is not there: %o", async (target) => {
    await using world = await setup();
    await expect(plan(world, target)).rejects.toMatchObject({ kind: "not_found" });
    await expect(erase(world, target)).rejects.toMatchObject({ kind: "not_found" });
    const bad = { ...target, id: "" };
    await expect(erase(world, bad)).rejects.toMatchObject({ kind: "invalid_argument" });
  });

  test("to another tenant, and of a dream's own session", async () => {
    await using world = await setup();
    const told = toldBy(world);
    const input = await tellStore(told, "notes", {});
    const erased = await tellSession(told, said("The zorblax valve in the cellar leaks since Sunday."));
    const { id } = await tellDream(told, input, [erased]);
    const stranger = { tenant: "globex", keyId: null };
    for (const target of [session(erased), store(input)]) {
      const refused = world.useCases.erase(stranger, { target });
      await expect(refused).rejects.toMatchObject({ kind: "not_found" });
    }
    const own = (await world.get(id)).ids?.sessionId ?? "";
    await expect(erase(world, session(own))).rejects.toMatchObject({ kind: "failed_precondition" });
    expect(wordsIn(await dump(world), ["zorblax"])).toEqual(["zorblax"]);
  });
});
