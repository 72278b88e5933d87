/**
 * Memory stores in a process of their own, over the storage that the service uses, without the wire: what is asked for is
 * timed here. Each message names one thing to do; the answer is milliseconds, one for each time it was done.
 */
import { createInprocEventBus } from "../src/adapters/inproc/event-bus.ts";
import { openMongoStorage } from "../src/adapters/mongo/storage.ts";
import { openSqliteStorage } from "../src/adapters/sqlite/storage.ts";
import { createSystemDeps } from "../src/app.ts";
import { idPrefixes } from "../src/core/ids.ts";
import { defaultModelRoutes } from "../src/core/model-map.ts";
import { newId, type ServiceDeps } from "../src/service/deps.ts";
import { createHeads } from "../src/service/memories/heads.ts";
import { createUseCases } from "../src/service/use-cases.ts";
import { readJob, serveParent } from "./processes.ts";

export type StoreWork =
  | { readonly do: "fill"; readonly memories: number }
  | { readonly do: "copy" | "bare" | "write" | "page"; readonly memories: number; readonly times: number }
  | { readonly do: "contents"; readonly first: number; readonly count: number; readonly batch: number }
  | { readonly do: "get contents"; readonly below: number; readonly times: number };

// The parse edges: only `startHelper` of this folder starts this file.
const job = readJob() as { readonly dir: string } | { readonly url: string; readonly database: string };
const system = createSystemDeps("silent");
const storage =
  "dir" in job ? await openSqliteStorage(system, { dir: job.dir }) : await openMongoStorage(system, job);
const heads = createHeads({ memories: storage.memories, digest: system.digest });
const deps: ServiceDeps = { ...system, ...storage, heads, bus: createInprocEventBus(system) };
const use = createUseCases(deps, { models: defaultModelRoutes });
const principal = { tenant: "default", keyId: null };
/** Stores by the number of their memories. */
const stores = new Map<number, string>();
let written = 0;

serveParent(async (message) => {
  const work = message as StoreWork;
  switch (work.do) {
    case "fill":
      return fill(work.memories);
    case "copy":
      return timed(work.times, () => copy(storeOf(work.memories)));
    case "bare":
      return timed(work.times, bare);
    case "write":
      return timed(work.times, () => put(storeOf(work.memories), [note(written++ % work.memories)]));
    case "page":
      return timed(work.times, (time) => page(storeOf(work.memories), time));
    case "contents":
      return putContents(work.first, work.count, work.batch);
    case "get contents":
      return timed(work.times, (time) => getContents(work.below, time));
  }
});

function storeOf(memories: number): string {
  const id = stores.get(memories);
  if (id === undefined) throw new Error(`no store of ${memories} memories was filled`);
  return id;
}

async function timed(times: number, run: (time: number) => Promise<unknown>): Promise<number[]> {
  const ms: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const startedAt = performance.now();
    await run(time);
    ms.push(performance.now() - startedAt);
  }
  return ms;
}

async function fill(memories: number): Promise<number[]> {
  const { store } = await use.createMemoryStore(principal, {
    name: `${memories} memories`,
    description: "",
    metadata: {},
    protectedPaths: [],
  });
  stores.set(memories, store.id);
  const startedAt = performance.now();
  for (let first = 0; first < memories; first += 500) {
    const count = Math.min(500, memories - first);
    await put(
      store.id,
      Array.from({ length: count }, (_, index) => note(first + index)),
    );
  }
  return [performance.now() - startedAt];
}

/** Notes as people keep them: some folders deep, some hundred bytes to some kilobytes. */
function note(number: number) {
  const path = `/projects/p${number % 97}/notes-${Math.floor(number / 97)}.md`;
  written += 1;
  const line = `- 2026-03-${10 + (number % 20)}, Maya: decision ${number} of revision ${written} was to keep it.\n`;
  return { path, content: `# Note ${number}\n\n${line.repeat(5 + (number % 40))}` };
}

function put(memoryStoreId: string, memories: readonly { path: string; content: string }[]) {
  return use.putMemories(principal, { memoryStoreId, memories });
}

/** What `begin` of a dream does to make its output. */
async function copy(storeId: string): Promise<void> {
  const { tenant } = principal;
  const input = await deps.memories.get({ tenant, id: storeId });
  if (input === null) throw new Error("the store is gone");
  const now = deps.clock.now();
  const id = newId(deps, idPrefixes.memoryStore, now);
  const origin = { storeId, head: input.head };
  await deps.memories.create({
    ...input,
    id,
    origin,
    revision: 0,
    edition: 1,
    createdAt: now,
    updatedAt: now,
  });
}

/** The smallest durable write there is: a store without anything. */
async function bare(): Promise<void> {
  await use.createMemoryStore(principal, { name: "bare", description: "", metadata: {}, protectedPaths: [] });
}

async function page(memoryStoreId: string, time: number): Promise<void> {
  const pathPrefix = time % 2 === 0 ? "" : "/projects/";
  await use.listMemories(principal, {
    memoryStoreId,
    pathPrefix,
    depth: 0,
    pageSize: 100,
    pageToken: "",
    includeContent: false,
  });
}

function contentOf(number: number) {
  const text = `text ${number} ${"lorem ipsum dolor ".repeat(12)}`;
  return { hash: deps.digest.sha256(text), text };
}

async function putContents(first: number, count: number, batch: number): Promise<number[]> {
  const ms: number[] = [];
  for (let at = first; at < first + count; at += batch) {
    const contents = Array.from({ length: batch }, (_, index) => contentOf(at + index));
    const startedAt = performance.now();
    await deps.memories.putContents({ tenant: principal.tenant, contents, now: deps.clock.now() });
    ms.push(performance.now() - startedAt);
  }
  return ms;
}

async function getContents(below: number, time: number): Promise<void> {
  const hashes = Array.from(
    { length: 100 },
    (_, index) => contentOf((time * 7_919 + index * 104_729) % below).hash,
  );
  const found = await deps.memories.getContents({ tenant: principal.tenant, hashes });
  if (found.size !== new Set(hashes).size) throw new Error("a content that was put is not there");
}
