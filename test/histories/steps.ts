/** What can happen in a history, with how each thing is drawn. */
import fc from "fast-check";
import type { ModelChange } from "./store-model.ts";

/** Where the process dies: after so many calls of the storage, the last of them made or not. */
export interface Crash {
  readonly calls: number;
  readonly lastIsMade: boolean;
}

export type Step =
  | {
      readonly kind: "write";
      readonly store: number;
      readonly wanted: ModelChange;
      readonly crash: Crash | null;
    }
  | {
      readonly kind: "dream";
      readonly store: number;
      readonly update: boolean;
      readonly wanted: readonly ModelChange[];
      /** What an agent writes while the engine works, between commit and switch, and after a crash. */
      readonly during: readonly ModelChange[];
      readonly between: readonly ModelChange[];
      readonly after: readonly ModelChange[];
      readonly crash: Crash | null;
    }
  | { readonly kind: "revert"; readonly dream: number; readonly crash: Crash | null }
  | { readonly kind: "redact"; readonly store: number; readonly version: number }
  | { readonly kind: "archive"; readonly store: number };

const paths = ["/a", "/a/b.md", "/a/c", "/b.md", "/d/e.md", "/d/E.md", "/f"];
const contents = ["", "one", "two\n", "three", "one"];

const path = fc.constantFrom(...paths);
const modelChange: fc.Arbitrary<ModelChange> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("put" as const), path, content: fc.constantFrom(...contents) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("move" as const), path, to: path }) },
);
const some = (max: number) => fc.array(modelChange, { maxLength: max });
const crash = (calls: number) =>
  fc.option(fc.record({ calls: fc.nat(calls), lastIsMade: fc.boolean() }), { freq: 2 });
const store = fc.nat(3);

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      store,
      wanted: modelChange,
      crash: crash(8),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("dream" as const),
      store,
      update: fc.boolean(),
      wanted: some(5),
      during: some(2),
      between: some(2),
      after: some(2),
      crash: crash(45),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("revert" as const), dream: fc.nat(5), crash: crash(16) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("redact" as const), store, version: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("archive" as const), store }) },
);
