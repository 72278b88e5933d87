import { expect, test } from "vitest";
import { put, tellDream, tellSession, tellStore, textsOf } from "../../../test/erasure/teller.ts";
import { dump, expectWhole, toldBy, wordsIn } from "../../../test/erasure/told-by-bundle.ts";
import { type Bundle, setup } from "../../../test/support/bundle.ts";

const erase = (world: Bundle, id: string) =>
  world.useCases.erase(world.principal, { target: { kind: "store", id } });
const plan = (world: Bundle, id: string) =>
  world.useCases.planErasure(world.principal, { target: { kind: "store", id } });

const notes = {
  "/zorblax-x9.md": "# Zorblax\n\n- The zorblax valve leaks.\n- Owner: Quill.\n",
  "/harbour.md":
    "# Harbour\n\n- The harbour office opens at seven.\n- The marmoset crane stands on the east pier.\n",
  "/mixed.md":
    "# Mixed\n\nThe ferry line agreed to the new contract in spring. The vantablue wharf is closed since May.\n",
};
const own = ["zorblax", "quill", "marmoset", "vantablue", "x9"];

async function tell(world: Bundle) {
  const told = toldBy(world);
  const input = await tellStore(told, "notes", notes);
  await put(told, input, { "/older.md": "- The ostrander bridge was built in March.\n" });
  await put(told, input, { "/older.md": "- The harbour office opens at seven.\n" });
  const first = await tellSession(told, {
    day: "2026-03-03",
    lines: [
      ["Maya", "The ferry line agreed to the new contract in spring."],
      ["Maya", "The harbour office opens at seven."],
      ["Ines", "The database moved to the new cluster in Frankfurt."],
    ],
  });
  const made = await tellDream(told, input, [first]);
  const second = await tellSession(told, {
    day: "2026-03-05",
    lines: [["Tomasz", "The offsite is planned for June in Porto."]],
  });
  const copy = await tellDream(told, made.outputStoreId, [second]);
  await tellDream(told, input, [second], true);
  const unrelated = await tellStore(told, "private", {
    "/mine.md": "- The crane on the west pier is red.\n",
  });
  return { told, input, outputs: [made.outputStoreId, copy.outputStoreId], unrelated, dreams: [made, copy] };
}

test("a store is erased with all it holds, and from its copies goes what nothing else says", async () => {
  await using world = await setup();
  const { told, input, outputs, unrelated, dreams } = await tell(world);
  const planned = await plan(world, input);
  expect(planned.memories).toBeGreaterThanOrEqual(4);
  expect(planned.derived.filter(({ path }) => path === "/zorblax-x9.md")).toEqual(
    outputs.toSorted().map((memoryStoreId) => ({
      memoryStoreId,
      path: "/zorblax-x9.md",
      lines: 3,
      deleted: true,
    })),
  );
  expect(await erase(world, input)).toEqual(planned);
  expect(wordsIn(await dump(world), [...own, "ostrander"])).toEqual([]);
  await expectWhole(world);
  await expect(world.useCases.getMemoryStore(world.principal, { id: input })).rejects.toMatchObject({
    kind: "not_found",
  });
  for (const output of outputs) {
    const texts = await textsOf(told, output);
    const all = Object.values(texts).join("\n");
    expect(all).toContain("- The harbour office opens at seven.\n");
    expect(texts["/mixed.md"]).toContain("The ferry line agreed to the new contract in spring.\n");
    expect(all).toContain("The database moved to the new cluster in Frankfurt.");
  }
  expect(Object.values(await textsOf(told, outputs[1] ?? "")).join("\n")).toContain("offsite");
  expect(await textsOf(told, unrelated)).toEqual({ "/mine.md": "- The crane on the west pier is red.\n" });
  for (const { id } of dreams) {
    const page = await world.useCases.diffDream(world.principal, { id, pageSize: 0, pageToken: "" });
    expect(page.changes.length).toBeGreaterThan(0);
  }
});

test("a store that a dream made is erased, and the store it was made from is as it was", async () => {
  await using world = await setup();
  const { told, input, outputs } = await tell(world);
  const [made = "", copy = ""] = outputs;
  await put(told, made, { "/agent.md": "- The pumpernickel depot is open on Sundays.\n" });
  const before = await textsOf(told, input);
  const copied = await textsOf(told, copy);
  expect((await erase(world, made)).derived).toEqual([]);
  expect(await textsOf(told, input)).toEqual(before);
  // All it says is said by the notes or by sessions, too.
  expect(await textsOf(told, copy)).toEqual(copied);
  expect(wordsIn(await dump(world), ["pumpernickel"])).toEqual([]);
});

test("what an agent wrote into it goes from the copies, too", async () => {
  await using world = await setup();
  const { told, outputs } = await tell(world);
  const [made = ""] = outputs;
  await put(told, made, { "/agent.md": "- The pumpernickel depot is open on Sundays.\n" });
  const { outputStoreId } = await tellDream(told, made, []);
  expect(await textsOf(told, outputStoreId)).toHaveProperty(["/agent.md"]);
  await erase(world, made);
  expect(await textsOf(told, outputStoreId)).not.toHaveProperty(["/agent.md"]);
  expect(wordsIn(await dump(world), ["pumpernickel"])).toEqual([]);
});

test("a text that it shares with another store stays there, and its path goes", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const id = await tellStore(told, "notes", { "/zorblax-x9.md": "- The crane is red.\n" });
  await put(told, id, { "/b.md": "- x\n" });
  const other = await tellStore(told, "others", { "/crane.md": "- The crane is red.\n" });
  await erase(world, id);
  expect(await textsOf(told, other)).toEqual({ "/crane.md": "- The crane is red.\n" });
  expect(wordsIn(await dump(world), own)).toEqual([]);
  await expectWhole(world);
});

test("an archived store that nobody dreamed over is erased", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const id = await tellStore(told, "notes", notes);
  await world.useCases.archiveMemoryStore(world.principal, { id });
  expect(await erase(world, id)).toEqual({ events: 0, memories: 3, derived: [], versions: 0, changes: 0 });
  expect(wordsIn(await dump(world), own)).toEqual([]);
  await expect(erase(world, id)).rejects.toMatchObject({ kind: "not_found" });
});

test("what is left in copies of a store that was deleted before goes", async () => {
  await using world = await setup();
  const { told, input, outputs } = await tell(world);
  await world.useCases.deleteMemoryStore(world.principal, { id: input });
  expect((await erase(world, input)).memories).toBe(0);
  expect(wordsIn(Object.values(await textsOf(told, outputs[1] ?? "")).join("\n"), own)).toEqual([]);
});
