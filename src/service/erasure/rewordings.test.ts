import { expect, test } from "vitest";
import type { Edit, Source } from "../../core/change-set.ts";
import { createRewordings } from "./rewordings.ts";

const at = Date.UTC(2026, 2, 5);

function event(quote: string, speaker = "Maya", saidAt: number | null = at): Source {
  const event = { kind: "event", sessionId: "s", eventNumber: 1, eventId: "e", trust: "user" } as const;
  return { ...event, speaker, at: saidAt, quote };
}

const memory = (quote: string): Source => ({
  kind: "memory",
  path: "/a.md",
  memoryId: "m",
  versionId: "v",
  trust: "user",
  quote,
});

const gone = event("We moved the stand-up to ten.");

function rewordings(other: Source, given: Partial<Edit> = {}, goes: (text: string) => boolean = () => false) {
  const all = createRewordings();
  const edit: Edit = {
    kind: "add",
    before: null,
    after: gone.quote,
    reason: "",
    sources: [gone, other],
    ...given,
  };
  all.add("drm_a", edit, [gone]);
  return [...all.where(new Set(["drm_a", "drm_b"]), goes)];
}

test("another that says nearly the same gives its words, with who said them when", () => {
  expect(rewordings(event("We moved the stand-up to ten now."))).toEqual([
    [
      "we moved the stand up to ten",
      { text: "We moved the stand-up to ten now.", label: "2026-03-05, Maya: " },
    ],
  ]);
});

test.each([
  ["user", at, "2026-03-05: "],
  ["A: b", null, "undated, A  b: "],
  ["x".repeat(65), null, "undated: "],
])("of %s, said at %s, the label is %j", (speaker, saidAt, label) => {
  const [found] = rewordings(event("We moved the stand-up to ten now.", speaker, saidAt));
  expect(found?.[1].label).toBe(label);
});

test("a sentence of a memory takes the place of what it was worked into, with the label that stands there", () => {
  const after = "The stand-up is at ten in the hall, since May.";
  expect(rewordings(memory("The stand-up is at ten"), { after })).toEqual([
    ["the stand up is at ten in the hall since may", { text: "The stand-up is at ten", label: null }],
  ]);
  expect(rewordings(memory(after), { after })).toEqual([]);
});

test.each([
  ["what was outdated", event("We moved the stand-up to nine."), { kind: "supersede" }],
  ["something else", event("Lunch is at noon."), {}],
  ["what was cut short", event("We moved the stand-up to ten and…"), {}],
  ["more than a line", event("We moved the\nstand-up to ten now."), {}],
] as const)("there are none of %s", (_name, other, given) => {
  expect(rewordings(other, given)).toEqual([]);
});

test("there are none that go themselves, and none of a dream that is not asked for", () => {
  expect(rewordings(event("We moved the stand-up to ten now."), {}, () => true)).toEqual([]);
  const all = createRewordings();
  const sources = [gone, event("We moved the stand-up to ten now.")];
  all.add("drm_c", { kind: "add", before: null, after: null, reason: "", sources }, [gone]);
  expect([...all.where(new Set(["drm_a"]), () => false)]).toEqual([]);
});
