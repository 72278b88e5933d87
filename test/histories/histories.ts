/** Random histories of stores, against the model: after every step the service shows what the model says. */
import assert from "node:assert";
import type { Change } from "../../src/core/change-set.ts";
import type { Dream } from "../../src/core/dream.ts";
import { isReveriedError } from "../../src/core/errors.ts";
import { dreamOrigin, revertOrigin } from "../../src/core/memory-version.ts";
import type { Engine, EngineInput } from "../../src/ports/engine.ts";
import type { StorageUnderTest } from "../contract/storage.ts";
import { createScriptedEngine, nothingNew } from "../support/scripted-engine.ts";
import { type Shown, shownHistory, shownMemories } from "./shown.ts";
import type { Crash, Step } from "./steps.ts";
import {
  applicable,
  change,
  copyOfModel,
  emptyModel,
  inTheWay,
  type ModelChange,
  type ModelStore,
  type ModelVersion,
  revertModel,
} from "./store-model.ts";
import { createHistoryWorld, type HistoryWorld, type Process, principal } from "./world.ts";

/** A dream that wrote into its input: what the store was before and after its switch. */
interface Made {
  readonly dreamId: string;
  readonly store: ModelStore;
  readonly before: ModelStore;
  readonly after: ModelStore;
}

interface History {
  readonly world: HistoryWorld;
  process: Process;
  readonly stores: ModelStore[];
  readonly made: Made[];
  crashes: number;
}

export interface HistoryReport {
  readonly dreams: number;
  readonly crashes: number;
}

const told = { reason: "drawn", edits: [], trust: "user", flags: [] } as const;

/** Runs the steps one after another. Throws an AssertionError for the first thing that is not as the model says. */
export async function runHistory(storage: StorageUnderTest, steps: readonly Step[]): Promise<HistoryReport> {
  const world = createHistoryWorld(storage);
  const history: History = { world, process: world.start(), stores: [], made: [], crashes: 0 };
  for (let index = 0; index < 2; index += 1) {
    const { store } = await history.process.use.createMemoryStore(principal, {
      name: `store ${index}`,
      description: "",
      metadata: {},
      protectedPaths: [],
    });
    history.stores.push(emptyModel(store.id));
  }
  let dreams = 0;
  for (const step of steps) {
    if (step.kind === "dream") dreams += 1;
    await runStep(history, step);
    for (const store of history.stores) await check(history, store);
  }
  return { dreams, crashes: history.crashes };
}

async function runStep(history: History, step: Step): Promise<void> {
  const pick = (index: number) => history.stores[index % history.stores.length] ?? assert.fail();
  switch (step.kind) {
    case "write":
      return write(history, pick(step.store), step.wanted, step.crash);
    case "dream":
      return dream(history, pick(step.store), step);
    case "revert": {
      const made = history.made[step.dream % Math.max(1, history.made.length)];
      return made === undefined ? undefined : revert(history, made, step.crash);
    }
    case "redact":
      return redact(history, pick(step.store), step.version);
    case "archive": {
      const store = pick(step.store);
      // One stays open, or nothing more could happen.
      if (store === history.stores[0]) return;
      await history.process.use.archiveMemoryStore(principal, { id: store.id });
      store.archived = true;
    }
  }
}

async function check({ process }: History, store: ModelStore): Promise<void> {
  const shown = await shownMemories(process, store.id);
  assert.deepEqual(texts(shown), textsOf(store), `the memories of ${store.id}`);
  for (const [path, memory] of store.memories)
    assert.equal(shown.get(path)?.id, memory.id, `the id at ${path}`);
  assert.deepEqual(
    Object.fromEntries(await shownHistory(process, store.id)),
    Object.fromEntries([...store.history].map(([id, versions]) => [id, versions.map(asShown)])),
    `the history of ${store.id}`,
  );
}

function asShown(version: ModelVersion): ModelVersion {
  return version.redacted ? { ...version, path: "", content: null } : version;
}

function texts(shown: Shown): Record<string, string> {
  return Object.fromEntries([...shown].map(([path, { content }]) => [path, content]).sort());
}

function textsOf(store: ModelStore): Record<string, string> {
  return Object.fromEntries([...store.memories].map(([path, { content }]) => [path, content]).sort());
}

/** Runs calls in a process that dies on the way, and then starts another. Without a crash, in the one that is there. */
async function dyingAt(history: History, crash: Crash | null, run: (process: Process) => Promise<void>) {
  if (crash === null) return run(history.process);
  const fuse = { left: crash.calls, lastIsMade: crash.lastIsMade };
  try {
    await run(history.world.start({ fuse }));
  } catch (error) {
    if (fuse.left >= 0) throw error;
  }
  if (fuse.left < 0) history.crashes += 1;
  history.process = history.world.start();
}

/** One write of a person: made or not made, and after a crash either, but nothing in between. */
async function write(
  history: History,
  store: ModelStore,
  wanted: ModelChange,
  crash: Crash | null,
): Promise<void> {
  const refusal = refusalOf(store, wanted);
  // Nothing to name, so nothing to call.
  if (refusal === "absent") return;
  let refused: string | null = null;
  await dyingAt(history, crash, async (process) => {
    try {
      await callFor(process, store, wanted);
    } catch (error) {
      if (!isReveriedError(error) || error.kind === "unavailable") throw error;
      refused = error.kind;
    }
  });
  const died = crash !== null && refused === null;
  if (!died || refused !== null) assert.equal(refused, refusal, `${JSON.stringify(wanted)} in ${store.id}`);
  if (refusal !== null) return;
  await settleOn(history, store, [wanted], died);
}

/** Makes the changes in the model, or none of them where the process may have died before. */
async function settleOn(
  history: History,
  store: ModelStore,
  changes: readonly ModelChange[],
  mayBeNone: boolean,
) {
  const shown = await shownMemories(history.process, store.id);
  const before = copyOfModel(store);
  const next = copyOfModel(store);
  for (const one of changes) change(next, one, (path) => shown.get(path)?.id ?? "absent");
  const made = JSON.stringify(texts(shown)) === JSON.stringify(textsOf(next));
  const chosen = made || !mayBeNone ? next : before;
  store.memories = chosen.memories;
  store.history = chosen.history;
}

function refusalOf(store: ModelStore, wanted: ModelChange): string | null {
  const before = store.memories.get(wanted.path);
  if (wanted.kind !== "put" && before === undefined) return "absent";
  if (store.archived) return "failed_precondition";
  const others = [...store.memories.keys()].filter((path) => path !== wanted.path);
  if (wanted.kind === "put" && before === undefined) {
    return inTheWay(store.memories.keys(), wanted.path) === null ? null : "conflict";
  }
  if (wanted.kind === "move" && wanted.to !== wanted.path) {
    const taken = store.memories.has(wanted.to) || inTheWay(others, wanted.to) !== null;
    return taken ? "conflict" : null;
  }
  return null;
}

async function callFor({ use }: Process, store: ModelStore, wanted: ModelChange): Promise<void> {
  const key = { memoryStoreId: store.id, sessionId: null, expectedSha256: null, expectedVersion: null };
  const id = store.memories.get(wanted.path)?.id ?? "absent";
  if (wanted.kind === "put") {
    const memories = [{ path: wanted.path, content: wanted.content }];
    await use.putMemories(principal, { memoryStoreId: store.id, memories });
  } else if (wanted.kind === "remove") await use.deleteMemory(principal, { ...key, id });
  else await use.updateMemory(principal, { ...key, id, content: null, path: wanted.to });
}

/** What an agent writes beside a dream, by a process of its own; what is refused is left out. */
async function agentWrites(
  history: History,
  store: ModelStore,
  changes: readonly ModelChange[],
): Promise<void> {
  const process = history.world.start();
  for (const wanted of changes) {
    if (refusalOf(store, wanted) !== null) continue;
    await callFor(process, store, wanted);
    await settleOn(history, store, [wanted], false);
  }
}

type DreamStep = Extract<Step, { readonly kind: "dream" }>;

async function dream(history: History, store: ModelStore, step: DreamStep): Promise<void> {
  if (store.archived) return;
  const created = await history.process.use.createDream(principal, {
    inputMemoryStoreId: store.id,
    sessionIds: [],
    model: "",
    instructions: null,
    outputBehavior: step.update ? "update_existing" : "create_new",
    type: "omni",
  });
  const dreamt = await watchDream(history, store, step, created);
  const engine = createScriptedEngine(async (input, _, run) => {
    const { wanted } = await dreamt.inputs();
    if (run === 1) await agentWrites(history, store, step.during);
    return { ...nothingNew, changes: wanted.map((one) => changeFor(input, one)) };
  });
  await dyingDream(history, step.crash, engine, () => agentWrites(history, store, step.between));
  await dreamt.noteSwitch();
  await agentWrites(history, store, step.after);
  await dreamt.noteHead();
  const ended = await toEnd(history, created, engine);
  await dreamt.noteSwitch();
  const { read, wanted } = await dreamt.inputs();
  if (!step.update) return addOutput(history, read, ended, wanted);
  const switched = dreamt.switched();
  if (switched !== null) history.made.push({ dreamId: created.id, store, ...switched });
}

/** Follows in the model what a dream reads, which is settled when it begins, and when its store is switched. */
async function watchDream(history: History, store: ModelStore, step: DreamStep, { id }: Dream) {
  const { deps, use } = history.world.start();
  const { tenant } = principal;
  const byHead = new Map<string, ModelStore>();
  let switched: Pick<Made, "before" | "after"> | null = null;
  let ended = false;
  async function noteHead(): Promise<void> {
    const { head } = (await deps.memories.get({ tenant, id: store.id })) ?? assert.fail("the store is there");
    byHead.set(head, copyOfModel(store));
  }
  async function inputs(): Promise<{ read: ModelStore; wanted: ModelChange[] }> {
    const { frozen } = await use.getDream(principal, { id });
    const read = byHead.get(frozen?.head ?? "") ?? assert.fail("a dream reads a head that the store showed");
    return { read, wanted: validChanges(read, step.wanted) };
  }
  await noteHead();
  return {
    inputs,
    noteHead,
    switched: () => switched,
    async noteSwitch(): Promise<void> {
      if (!step.update || ended) return;
      const key = { tenant, storeId: store.id, origin: dreamOrigin(id) };
      const made = (await deps.memories.findRevision(key)) !== null;
      ended = made || (await use.getDream(principal, { id })).status === "completed";
      if (!ended) return;
      const before = copyOfModel(store);
      const { read, wanted } = await inputs();
      const changes = present(before, applicable(read, before, wanted));
      if (!made) return assert.deepEqual(changes, [], "only a dream that changes nothing has no revision");
      await settleOn(history, store, changes, false);
      switched = { before, after: copyOfModel(store) };
    },
  };
}

/** Changes that find their memory still there; a delete of what is gone is done already. */
function present(store: ModelStore, changes: readonly ModelChange[]): ModelChange[] {
  return changes.filter((one) => one.kind !== "remove" || store.memories.has(one.path));
}

async function dyingDream(
  history: History,
  crash: Crash | null,
  engine: Engine,
  onCommit: () => Promise<void>,
) {
  let heard = false;
  const once = async () => {
    if (heard) return;
    heard = true;
    await onCommit();
  };
  const fuse = crash === null ? null : { left: crash.calls, lastIsMade: crash.lastIsMade };
  const process = history.world.start({ fuse, onCommit: once });
  try {
    await process.runNext(engine);
  } catch (error) {
    if (fuse === null || fuse.left >= 0) throw error;
  }
  if (fuse !== null && fuse.left < 0) history.crashes += 1;
  history.process = history.world.start();
  await history.process.recover();
}

async function toEnd(history: History, created: Dream, engine: Engine): Promise<Dream> {
  for (let tries = 0; tries < 3; tries += 1) {
    const dream = await history.process.use.getDream(principal, { id: created.id });
    if (dream.status !== "pending" && dream.status !== "running") {
      assert.equal(dream.status, "completed", JSON.stringify(dream));
      return dream;
    }
    await history.process.runNext(engine);
  }
  return assert.fail(`dream ${created.id} does not end`);
}

async function addOutput(history: History, read: ModelStore, ended: Dream, wanted: readonly ModelChange[]) {
  assert(ended.ids !== null);
  const id = ended.ids.outputStoreId;
  const shown = await shownMemories(history.process, id);
  const idAt = new Map(
    [...(await shownHistory(history.process, id))].map(([memory, [first]]) => [first?.path, memory]),
  );
  const output = emptyModel(id);
  for (const [path, { content }] of read.memories) {
    change(output, { kind: "put", path, content }, () => idAt.get(path) ?? "absent");
  }
  for (const one of applicable(read, read, wanted))
    change(output, one, (path) => shown.get(path)?.id ?? "absent");
  history.stores.push(output);
}

/** Those of the drawn changes that an engine may make of what it read: no path twice, nothing over another memory. */
function validChanges(read: ModelStore, drawn: readonly ModelChange[]): ModelChange[] {
  const touched = new Set<string>();
  const made: string[] = [];
  return drawn.filter((one) => {
    const there = read.memories.get(one.path);
    const target = one.kind === "move" ? one.to : one.path;
    const paths = [one.path, target];
    if (paths.some((path) => touched.has(path))) return false;
    if (one.kind !== "put" && there === undefined) return false;
    if (one.kind === "move" && read.memories.has(one.to)) return false;
    if (one.kind === "put" && there?.content === one.content) return false;
    const makes = one.kind === "move" || (one.kind === "put" && there === undefined);
    if (makes && inTheWay(made, target) !== null) return false;
    if (makes) made.push(target);
    for (const path of paths) touched.add(path);
    return true;
  });
}

function changeFor(input: EngineInput, wanted: ModelChange): Change {
  const { path } = wanted;
  const baseVersionId = input.memories.find((memory) => memory.path === path)?.versionId;
  if (baseVersionId === undefined) {
    assert(wanted.kind === "put", "only a put makes what was not read");
    return { ...told, kind: "create", path, content: wanted.content };
  }
  const base = { ...told, path, baseVersionId };
  if (wanted.kind === "put") return { ...base, kind: "update", content: wanted.content };
  return wanted.kind === "remove"
    ? { ...base, kind: "delete" }
    : { ...base, kind: "rename", toPath: wanted.to };
}

async function revert(history: History, made: Made, crash: Crash | null): Promise<void> {
  const { store } = made;
  const redacted = [...store.history.values()].flat().some((version) => version.redacted);
  // A redacted text may or may not be there to go back to; the erasure and redaction tests look at that.
  if (store.archived || redacted) return;
  const key = { tenant: principal.tenant, storeId: store.id, origin: revertOrigin(made.dreamId) };
  const isMade = async () => (await history.world.start().deps.memories.findRevision(key)) !== null;
  const wasMade = await isMade();
  await dyingAt(history, crash, async (process) => {
    await process.use.revertDream(principal, { id: made.dreamId });
  });
  if (wasMade || !(await isMade())) return;
  revertModel(store, made);
}

async function redact(history: History, store: ModelStore, index: number): Promise<void> {
  const old = [...store.history].flatMap(([memoryId, versions]) =>
    versions.map((version, number) => ({
      memoryId,
      version,
      number,
      isLast: number === versions.length - 1,
    })),
  );
  const chosen = old[index % Math.max(1, old.length)];
  if (chosen === undefined) return;
  const page = await history.process.use.listMemoryVersions(principal, {
    memoryStoreId: store.id,
    memoryId: chosen.memoryId,
    pageSize: 100,
    pageToken: "",
    operation: null,
    actorId: null,
    createdFrom: null,
    createdTo: null,
  });
  const { id } = page.versions.toReversed()[chosen.number] ?? assert.fail("the version is listed");
  const isShown = chosen.isLast && chosen.version.operation !== "deleted";
  try {
    await history.process.use.redactMemoryVersion(principal, { memoryStoreId: store.id, id });
    assert(!isShown, "the version that a memory shows is not redacted");
    chosen.version.redacted = true;
  } catch (error) {
    if (!isReveriedError(error) || error.kind !== "failed_precondition" || !isShown) throw error;
  }
}
