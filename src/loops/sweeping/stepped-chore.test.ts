import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { Log } from "../../ports/log.ts";
import { createSteppedChore } from "./stepped-chore.ts";
import { createTenantRounds, tasksOf } from "./tenant-rounds.ts";
import { createGoneList, createWatch } from "./watch.ts";

const now = 0;
const { signal } = new AbortController();

function setup(work: (tenant: string) => AsyncGenerator<number, void>, tenants = ["a", "b", "c"]) {
  const clock = createManualClock();
  const errors: unknown[] = [];
  const quiet = () => {};
  const log: Log = { debug: quiet, info: quiet, warn: quiet, error: (_, fields) => errors.push(fields) };
  const watch = createWatch({ clock }, 10_000);
  const sweep = {
    listTenants: async ({ after, limit }: { after: string | null; limit: number }) =>
      tenants.filter((tenant) => tenant > (after ?? "")).slice(0, limit),
  };
  const rounds = createTenantRounds({ sweep, watch }, { firstAfterMs: 0, intervalMs: 1_000 });
  return { clock, watch, errors, chore: createSteppedChore({ clock, log }, "test", tasksOf(rounds, work)) };
}

test("every tenant has its work once a round, a few steps a run", async () => {
  const worked: string[] = [];
  const { chore, clock } = setup(async function* (tenant) {
    for (let step = 0; step < 7; step += 1) yield 1;
    worked.push(tenant);
  });
  expect(await chore.run(now, signal)).toEqual({ count: 9, more: true });
  expect(worked).toEqual(["a"]);
  let runs = 1;
  while ((await chore.run(now, signal)).more) runs += 1;
  expect(worked).toEqual(["a", "b", "c"]);
  expect(runs).toBeLessThan(5);
  expect(await chore.run(now, signal), "the round is over").toEqual({ count: 0, more: false });
  await clock.advance(1_000);
  while ((await chore.run(now, signal)).more);
  expect(worked).toEqual(["a", "b", "c", "a", "b", "c"]);
});

test("a tenant that cannot be swept is told in the log and keeps nobody waiting", async () => {
  const worked: string[] = [];
  const { chore, errors } = setup(async function* (tenant) {
    if (tenant === "b") throw new ReveriedError("internal", "damage");
    yield 1;
    worked.push(tenant);
  });
  while ((await chore.run(now, signal)).more);
  expect(worked).toEqual(["a", "c"]);
  expect(errors).toMatchObject([{ tenant: "b", chore: "test" }]);
});

test("while the storage is away the chore fails, and then begins the tenant's work anew", async () => {
  const begun: string[] = [];
  let away = false;
  const { chore } = setup(async function* (tenant) {
    begun.push(tenant);
    yield 1;
    if (away) throw new ReveriedError("unavailable", "away");
  });
  away = true;
  await expect(chore.run(now, signal)).rejects.toMatchObject({ kind: "unavailable" });
  away = false;
  while ((await chore.run(now, signal)).more);
  expect(begun).toEqual(["a", "a", "b", "c"]);
});

test("an aborted signal ends a run between two steps", async () => {
  const stopping = new AbortController();
  let steps = 0;
  const { chore } = setup(async function* () {
    for (;;) {
      steps += 1;
      if (steps === 3) stopping.abort();
      yield 1;
    }
  });
  expect(await chore.run(now, stopping.signal)).toEqual({ count: 3, more: false });
});

test("watched time leaves out what passed while nobody looked", async () => {
  const { clock, watch } = setup(async function* () {});
  expect(watch.look()).toBe(0);
  await clock.advance(4_000);
  expect(watch.look()).toBe(4_000);
  await clock.advance(86_400_000);
  expect(watch.look()).toBe(14_000);
  clock.jumpWall(86_400_000);
  expect(watch.look()).toBe(14_000);
});

test("a thing is gone when it was missed before, long enough ago", async () => {
  const { clock, watch } = setup(async function* () {});
  const isGone = createGoneList(watch, 5_000);
  expect(isGone("one")).toBe(false);
  await clock.advance(4_999);
  expect([isGone("one"), isGone("two")]).toEqual([false, false]);
  await clock.advance(1);
  expect([isGone("one"), isGone("two")]).toEqual([true, false]);
});
