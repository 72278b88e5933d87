/** What stays of all that went into the stores that dreams wrote, source by source. */
import type { MemoryEntry } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import { eventTexts, listKept, texts } from "./erasure-texts.ts";
import type { Scope } from "./find-scope.ts";
import { headSource, sessionSource, stayingHeads, storeSource, untouchedSource } from "./lineages.ts";

type Deps = Pick<ServiceDeps, "memories" | "sessions" | "heads" | "clock">;

/** A text of something that stays. */
export interface StayingText {
  readonly source: string;
  /** null: a text that was answered before, under the same hash. */
  readonly text: string | null;
  readonly hash: string | null;
  readonly speaker: string | null;
  readonly path: string | null;
}

/** What the other sessions say that those dreams read, and the memories that they read and that were not made from the target. */
export async function* stayingTexts(deps: Deps, scope: Scope): AsyncGenerator<StayingText> {
  const { tenant, target } = scope;
  for (const [id, lastEvent] of scope.sessions) {
    const session = await deps.sessions.get({ tenant, id });
    if (session === null) continue;
    const source = sessionSource(id);
    yield { source, text: session.title, hash: null, speaker: null, path: null };
    for await (const said of eventTexts(deps, tenant, id, lastEvent)) yield { source, ...said };
  }
  const seen = new Set<string>();
  for (const hash of new Set(stayingHeads(scope).values())) {
    yield* staying(deps, tenant, headSource(hash), await listKept(deps, tenant, hash), seen);
  }
  for (const id of new Set(scope.dreams.map((dream) => dream.inputStoreId))) {
    if (id === target.id || scope.storeIds.includes(id)) continue;
    const store = await deps.memories.get({ tenant, id });
    if (store !== null)
      yield* staying(deps, tenant, storeSource(id), await listKept(deps, tenant, store.head), seen);
  }
  yield* untouchedTexts(deps, scope, seen);
}

/** Memories of the stores that were written to which nobody has written since before the first dream read the session. */
async function* untouchedTexts(deps: Deps, scope: Scope, seen: Set<string>): AsyncGenerator<StayingText> {
  const { tenant, target, dreams } = scope;
  if (target.kind !== "session") return;
  const since = dreams.reduce(
    (first, { role, createdAt }) => (role === "reads" ? Math.min(first, createdAt) : first),
    Number.POSITIVE_INFINITY,
  );
  for (const id of scope.storeIds) {
    const store = await deps.memories.get({ tenant, id });
    if (store === null) continue;
    const entries = await listKept(deps, tenant, store.head);
    const old = entries.filter((entry) => entry.updatedAt < since);
    yield* staying(deps, tenant, untouchedSource(id), old, seen);
  }
}

async function* staying(
  deps: Pick<Deps, "memories" | "clock">,
  tenant: string,
  source: string,
  entries: readonly MemoryEntry[],
  seen: Set<string>,
): AsyncGenerator<StayingText> {
  for (const { contentHash: hash, path } of entries) {
    if (seen.has(hash)) yield { source, hash, text: null, speaker: null, path };
  }
  for await (const found of texts(deps, tenant, entries, seen)) yield { source, ...found };
}
