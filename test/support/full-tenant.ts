/** A tenant that has one of everything an export may meet. */
import assert from "node:assert";
import { noUsage } from "../../src/core/dream.ts";
import { ReveriedError } from "../../src/core/errors.ts";
import { limits } from "../../src/core/limits.ts";
import type { NewSessionEvent } from "../../src/core/session.ts";
import type { EngineInput, EngineResult } from "../../src/ports/engine.ts";
import type { Bundle } from "./bundle.ts";
import { aSessionEvent, someAttemptIds } from "./factories.ts";
import { createScriptedEngine, nothingNew } from "./scripted-engine.ts";
import { memoryAt, put } from "./stores.ts";

export interface FullTenant {
  readonly storeId: string;
  readonly copyId: string;
  readonly archivedStoreId: string;
  readonly sessionId: string;
  readonly dreams: {
    readonly completed: string;
    readonly updated: string;
    readonly failed: string;
    readonly canceled: string;
    readonly running: string;
    readonly pending: string;
  };
}

const told = { reason: "said later", trust: "user", flags: ["unseen_number"] } as const;
const plain = { sessionId: null, expectedSha256: null, expectedVersion: null } as const;

/** Fills the tenant of a bundle that has no worker yet, and leaves it without. */
export async function fillTenant(world: Bundle): Promise<FullTenant> {
  const { useCases: use, principal, clock } = world;
  const storeId = await writtenStore(world);
  const sessionId = await talk(world, storeId);
  const wanted = { inputMemoryStoreId: storeId, sessionIds: [sessionId], model: "" };
  const kind = { type: "omni", instructions: "Be brief.", outputBehavior: "create_new" } as const;
  const worker = world.worker({ engine: createScriptedEngine(dreamScript) });
  worker.start();

  const completed = await use.createDream(principal, { ...wanted, ...kind });
  await clock.settle();
  const updated = await use.createDream(principal, { ...wanted, ...kind, outputBehavior: "update_existing" });
  await clock.settle();
  const failed = await use.createDream(principal, { ...wanted, ...kind, instructions: "fail" });
  await clock.settle();
  await use.archiveDream(principal, { id: failed.id });
  const waiting = await use.createDream(principal, { ...wanted, ...kind, instructions: "wait" });
  await clock.settle();
  const canceled = await use.cancelDream(principal, { id: waiting.id });
  await clock.advance(5_000);

  const stopping = worker.stop(0);
  await clock.advance(limits.releaseMs);
  await stopping;
  const running = await use.createDream(principal, { ...wanted, ...kind, instructions: null });
  const pending = await use.createDream(principal, { ...wanted, ...kind, outputBehavior: "update_existing" });
  await collect(world);
  await world.deps.dreams.claim({
    now: clock.now(),
    workerId: "worker_x",
    limit: 1,
    makeIds: someAttemptIds,
    accepts: ({ id }) => id === running.id,
  });
  const output = await use.getDream(principal, { id: completed.id });
  assert(output.status === "completed" && output.ids !== null);
  await put(world, output.ids.outputStoreId, { "/after.md": "written into the copy" });
  await redactFirst(world, output.ids.outputStoreId, "/notes/2.md");
  const archivedStoreId = (await world.inputs({ "/old/plan.md": "kept" })).storeId;
  await use.archiveMemoryStore(principal, { id: archivedStoreId });
  return {
    storeId,
    copyId: output.ids.outputStoreId,
    archivedStoreId,
    sessionId,
    dreams: {
      completed: completed.id,
      updated: updated.id,
      failed: failed.id,
      canceled: canceled.id,
      running: running.id,
      pending: pending.id,
    },
  };
}

/** Created, changed, moved, deleted and redacted memories; names that few think of. */
async function writtenStore(world: Bundle): Promise<string> {
  const { useCases: use, principal } = world;
  const { store } = await use.createMemoryStore(principal, {
    name: "Größe 🌙",
    description: "line\nline",
    metadata: { b: "2", "10": "ten", "2": "two", a: "" },
    protectedPaths: ["/kept/", "/one.md"],
  });
  const texts = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`/notes/${at}.md`, `note ${at} \u2028 "quoted" \\ \u0007 é\n`]),
  );
  await put(world, store.id, { ...texts, "/a.md": "first", "/b.md": "", "/gone.md": "to be deleted" });
  await put(world, store.id, { "/a.md": "second", "/notes/1.md": 'note 0 \u2028 "quoted" \\ \u0007 é\n' });
  await put(world, store.id, { "/a.md": "third", "/a secret.md": "password: hunter2" });
  const key = { memoryStoreId: store.id, ...plain };
  const moved = await memoryAt(world, store.id, "/b.md");
  await use.updateMemory(principal, { ...key, id: moved.id, content: null, path: "/ä/b 🌙.md" });
  const gone = await memoryAt(world, store.id, "/gone.md");
  await use.deleteMemory(principal, { ...key, id: gone.id });
  const secret = await memoryAt(world, store.id, "/a secret.md");
  await put(world, store.id, { "/a secret.md": "nothing" });
  await use.redactMemoryVersion(principal, { memoryStoreId: store.id, id: secret.versionId });
  await use.updateMemoryStore(principal, {
    id: store.id,
    name: "renamed",
    description: null,
    metadata: {},
    protectedPaths: null,
  });
  return store.id;
}

/** Redacts the oldest version of what was at the path, in a copy the one it began with. */
async function redactFirst(
  { useCases: use, principal }: Bundle,
  memoryStoreId: string,
  path: string,
): Promise<void> {
  const filter = { memoryId: null, operation: null, actorId: null, createdFrom: null, createdTo: null };
  const request = { memoryStoreId, ...filter, pageSize: 100, pageToken: "" };
  const { versions } = await use.listMemoryVersions(principal, request);
  const first = versions.findLast((version) => version.path === path);
  assert(first !== undefined);
  await use.redactMemoryVersion(principal, { memoryStoreId, id: first.id });
}

/** A session with every kind of block and more events than one record takes; an archived one; one that is empty. */
async function talk(world: Bundle, storeId: string): Promise<string> {
  const { useCases: use, principal } = world;
  const facts = { agentId: "agent 7", workspaceId: "w/1", memoryStoreIds: [storeId], tags: ["b", "a"] };
  const session = await use.createSession(principal, {
    title: "Talk",
    ...facts,
    metadata: { "1": "x", k: "v" },
  });
  const blocks: NewSessionEvent["blocks"] = [
    { type: "text", text: "The stand-up is at ten.\u001b[0m" },
    { type: "tool_use", toolUseId: "t1", name: "search", input: '{"q":[1]}' },
    { type: "tool_result", toolUseId: "t1", text: "42", isError: true },
    { type: "other", description: "an image" },
  ];
  const events = [
    aSessionEvent({ blocks, at: -1_000, trust: "assistant" }),
    aSessionEvent({ speaker: "tool", trust: "tool", at: world.clock.now() }),
    ...Array.from({ length: 248 }, (_, at) =>
      aSessionEvent({ blocks: [{ type: "text", text: `event ${at}` }] }),
    ),
  ];
  await use.appendSessionEvents(principal, { sessionId: session.id, events });
  const none = { title: "", agentId: null, workspaceId: null, memoryStoreIds: [], tags: [], metadata: {} };
  const old = await use.createSession(principal, none);
  await use.appendSessionEvents(principal, {
    sessionId: old.id,
    events: [aSessionEvent({ trust: "imported" })],
  });
  await use.archiveSession(principal, { id: old.id });
  await use.createSession(principal, { ...none, title: "empty" });
  return session.id;
}

/** Two dreams over a collection, one that may be there once and one that waits for its store. */
async function collect({ useCases: use, principal }: Bundle): Promise<void> {
  const request = {
    workspaceId: "w/1",
    observer: "ann",
    observed: "",
    type: "omni",
    sessionId: null,
  } as const;
  await use.scheduleDream(principal, request);
  await use.triggerDream(principal, request);
}

/** Makes every kind of change, each with its sources; fails or waits when the instructions say so. */
async function dreamScript(
  input: EngineInput,
  { signal }: { readonly signal: AbortSignal },
): Promise<EngineResult> {
  if (input.instructions === "fail") throw new ReveriedError("invalid_argument", "the engine gave up");
  if (input.instructions === "wait") {
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }
  const session = input.sessions[0]?.id ?? "";
  const at = (path: string) => input.memories.find((memory) => memory.path === path);
  const source = {
    kind: "event",
    sessionId: session,
    eventNumber: 1,
    eventId: "evt_one",
    speaker: "Maya",
    at: null,
    trust: "user",
    quote: "The stand-up",
  } as const;
  const memory = {
    kind: "memory",
    path: "/a.md",
    memoryId: at("/a.md")?.memoryId ?? "",
    versionId: at("/a.md")?.versionId ?? "",
    trust: "imported",
    quote: "third",
  } as const;
  const edits = [
    { kind: "replace", before: "third", after: "fourth", reason: "newer", sources: [source, memory] },
    { kind: "add", before: null, after: "fourth", reason: "", sources: [] },
  ] as const;
  const base = (path: string) => ({ ...told, edits, path, baseVersionId: at(path)?.versionId ?? "" });
  return {
    ...nothingNew,
    usage: { ...noUsage, inputTokens: 7 },
    changes: [
      { kind: "create", ...told, edits, path: "/made.md", content: `made by ${input.dreamId}` },
      { kind: "update", ...base("/a.md"), content: `fourth by ${input.dreamId}` },
      { kind: "delete", ...base("/notes/2.md") },
      { kind: "rename", ...base("/notes/3.md"), toPath: "/notes/three.md" },
    ],
  };
}
