import { expect, test } from "vitest";
import { createUuidSet } from "./uuid-set.ts";

const uuid = (n: number) =>
  `${n.toString(16).padStart(8, "0")}-0000-4000-8000-${(n * 7).toString(16).padStart(12, "0")}`;

test("an id is new once, also after the table has grown", () => {
  const set = createUuidSet();
  for (let n = 0; n < 20_000; n += 1) expect(set.add(uuid(n))).toBe(true);
  for (let n = 0; n < 20_000; n += 1) expect(set.add(uuid(n))).toBe(false);
});

test("ids that are no UUID, and the UUID of zeros, are kept too", () => {
  const set = createUuidSet();
  for (const id of ["", "a", "msg_1", "00000000-0000-0000-0000-000000000000"]) {
    expect(set.add(id)).toBe(true);
    expect(set.add(id)).toBe(false);
  }
});
