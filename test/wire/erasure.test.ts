import { expect, test } from "vitest";
import { aStore, caller, type Json, part } from "./calls.ts";
import { post, serveApp } from "./serve.ts";

async function aSession(call: ReturnType<typeof caller>, text: string): Promise<string> {
  const created = await call("SessionService/CreateSession", { title: "x" });
  const sessionId = String(part(created, "session").id);
  await call("SessionService/AppendSessionEvents", { sessionId, events: [{ speaker: "user", text }] });
  return sessionId;
}

test("an erasure is planned, made, and then there is nothing to plan", async () => {
  await using served = await serveApp();
  const call = caller(served.url);
  const sessionId = await aSession(call, "The valve leaks.");
  const nothing = { memories: "0", derived: [], versions: "0", changes: "0" };
  const planned = await call("ErasureService/PlanErasure", { target: { sessionId } });
  expect(planned).toEqual({ plan: { events: "1", ...nothing } });
  expect(await call("ErasureService/Erase", { target: { sessionId } })).toEqual(planned);
  const again = await post(served.url, "ErasureService/PlanErasure", { target: { sessionId } });
  expect([again.status, again.body.code]).toEqual([404, "not_found"]);
});

test("memories of what was made from a store are named", async () => {
  await using served = await serveApp({ loops: true });
  const call = caller(served.url);
  const memoryStoreId = await aStore(call);
  const memories = [{ path: "/a.md", content: "- The valve leaks since May.\n" }];
  await call("MemoryStoreService/PutMemories", { memoryStoreId, memories });
  const created = await call("DreamService/CreateDream", { inputMemoryStoreId: memoryStoreId });
  const { id } = part(created, "dream");
  let dream: Json = {};
  while (!String(dream.status).endsWith("COMPLETED")) {
    dream = part(await call("DreamService/GetDream", { id }), "dream");
  }
  const { plan } = await call("ErasureService/Erase", { target: { memoryStoreId } });
  const copy = { memoryStoreId: dream.outputMemoryStoreId, path: "/a.md", lines: 1, deleted: true };
  expect(plan).toMatchObject({ events: "0", memories: "1", derived: [copy] });
});

test("a dream in its way is named", async () => {
  await using served = await serveApp();
  const call = caller(served.url);
  const inputMemoryStoreId = await aStore(call);
  const sessionId = await aSession(call, "The valve leaks.");
  const created = await call("DreamService/CreateDream", { inputMemoryStoreId, sessionIds: [sessionId] });
  const dreamId = String(part(created, "dream").id);
  for (const target of [{ sessionId }, { memoryStoreId: inputMemoryStoreId }]) {
    const { status, body, headers } = await post(served.url, "ErasureService/Erase", { target });
    expect([status, body.code]).toEqual([400, "failed_precondition"]);
    expect(body.message).toContain(dreamId);
    expect(headers.get("reveried-blocked-by")).toBe(dreamId);
  }
});

test.each([{}, { target: {} }])("a target must be given: %j", async (request) => {
  await using served = await serveApp();
  for (const rpc of ["PlanErasure", "Erase"]) {
    const { status, body, headers } = await post(served.url, `ErasureService/${rpc}`, request);
    expect([status, body.code]).toEqual([400, "invalid_argument"]);
    expect(headers.get("reveried-field")).toBe("target");
  }
});
