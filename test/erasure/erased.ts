/** The story told to a whole service, its session and then its notes erased, and every byte looked at. */
import { expect } from "vitest";
import type { UseCases } from "../../src/service/use-cases.ts";
import { onlyWords, tellStory } from "./story.ts";
import { type Told, textsOf, watching } from "./teller.ts";
import { wordsIn } from "./told-by-bundle.ts";

/** `bytes` answers with everything the storage holds, in any encoding that shows letters. */
export async function expectErased(useCases: UseCases, bytes: () => Promise<string>): Promise<void> {
  const principal = { tenant: "default", keyId: null };
  const told: Told = { useCases, principal, ended: watching(useCases, principal) };
  const story = await tellStory(told);
  expect(wordsIn(await bytes(), onlyWords)).toEqual(onlyWords);
  const target = { kind: "session", id: story.erased } as const;
  const planned = await useCases.planErasure(principal, { target });
  expect(await useCases.erase(principal, { target })).toEqual(planned);
  const left = await bytes();
  expect(wordsIn(left, onlyWords)).toEqual([]);
  const others = ["peanut snacks", "cluster in Frankfurt", "contract in the spring", "plants in the lobby"];
  expect(wordsIn(left, others)).toEqual(others);

  const notes = { kind: "store", id: story.input } as const;
  const plannedNotes = await useCases.planErasure(principal, { target: notes });
  expect(plannedNotes.derived.length).toBeGreaterThan(0);
  expect(await useCases.erase(principal, { target: notes })).toEqual(plannedNotes);
  const rest = await bytes();
  expect(wordsIn(rest, ["short meetings", "runs for 20 minutes", "platform team"])).toEqual([]);
  expect(wordsIn(rest, others)).toEqual(others);
  for (const { id, outputStoreId } of story.dreams) {
    expect(Object.keys(await textsOf(told, outputStoreId)).length).toBeGreaterThan(0);
    const page = await useCases.diffDream(principal, { id, pageSize: 0, pageToken: "" });
    expect(page.changes.length).toBeGreaterThan(0);
  }
}
