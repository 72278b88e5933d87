/** A sweeper whose ticks a test makes by hand, things for it to sweep, and looks at what is stored. */
import assert from "node:assert";
import { createSystemDigest } from "../../src/adapters/system/digest.ts";
import { createSilentLog } from "../../src/adapters/system/log.ts";
import { type Bucket, bucketOf, emptyHead, type Head, makeHead } from "../../src/core/memory.ts";
import type { Chore } from "../../src/loops/sweeper.ts";
import {
  createSweepChores,
  resolveSweepOptions,
  type SweepOptions,
} from "../../src/loops/sweeping/chores.ts";
import { type PartKind, partKinds } from "../../src/ports/sweep.ts";
import type { ServiceDeps } from "../../src/service/deps.ts";
import type { Bundle } from "./bundle.ts";
import { aBucket, aContent, anEntry } from "./factories.ts";
import type { ManualClock } from "./manual-clock.ts";

export interface TestSweeper {
  /** Runs each chore until it has no more to do now. */
  tick(): Promise<void>;
  /** As many ticks, a confirmation apart, as it takes to find and to delete all that may go. */
  sweep(): Promise<void>;
  readonly chores: readonly Chore[];
}

/** Small, so that a sweep takes little of the time that tests measure the grace by. */
export const confirmMs = 1_000;

const { sha256 } = createSystemDigest();
const never = new AbortController().signal;

export function createTestSweeper(
  deps: ServiceDeps,
  clock: ManualClock,
  options: SweepOptions = {},
): TestSweeper {
  const config = resolveSweepOptions({ confirmMs, tickMs: confirmMs, roundMs: confirmMs, ...options });
  const chores = createSweepChores({ ...deps, log: createSilentLog() }, config);
  async function tick(): Promise<void> {
    let more = true;
    while (more) {
      more = false;
      for (const chore of chores) more = (await chore.run(deps.clock.now(), never)).more || more;
    }
  }
  return {
    chores,
    tick,
    async sweep() {
      await tick();
      for (let ticks = 0; ticks < 5; ticks += 1) {
        await clock.advance(config.confirmMs);
        await tick();
      }
    },
  };
}

/** How many parts of each kind a tenant has stored. */
export async function countParts(deps: ServiceDeps, tenant: string): Promise<Record<PartKind, number>> {
  const counts = { head: 0, bucket: 0, content: 0 };
  for (const kind of partKinds) counts[kind] = (await hashesOf(deps, tenant, kind)).length;
  return counts;
}

/** The hashes of all parts of one kind. */
export async function hashesOf(deps: ServiceDeps, tenant: string, kind: PartKind): Promise<string[]> {
  const untouchedSince = Number.MAX_SAFE_INTEGER;
  const parts = await deps.sweep.listParts({ tenant, kind, untouchedSince, after: null, limit: 10_000 });
  return parts.map(({ hash }) => hash);
}

export function sweeperOf(world: Bundle, options: SweepOptions = {}): TestSweeper {
  return createTestSweeper(world.deps, world.clock, options);
}

/** Writes memories, each text under its path. */
export async function put(world: Bundle, storeId: string, memories: Record<string, string>, tenant = "acme") {
  await world.useCases.putMemories(
    { tenant, keyId: null },
    {
      memoryStoreId: storeId,
      memories: Object.entries(memories).map(([path, content]) => ({ path, content })),
    },
  );
}

/** A new store with these memories; answers with its id. */
export async function storeOf(
  world: Bundle,
  memories: Record<string, string>,
  tenant = "acme",
): Promise<string> {
  const { store } = await world.useCases.createMemoryStore(
    { tenant, keyId: null },
    { name: "notes", description: "", metadata: {}, protectedPaths: [] },
  );
  await put(world, store.id, memories, tenant);
  return store.id;
}

/** Dreams over the store and answers with the dream's id and its output. */
export async function dreamOver(world: Bundle, storeId: string, update: boolean) {
  const { sessionId } = await world.inputs();
  const { id } = await world.useCases.createDream(world.principal, {
    inputMemoryStoreId: storeId,
    sessionIds: [sessionId],
    model: "",
    instructions: null,
    outputBehavior: update ? "update_existing" : "create_new",
    type: "omni",
  });
  await world.clock.advance(1_000);
  const dream = await world.get(id);
  assert.equal(dream.status, "completed");
  return { id, outputId: dream.ids?.outputStoreId ?? "" };
}

/** A head with one text, and what it is made of. */
export interface LooseParts {
  readonly head: Head;
  readonly bucket: Bucket;
  readonly content: { readonly hash: string; readonly text: string };
}

/** Parts as a write makes them before its switch: nothing names them. */
export function looseParts(text: string): LooseParts {
  const content = aContent(text);
  const bucket = aBucket(anEntry({ path: "/lost.md", contentHash: content.hash, sizeBytes: text.length }));
  const buckets = emptyHead(sha256).buckets.with(bucketOf("/lost.md"), bucket.hash);
  return { head: makeHead(buckets, 1, text.length, sha256), bucket, content };
}

/** Puts them, once more perhaps, by a process of that time. */
export async function putParts(world: Bundle, parts: LooseParts, now = world.clock.now()): Promise<void> {
  const { memories } = world.deps;
  await memories.putContents({ tenant: "acme", contents: [parts.content], now });
  await memories.putBuckets({ tenant: "acme", buckets: [parts.bucket], now });
  await memories.putHead({ tenant: "acme", head: parts.head, now });
}

/** Puts parts that nothing names, and answers with their head. */
export async function loseRace(world: Bundle, text: string): Promise<Head> {
  const parts = looseParts(text);
  await putParts(world, parts);
  return parts.head;
}
