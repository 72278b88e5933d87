import { expect, test } from "vitest";
import { tellDream, tellSession, tellStore, textsOf } from "../../../test/erasure/teller.ts";
import { toldBy } from "../../../test/erasure/told-by-bundle.ts";
import { setup } from "../../../test/support/bundle.ts";

test("a note that had a name before the dream keeps its lines, though of all who spoke only the erased session has it", async () => {
  await using world = await setup();
  const told = toldBy(world);
  const note =
    "# Log\n\n- 2026-01-05, Jonas: Berths are handed out on Mondays.\n- 2026-01-06, Jonas: The crane rests.\n";
  const storeId = await tellStore(told, "log", { "/log.md": note });
  const sessionId = await tellSession(told, {
    day: "2026-03-04",
    lines: [["Jonas", "The Zorblax cellar was flooded by the harbour in the night of the storm."]],
  });
  await tellDream(told, storeId, [sessionId], true);
  expect(JSON.stringify(await textsOf(told, storeId))).toContain("Zorblax");
  await world.useCases.erase(world.principal, { target: { kind: "session", id: sessionId } });
  const texts = await textsOf(told, storeId);
  expect(texts["/log.md"]).toBe(note);
  expect(JSON.stringify(texts)).not.toContain("Zorblax");
});
