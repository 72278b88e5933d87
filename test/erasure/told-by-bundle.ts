import { expect } from "vitest";
import { createInlineOfflineEngine } from "../../src/adapters/offline-engine/engine.ts";
import { isFinal } from "../../src/core/dream.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { Bundle } from "../support/bundle.ts";
import type { Told } from "./teller.ts";

/** The service of a bundle with a worker; a second passes with each dream, so that one ends before the next begins. */
export function toldBy(world: Bundle, engine: Engine = createInlineOfflineEngine(world)): Told {
  world.worker({ engine }).start();
  return {
    useCases: world.useCases,
    principal: world.principal,
    async ended(id) {
      for (let turns = 0; turns < 1_000; turns += 1) {
        await world.clock.settle();
        const dream = await world.get(id);
        if (!isFinal(dream)) continue;
        await world.clock.advance(1_000);
        return dream;
      }
      throw new Error(`dream ${id} did not end`);
    },
  };
}

/** All that the storage's ports show of a tenant, as one text. */
export async function dump({ deps, principal }: Bundle): Promise<string> {
  const { tenant } = principal;
  const { memories, sessions, dreams, sweep } = deps;
  const all: unknown[] = [];
  const limit = 10_000;
  for (const kind of ["head", "bucket", "content"] as const) {
    const query = { tenant, kind, untouchedSince: 8_000_000_000_000, after: null, limit };
    const hashes = (await sweep.listParts(query)).map((part) => part.hash);
    if (kind === "head") for (const hash of hashes) all.push(await memories.getHead({ tenant, hash }));
    if (kind === "bucket") all.push(await memories.getBuckets({ tenant, hashes }));
    if (kind === "content") all.push([...(await memories.getContents({ tenant, hashes }))]);
  }
  all.push(await sweep.listVersionRows({ tenant, createdBefore: null, after: null, limit }));
  all.push(await sweep.listChangeRows({ tenant, after: null, limit }));
  all.push(await memories.list({ tenant, includeArchived: true, after: null, limit }));
  const filter = { includeArchived: true, workspaceId: null, memoryStoreId: null, agentId: null, tag: null };
  for (const kind of ["conversation", "dream"] as const) {
    const found = await sessions.list({ tenant, filter: { ...filter, kind }, after: null, limit });
    for (const { id, lastEvent: upTo } of found) {
      all.push(await sessions.readEvents({ tenant, sessionId: id, after: 0, upTo, limit }));
    }
    all.push(found);
  }
  const every = {
    statuses: [],
    includeArchived: true,
    createdAfter: null,
    createdBefore: null,
    memoryStoreId: null,
  };
  all.push(await dreams.list({ tenant, filter: every, after: null, limit }));
  all.push(
    await sweep.listDeletedSessions({ tenant, limit }),
    await sweep.listDeletedStores({ tenant, limit }),
  );
  return JSON.stringify(all);
}

/** Fails the test when a head names a bucket that is not there, or what is shown a text. */
export async function expectWhole({ deps, principal }: Bundle): Promise<void> {
  const { tenant } = principal;
  const query = { tenant, untouchedSince: 8_000_000_000_000, after: null, limit: 10_000 };
  for (const { hash } of await deps.sweep.listParts({ ...query, kind: "head" })) {
    const head = await deps.memories.getHead({ tenant, hash });
    const hashes = [...new Set(head?.buckets.filter((bucket) => bucket !== ""))];
    expect(await deps.memories.getBuckets({ tenant, hashes })).toHaveLength(hashes.length);
  }
  const stores = await deps.memories.list({ tenant, includeArchived: true, after: null, limit: 10_000 });
  for (const store of stores) {
    for (const hash of [store.head, ...(store.origin === null ? [] : [store.origin.head])]) {
      const entries = await deps.heads.list(tenant, await deps.heads.load(tenant, hash));
      const hashes = [...new Set(entries.map((entry) => entry.contentHash))];
      expect((await deps.memories.getContents({ tenant, hashes })).size).toBe(hashes.length);
    }
  }
}

/** Which of the words stand in the text, in whatever case. */
export function wordsIn(text: string, words: readonly string[]): string[] {
  const lower = text.toLowerCase();
  return words.filter((word) => lower.includes(word.toLowerCase()));
}
