import fc from "fast-check";
import { expect, test } from "vitest";
import { anEntry } from "../../test/support/factories.ts";
import { bucketOf, comparePaths, type MemoryEntry } from "./memory.ts";
import { mergeEntries } from "./merge-entries.ts";

function runsOf(paths: readonly string[]): MemoryEntry[][] {
  const sorted = [...new Set(paths)].sort(comparePaths).map((path) => anEntry({ path }));
  return [...Map.groupBy(sorted, ({ path }) => bucketOf(path)).values()];
}

const path = fc
  .array(fc.constantFrom("a", "b", "é", "🌙", "B"), { minLength: 1, maxLength: 3 })
  .map((segments) => `/${segments.join("/")}`);

test("the merge answers with what a sort of everything would begin with", () => {
  fc.assert(
    fc.property(
      fc.array(path, { maxLength: 60 }),
      fc.oneof(fc.constant(""), fc.constant("/a/"), fc.constant("/🌙/")),
      fc.oneof(fc.constant(""), path),
      fc.integer({ min: 1, max: 20 }),
      (paths, prefix, from, limit) => {
        const expected = [...new Set(paths)]
          .filter((one) => one.startsWith(prefix) && comparePaths(one, from) >= 0)
          .sort(comparePaths)
          .slice(0, limit);
        const merged = mergeEntries(runsOf(paths), { prefix, from, limit });
        expect(merged.map((entry) => entry.path)).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
