import { expect, test } from "vitest";
import { createQuota, requireRoom } from "./quota.ts";

const config = { what: "things", max: 100, instead: "delete some" };

test("room is what is left, and none is told with the bound", async () => {
  expect(await requireRoom(async () => 40, config, "acme")).toBe(60);
  expect(await requireRoom(async () => 99, config, "acme")).toBe(1);
  await expect(requireRoom(async () => 100, config, "acme")).rejects.toMatchObject({
    kind: "resource_exhausted",
    message: expect.stringMatching(/100 things.*delete some/),
    details: { limit: 100 },
  });
});

test("one process never lets in more than the bound, and counts far less often than it is asked", async () => {
  let there = 0;
  let counts = 0;
  const quota = createQuota(async () => {
    counts += 1;
    return there;
  }, config);
  while (there < 200) {
    const isLetIn = await quota("acme").then(
      () => true,
      () => false,
    );
    if (!isLetIn) break;
    there += 1;
  }
  expect(there).toBe(100);
  expect(counts).toBeLessThan(60);
});

test("what was deleted makes room again", async () => {
  let there = 100;
  const quota = createQuota(async () => there, config);
  await expect(quota("acme")).rejects.toMatchObject({ kind: "resource_exhausted" });
  there = 99;
  await quota("acme");
});

test("tenants do not use up each other's room", async () => {
  const quota = createQuota(async ({ tenant }) => (tenant === "full" ? 100 : 0), config);
  await quota("acme");
  await expect(quota("full")).rejects.toMatchObject({ kind: "resource_exhausted" });
  await quota("acme");
});
