/** An erasure that ends at any of its writes, and is done again. */
import { expect, test } from "vitest";
import { createInlineOfflineEngine } from "../../src/adapters/offline-engine/engine.ts";
import { noUsage } from "../../src/core/dream.ts";
import { ReveriedError } from "../../src/core/errors.ts";
import type { ServiceDeps } from "../../src/service/deps.ts";
import { createErase } from "../../src/service/erasure/erase.ts";
import type { ErasureTarget } from "../../src/service/erasure/find-scope.ts";
import { createHeads } from "../../src/service/memories/heads.ts";
import { type Bundle, setup } from "../support/bundle.ts";
import { createScriptedEngine } from "../support/scripted-engine.ts";
import { put, type Told, tellDream, tellSession, tellStore, textsOf } from "./teller.ts";
import { dump, toldBy, wordsIn } from "./told-by-bundle.ts";

const onlyWords = ["zorblax", "marmoset", "quillfeather", "vantablue", "ostrander", "yttrium"];
const said = "My partner keeps a marmoset in the house.";
const paraphrase = "Somebody keeps an ostrander in the house.";

interface Small {
  readonly told: Told;
  readonly session: string;
  readonly store: string;
  readonly stores: readonly string[];
}

/** A dream over a session, one over its output that says it otherwise, one over that, and one in place. */
async function tell(world: Bundle): Promise<Small> {
  const offline = createInlineOfflineEngine(world);
  const engine = createScriptedEngine(async (input, context, run) => {
    if (run !== 2 && run !== 3) return offline.consolidate(input, context);
    const [quote, after, at] =
      run === 2 ? [said, paraphrase, "/people/"] : [paraphrase, "It is a yttrium.", "/zoo.md"];
    const note = input.memories.find((memory) => memory.path.startsWith(at));
    const source = { kind: "memory", path: note?.path ?? "", memoryId: note?.memoryId ?? "" } as const;
    const sources = [{ ...source, versionId: note?.versionId ?? "", trust: "user" as const, quote }];
    const edits = [{ kind: "add", before: null, after, reason: "told", sources } as const];
    const path = run === 2 ? "/zoo.md" : "/more.md";
    const change = { kind: "create", path, content: `- ${after}\n`, reason: "told" } as const;
    const changes = [{ ...change, edits, trust: "user", flags: [] } as const];
    return { changes, usage: noUsage, eventsRead: 0, message: after };
  });
  const told = toldBy(world, engine);
  const store = await tellStore(told, "notes", {
    "/harbour.md": "- The harbour office opens at seven.\n- The vantablue wharf is closed since May.\n",
  });
  const session = await tellSession(told, {
    title: "With Zorblax",
    day: "2026-03-04",
    lines: [
      ["Zorblax", `${said} I live in Quillfeather since May.`],
      ["Zorblax", "The harbour office opens at seven."],
    ],
  });
  const other = await tellSession(told, {
    day: "2026-03-05",
    lines: [["Ines", "The database moved to the new cluster in Frankfurt."]],
  });
  const made = await tellDream(told, store, [session, other]);
  await put(told, made.outputStoreId, { "/agent.md": "- Remember to water the plants.\n" });
  const copy = await tellDream(told, made.outputStoreId, [other]);
  const last = await tellDream(told, copy.outputStoreId, []);
  const place = await tellStore(told, "in place", {});
  await tellDream(told, place, [other, session], true);
  return {
    told,
    session,
    store,
    stores: [made, copy, last].map((dream) => dream.outputStoreId).concat(place),
  };
}

const writes = new Set(
  "save delete switchHead putVersions redactVersion putHead putBuckets putContents putChanges deleteParts deleteVersionRows removeStore removeSession purge".split(
    " ",
  ),
);

/** The ports, of which the n-th write is not made; `count` tells how many were asked for. */
function failingAt(deps: ServiceDeps, nth: number): { readonly deps: ServiceDeps; count(): number } {
  let count = 0;
  const failing = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== "function" || !writes.has(String(name))) return value;
        return async (...args: unknown[]) => {
          count += 1;
          if (count === nth) throw new ReveriedError("unavailable", `write ${nth} failed`);
          return await Reflect.apply(value, target, args);
        };
      },
    });
  const ports = {
    dreams: failing(deps.dreams),
    memories: failing(deps.memories),
    sessions: failing(deps.sessions),
    sweep: failing(deps.sweep),
  };
  return { deps: { ...deps, ...ports, heads: headsOver(deps, ports.memories) }, count: () => count };
}

function headsOver(deps: ServiceDeps, memories: ServiceDeps["memories"]): ServiceDeps["heads"] {
  return createHeads({ memories, digest: deps.digest });
}

/** What is left, by path, of each store that is there; ids differ from run to run. */
async function left({ told, stores }: Small): Promise<unknown> {
  return Promise.all(stores.map((id) => textsOf(told, id)));
}

test.each([
  ["session", ["marmoset", "quillfeather", "zorblax", "ostrander", "yttrium"]],
  ["store", ["vantablue"]],
] as const)(
  "of a %s is finished by doing it again, wherever it was interrupted",
  async (kind, words) => {
    await using whole = await setup();
    const small = await tell(whole);
    const target = (of: Small): ErasureTarget => ({ kind, id: of[kind] });
    const { deps, count } = failingAt(whole.deps, 0);
    await createErase(deps)(whole.principal, { target: target(small) });
    const expected = await left(small);
    expect(wordsIn(await dump(whole), words)).toEqual([]);
    expect(count()).toBeGreaterThan(20);
    for (let nth = 1; nth <= count(); nth += 1) {
      await using world = await setup();
      const again = await tell(world);
      const failing = failingAt(world.deps, nth);
      const request = { target: target(again) };
      const interrupted = createErase(failing.deps)(world.principal, request);
      await expect(interrupted, `write ${nth}`).rejects.toMatchObject({ kind: "unavailable" });
      await createErase(world.deps)(world.principal, request);
      expect(wordsIn(await dump(world), words), `write ${nth}`).toEqual([]);
      expect(await left(again), `write ${nth}`).toEqual(expected);
    }
    expect(onlyWords).toEqual(expect.arrayContaining([...words]));
  },
  240_000,
);
