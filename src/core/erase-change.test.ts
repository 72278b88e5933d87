import { expect, test } from "vitest";
import { aRecordedChange } from "../../test/support/factories.ts";
import type { Edit, Source } from "./change-set.ts";
import { type ChangeErasing, eraseHashes, eraseWords } from "./erase-change.ts";
import { createFragments } from "./fragments.ts";
import { createBlockReader } from "./passages.ts";

const readBlocks = createBlockReader();
const valve = "The valve leaks a lot.";

function erasing(given: Partial<ChangeErasing> = {}): ChangeErasing {
  const fragments = createFragments(() => true);
  for (const block of readBlocks(valve)) fragments.add(block, 1);
  return {
    readBlocks,
    fragments: fragments.where(new Set()),
    ownWords: new Map([["zorblax", true]]),
    rewordings: new Map(),
    isGone: (path) => path === "/zorblax.md",
    isTarget: (source) => source.kind === "event" && source.sessionId === "sesn_gone",
    rests: () => false,
    holds: (hash) => hash === "held",
    ...given,
  };
}

function event(sessionId: string, quote: string): Source {
  return {
    kind: "event",
    sessionId,
    eventNumber: 1,
    eventId: "e",
    speaker: "Maya",
    at: null,
    trust: "user",
    quote,
  };
}

const memory = (path: string, quote: string): Source => ({
  kind: "memory",
  path,
  memoryId: "mem",
  versionId: "ver",
  trust: "user",
  quote,
});

const edit = (given: Partial<Edit>): Edit => ({
  kind: "add",
  before: null,
  after: "It is red.",
  reason: "said so",
  sources: [],
  ...given,
});

test("hashes of texts that go are taken, with a flag, once", () => {
  const change = aRecordedChange({ beforeHash: "kept", afterHash: "held", flags: ["unseen_number"] });
  const erased = eraseHashes(change, erasing());
  expect(erased).toEqual({
    ...change,
    afterHash: null,
    flags: ["unseen_number", "text_removed"],
  });
  expect(eraseHashes(erased, erasing())).toBe(erased);
  const other = aRecordedChange({ beforeHash: "kept", afterHash: "kept" });
  expect(eraseHashes(other, erasing())).toBe(other);
});

test("sources that go are dropped, and words that go are taken from all that is told", () => {
  const stays = event("sesn_stays", "It drips.");
  const change = aRecordedChange({
    reason: `because ${valve}`,
    edits: [
      edit({
        before: valve,
        after: `It is red. ${valve}`,
        reason: "said by Zorblax on Monday",
        sources: [
          event("sesn_gone", valve),
          stays,
          memory("/zorblax.md", valve),
          memory("/b.md", "It is blue."),
        ],
      }),
    ],
  });
  const erased = eraseWords(change, 7, erasing());
  expect(erased).toEqual({
    ...change,
    reason: "",
    edits: [
      edit({
        before: null,
        after: "It is red.",
        reason: "",
        sources: [stays, memory("/erased", ""), memory("/b.md", "It is blue.")],
      }),
    ],
  });
  expect(eraseWords(erased, 7, erasing())).toBe(erased);
});

test("paths that went say nothing any more", () => {
  const change = aRecordedChange({ kind: "rename", path: "/zorblax.md", toPath: "/b.md" });
  expect(eraseWords(change, 7, erasing())).toMatchObject({ path: "/erased-7", toPath: "/b.md" });
  const moved = aRecordedChange({ kind: "rename", path: "/b.md", toPath: "/zorblax.md" });
  expect(eraseWords(moved, 7, erasing())).toMatchObject({ path: "/b.md", toPath: "/erased-7-moved" });
});

test("the reason goes of an edit that rests on nothing else, and of a change of such edits", () => {
  const sources = [event("sesn_gone", "x")];
  const rests = ({ sources: of }: Edit) => of.length > 0;
  const both = aRecordedChange({ reason: "r", edits: [edit({ sources }), edit({})] });
  expect(eraseWords(both, 1, erasing({ rests }))).toMatchObject({
    reason: "",
    edits: [{ reason: "", sources: [] }, { reason: "said so" }],
  });
});

test("a change that says nothing of it is the very same", () => {
  const change = aRecordedChange({ edits: [edit({ sources: [event("sesn_stays", "It drips.")] })] });
  expect(eraseWords(change, 1, erasing())).toBe(change);
});
