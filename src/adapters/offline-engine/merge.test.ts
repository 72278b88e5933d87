import { describe, expect, test } from "vitest";
import { createNearIndex, type Mergeable, saysTheSame } from "./merge.ts";
import { featuresOf } from "./statement.ts";
import { createStemmer } from "./words.ts";

const stem = createStemmer();
const statement = (text: string, subject = ""): Mergeable => ({ features: featuresOf(text, stem), subject });
const same = (a: string, b: string) => saysTheSame(statement(a), statement(b));

describe("saying the same", () => {
  test.each([
    ["The deploy runs every night.", "the deploy runs every night"],
    [
      "Backups run every night and are kept for 14 days.",
      "Backups run every night, and we keep them for 14 days.",
    ],
    [
      "The staging database is restored from production weekly.",
      "The staging database was restored weekly from production.",
    ],
  ])("%s = %s", (a, b) => {
    expect(same(a, b)).toBe(true);
  });

  test.each([
    ["The canary runs for 20 minutes.", "The canary runs for 45 minutes."],
    ["Deploys go out on Thursday afternoon.", "Deploys go out on Tuesday afternoon."],
    ["The new queue is ready for production.", "The new queue is not ready for production."],
    ["Maya moved to the platform team today.", "Jonas moved to the platform team today."],
    ["We met Maya at the office yesterday.", "We met Jonas at the office yesterday."],
    ["I ran in the park today (2026-01-02).", "I ran in the park today (2026-01-03)."],
  ])("%s ≠ %s", (a, b) => {
    expect(same(a, b)).toBe(false);
  });

  test("what two people say of themselves is two things", () => {
    const text = "I prefer short standups in the morning.";
    expect(saysTheSame(statement(text, "me:maya"), statement(text, "me:jonas"))).toBe(false);
  });
});

test("the index finds a near duplicate among many, and the first added wins", () => {
  const index = createNearIndex<Mergeable>();
  const first = statement("Backups run every night and are kept for 14 days.");
  index.add(first);
  for (let n = 0; n < 500; n += 1)
    index.add(statement(`Service number ${n} belongs to the team in room ${n * 7}.`));
  expect(index.find(statement("Backups run every night, and we keep them for 14 days."))).toBe(first);
  expect(index.find(statement("Backups run every night and are kept for 30 days."))).toBeNull();
});
