import { notFound, ReveriedError } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { checkConversation } from "../sessions/get-session.ts";
import { eraseChangeWords, eraseSummaries } from "./erase-changes.ts";
import {
  type DerivedErased,
  eraseDerived,
  type LineageWords,
  nothingErased,
  planDerived,
  sumErased,
} from "./erase-derived.ts";
import type { ErasedMemory } from "./erase-head.ts";
import { doomedBy, eraseParts, findLooseParts, looseTexts } from "./erase-parts.ts";
import { eraseTarget, finishTarget } from "./erase-target.ts";
import { type ErasureTarget, findScope, type Scope, scopeMark } from "./find-scope.ts";
import { findWords } from "./find-words.ts";
import { lineagesOf } from "./lineages.ts";

/** What an erasure removes. */
export interface ErasurePlan {
  /** Events of the session. */
  readonly events: number;
  /** Memories of the store. */
  readonly memories: number;
  /** Memories elsewhere that lose words or go, in the order of stores and paths. */
  readonly derived: readonly ErasedMemory[];
  readonly versions: number;
  readonly changes: number;
}

/** What `Erase` would remove now, though a dream may still be in its way. Changes nothing. */
export type PlanErasure = (
  principal: Principal,
  request: { readonly target: ErasureTarget },
) => Promise<ErasurePlan>;

/**
 * Removes a session or store, and what rests on it alone, and answers when no byte of it is left. The target itself goes
 * last, and each step can be done again, so a repeat finishes what was interrupted. `failed_precondition` while a dream
 * has not ended that reads the target or what was made from it.
 */
export type Erase = (
  principal: Principal,
  request: { readonly target: ErasureTarget },
) => Promise<ErasurePlan>;

type Deps = Pick<
  ServiceDeps,
  "dreams" | "memories" | "sessions" | "heads" | "sweep" | "clock" | "random" | "digest"
>;

export function createPlanErasure(deps: Deps): PlanErasure {
  return async (principal, { target }) => {
    const scope = await scopeOf(deps, principal, target);
    if (scope === null) throw notThere(target);
    const lineages = await wordsOf(deps, scope, []);
    return planOf(deps, scope, await planDerived(deps, principal, scope, lineages));
  };
}

export function createErase(deps: Deps): Erase {
  // What two sessions say and nobody else rests on both: of two erasures at once, each would leave it to the other.
  const queues = new Map<string, Promise<unknown>>();
  return async (principal, { target }) => {
    checkId(fieldOf(target), target.id);
    const { tenant } = principal;
    const before = queues.get(tenant) ?? Promise.resolve();
    const erased = before.then(
      () => erase(deps, principal, target),
      () => erase(deps, principal, target),
    );
    queues.set(tenant, erased);
    try {
      return await erased;
    } finally {
      if (queues.get(tenant) === erased) queues.delete(tenant);
    }
  };
}

async function erase(deps: Deps, principal: Principal, target: ErasureTarget): Promise<ErasurePlan> {
  const { tenant } = principal;
  let done = nothingErased;
  // A memory that was given back a text which went meanwhile has none.
  const removed = new Set<string>();
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    const scope = await scopeOf(deps, principal, target);
    if (scope === null) {
      if (await finishTarget(deps, tenant, target)) return planOf(deps, null, done);
      throw notThere(target);
    }
    refuseWhileRead(scope);
    const now = deps.clock.now();
    const loose = await looseTexts(deps, await findLooseParts(deps, tenant, now));
    const lineages = await wordsOf(deps, scope, loose);
    const derived = await eraseDerived(deps, principal, { scope, removed, now }, lineages);
    done = sumErased(done, derived);
    // A dream that was at work meanwhile may have copied what a store showed before; it has ended, or stands in the way.
    if (!(await isStill(deps, scope))) continue;
    const parts = await findLooseParts(deps, tenant, now);
    for (const hash of await eraseParts(deps, parts, doomedBy(scope, derived.parts))) removed.add(hash);
    if (await isNamed(deps, scope, removed)) continue;
    for (const part of derived.parts) await eraseSummaries(deps, principal, part);
    await eraseChangeWords(deps, scope, derived.parts);
    if (!(await isStill(deps, scope))) continue;
    const plan = await planOf(deps, scope, done);
    await eraseTarget(deps, principal, scope);
    return plan;
  }
  throw new ReveriedError(
    "unavailable",
    `what was made from ${target.kind} ${target.id} changes faster than it can be erased; try again`,
  );
}

async function wordsOf(deps: Deps, scope: Scope, loose: readonly string[]): Promise<LineageWords> {
  const wordsIn = await findWords(deps, scope, loose);
  return lineagesOf(scope).map((lineage) => ({ lineage, words: wordsIn(lineage) }));
}

async function scopeOf(deps: Deps, { tenant }: Principal, target: ErasureTarget): Promise<Scope | null> {
  checkId(fieldOf(target), target.id);
  const scope = await findScope(deps, tenant, target);
  if (scope !== null && scope.session !== null) checkConversation(scope.session, fieldOf(target));
  return scope;
}

function refuseWhileRead({ target, blockedBy }: Scope): void {
  if (blockedBy === null) return;
  throw new ReveriedError(
    "failed_precondition",
    `dream ${blockedBy} still reads ${target.kind} ${target.id} or what was made from it; wait for its end or cancel it`,
    { details: { field: fieldOf(target), blockedBy } },
  );
}

/** Whether nothing was added to the scope, by dreams that began since. */
async function isStill(deps: Deps, scope: Scope): Promise<boolean> {
  return scopeMark(await findScope(deps, scope.tenant, scope.target)) === scopeMark(scope);
}

/** Whether a store shows a text that was removed: a dream was undone in between, say. */
async function isNamed(deps: Deps, scope: Scope, removed: ReadonlySet<string>): Promise<boolean> {
  const { tenant } = scope;
  for (const id of removed.size === 0 ? [] : scope.storeIds) {
    const store = await deps.memories.get({ tenant, id });
    const entries =
      store === null ? [] : await deps.heads.list(tenant, await deps.heads.load(tenant, store.head));
    if (entries.some((entry) => removed.has(entry.contentHash))) return true;
  }
  return false;
}

async function planOf(
  deps: Pick<Deps, "heads">,
  scope: Scope | null,
  { memories: derived, versions, changes }: DerivedErased,
): Promise<ErasurePlan> {
  const { store = null, session = null } = scope ?? {};
  const head = store === null ? null : await deps.heads.load(store.tenant, store.head);
  const events = session?.lastEvent ?? 0;
  return { events, memories: head?.entryCount ?? 0, derived, versions, changes };
}

function fieldOf({ kind }: ErasureTarget): string {
  return kind === "session" ? "target.session_id" : "target.memory_store_id";
}

function notThere({ kind, id }: ErasureTarget): ReveriedError {
  return notFound(kind === "session" ? "session" : "memory store", id);
}
