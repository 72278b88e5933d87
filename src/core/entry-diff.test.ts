import { expect, test } from "vitest";
import { anEntry } from "../../test/support/factories.ts";
import { differingEntries } from "./entry-diff.ts";

test("memories differ by version, wherever they lie", () => {
  const same = anEntry({ path: "/same.md" });
  const moved = anEntry({ path: "/moved.md", memoryId: "mem_moved" });
  const movedThere = anEntry({ path: "/there.md", memoryId: "mem_moved" });
  const gone = anEntry({ path: "/gone.md" });
  const created = anEntry({ path: "/new.md" });
  expect(differingEntries([same, moved, gone], [same, movedThere, created])).toEqual([
    { before: moved, after: movedThere },
    { before: gone, after: null },
    { before: null, after: created },
  ]);
});
