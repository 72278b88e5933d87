/** What others do while an erasure is at work, and what dead writers left lying about. */
import { expect, test } from "vitest";
import { put, type Told, tellDream, tellSession, tellStore, textsOf } from "../../../test/erasure/teller.ts";
import { dump, expectWhole, toldBy, wordsIn } from "../../../test/erasure/told-by-bundle.ts";
import { type Bundle, setup } from "../../../test/support/bundle.ts";
import type { ServiceDeps } from "../deps.ts";
import { createErase } from "./erase.ts";

const text = "The zorblax valve in the cellar leaks since Sunday.";
const tag = "a valve that only zorblax knows";
const title = "How zorblax came to the valve";
const other = "The harbour crane was painted in March.";

async function tell(told: Told, update: boolean) {
  const input = await tellStore(told, "notes", { "/a.md": "- The log begins with the storm in May.\n" });
  const erased = await tellSession(told, {
    title,
    tags: [tag],
    day: "2026-03-04",
    lines: [["Zorblax", text]],
  });
  const stays = await tellSession(told, { day: "2026-03-05", lines: [["Ines", other]] });
  const dream = await tellDream(told, input, [erased, stays], update);
  return { input, dream, target: { kind: "session", id: erased } as const };
}

type Hook = readonly [when: "before" | "after", port: "memories" | "sweep", name: string];

/** The ports, with something done once just before or after the first call of this name. */
function hooked(deps: ServiceDeps, [when, port, name]: Hook, run: () => Promise<void>): ServiceDeps {
  let isDone = false;
  const once = async () => {
    if (isDone) return;
    isDone = true;
    await run();
  };
  const hooks = new Proxy(deps[port], {
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver);
      if (typeof value !== "function" || key !== name) return value;
      return async (...args: unknown[]) => {
        if (when === "before") await once();
        const answer: unknown = await Reflect.apply(value, target, args);
        if (when === "after") await once();
        return answer;
      };
    },
  });
  return { ...deps, [port]: hooks };
}

const dreamOver = (world: Bundle, inputMemoryStoreId: string) =>
  world.useCases.createDream(world.principal, {
    inputMemoryStoreId,
    sessionIds: [],
    model: "",
    instructions: null,
    outputBehavior: "create_new",
    type: "omni",
  });

test.each([
  ["memories", "redactVersion"],
  ["sweep", "deleteParts"],
  ["memories", "putChanges"],
] as const)(
  "a dream that is created before %s.%s stands in the way, and a repeat erases its store, too",
  async (port, name) => {
    await using world = await setup();
    const told = toldBy(world);
    const { dream, target } = await tell(told, false);
    let late = "";
    const deps = hooked(world.deps, ["before", port, name], async () => {
      late = (await dreamOver(world, dream.outputStoreId)).id;
    });
    const refused = createErase(deps)(world.principal, { target });
    await expect(refused).rejects.toMatchObject({ kind: "failed_precondition" });
    const ended = await told.ended(late);
    expect(ended.status).toBe("completed");
    await world.useCases.erase(world.principal, { target });
    expect(wordsIn(await dump(world), ["zorblax", "valve"])).toEqual([]);
    for (const id of [dream.outputStoreId, ended.ids?.outputStoreId ?? ""]) {
      expect(Object.values(await textsOf(told, id)).join("\n")).toContain(other);
    }
  },
);

test("a dream that was created, ended and copied a store meanwhile is erased from at once", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const { dream, target } = await tell(told, false);
  let copied = "";
  const deps = hooked(world.deps, ["before", "memories", "redactVersion"], async () => {
    const ended = await told.ended((await dreamOver(world, dream.outputStoreId)).id);
    copied = ended.ids?.outputStoreId ?? "";
  });
  await createErase(deps)(world.principal, { target });
  expect(wordsIn(await dump(world), ["zorblax", "valve"])).toEqual([]);
  expect(Object.values(await textsOf(told, copied)).join("\n")).toContain(other);
});

test.each([
  ["after", "memories", "switchHead"],
  ["before", "memories", "listVersions"],
  ["before", "memories", "putChanges"],
  ["before", "sweep", "deleteParts"],
] as const)("an agent's words that come %s %s.%s stay, whatever they are", async (...hook) => {
  await using world = await setup();
  const told = toldBy(world);
  const { dream, target } = await tell(told, false);
  const agents = { "/agent.md": `- ${text}\n` };
  const deps = hooked(world.deps, hook, () => put(told, dream.outputStoreId, agents));
  await createErase(deps)(world.principal, { target });
  expect(await textsOf(told, dream.outputStoreId)).toMatchObject(agents);
  await expectWhole(world);
  const filter = { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null };
  const query = { tenant: "acme", storeId: dream.outputStoreId, filter, after: null, limit: 100 };
  const versions = await world.deps.memories.listVersions(query);
  expect(versions.filter(({ path }) => path === "/agent.md")).toMatchObject([{ redactedAt: null }]);
});

test("a dream that read the session and ended meanwhile is erased from at once", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const { input, target } = await tell(told, false);
  let late = "";
  const deps = hooked(world.deps, ["before", "sweep", "deleteParts"], async () => {
    late = (await tellDream(told, input, [target.id])).outputStoreId;
  });
  await createErase(deps)(world.principal, { target });
  expect(wordsIn(await dump(world), ["zorblax", "valve"])).toEqual([]);
  expect(Object.keys(await textsOf(told, late))).toEqual(["/a.md", "/index.md"]);
});

test("a store that was given back a text which then went has no memory without one", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const { input, target } = await tell(told, true);
  const texts = await textsOf(told, input);
  const [path = ""] = Object.entries(texts).find(([, one]) => one.includes("zorblax")) ?? [];
  const store = await world.deps.memories.get({ tenant: "acme", id: input });
  const head = await world.deps.heads.load("acme", store?.head ?? "");
  const entry = (await world.deps.heads.find("acme", head, [path])).get(path);
  // As the undoing of a dream does: it names an old text without putting it.
  const deps = hooked(world.deps, ["before", "sweep", "deleteParts"], async () => {
    const now = await world.deps.memories.get({ tenant: "acme", id: input });
    const base = await world.deps.heads.load("acme", now?.head ?? "");
    if (entry === undefined) return;
    const next = await world.deps.heads.derive("acme", base, [{ kind: "put", path, entry }], 0);
    const commit = { id: "undo", origin: null, actor: null, at: world.clock.now() };
    const request = { tenant: "acme", storeId: input, base: base.hash, next: next.hash, commit };
    await world.deps.memories.switchHead({ ...request, evenArchived: false });
  });
  await createErase(deps)(world.principal, { target });
  expect(Object.keys(await textsOf(told, input))).not.toContain(path);
  expect(wordsIn(await dump(world), ["zorblax", "valve"])).toEqual([]);
});

test("what dead writers left goes: texts nobody named, versions never made, rows of deleted stores", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const { dream, target } = await tell(told, false);
  const copy = await told.ended((await dreamOver(world, dream.outputStoreId)).id);
  await put(told, copy.ids?.outputStoreId ?? "", { "/zorblax.md": "- An agent came by.\n" });
  await world.deps.memories.delete({ tenant: "acme", id: copy.ids?.outputStoreId ?? "" });
  const { memories, digest } = world.deps;
  const now = world.clock.now();
  const content = `# Lost\n\n- ${title}\n`;
  const contentHash = digest.sha256(content);
  await memories.putContents({ tenant: "acme", contents: [{ hash: contentHash, text: content }], now });
  const orphan = `# Orphan\n\n- ${tag}\n`;
  const orphans = [{ hash: digest.sha256(orphan), text: orphan }];
  await memories.putContents({ tenant: "acme", contents: orphans, now });
  const path = "/people/zorblax.md";
  const commit = { id: "lost", origin: null, actor: null, at: now };
  const version = { id: "memver_lost", memoryId: "mem_lost", operation: "created", path } as const;
  const versions = [{ ...version, contentHash, sizeBytes: 9, version: 1 }];
  const storeId = dream.outputStoreId;
  await memories.putVersions({ tenant: "acme", storeId, commit, first: 0, versions });
  await world.useCases.erase(world.principal, { target });
  expect(wordsIn(await dump(world), ["zorblax", "valve"])).toEqual([]);
});

test("nothing is removed that a writer put since the erasure began", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const { target } = await tell(told, false);
  const content = `- ${text}\n`;
  const contents = [{ hash: world.deps.digest.sha256(content), text: content }];
  const deps = hooked(world.deps, ["before", "sweep", "listVersionRows"], async () => {
    await world.clock.advance(1);
    await world.deps.memories.putContents({ tenant: "acme", contents, now: world.clock.now() });
  });
  await createErase(deps)(world.principal, { target });
  expect(wordsIn(await dump(world), ["zorblax"])).toEqual(["zorblax"]);
});
