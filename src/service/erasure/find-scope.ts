/** What an erasure has to look at: dreams that read what is erased, the stores they wrote, and so on from store to store. */
import {
  type Dream,
  type DreamInputs,
  type DreamStatus,
  type FrozenInputs,
  isFinal,
  type OutputBehavior,
} from "../../core/dream.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { Session } from "../../core/session.ts";
import type { DreamFilter } from "../../ports/dream-store.ts";
import type { ServiceDeps } from "../deps.ts";
import { type ListPosition, listPages } from "../list-pages.ts";

export interface ErasureTarget {
  readonly kind: "session" | "store";
  readonly id: string;
}

/** A dream as far as an erasure asks; thousands of them are held at once. */
export interface ScopeDream {
  readonly id: string;
  readonly status: DreamStatus;
  readonly createdAt: number;
  /** Infinite while it has not ended. */
  readonly endedAt: number;
  readonly attempts: number;
  readonly inputStoreId: string;
  readonly outputBehavior: OutputBehavior;
  /** null before the first claim. */
  readonly outputStoreId: string | null;
  readonly frozen: FrozenInputs | null;
  /** It reads the target itself, or else a store made from it; `makes`: its output is the target. */
  readonly role: "reads" | "follows" | "makes";
}

export interface Scope {
  readonly tenant: string;
  readonly target: ErasureTarget;
  /** null: it is not there, though dreams that read it are. */
  readonly session: Session | null;
  readonly store: MemoryStore | null;
  /** By their ends. */
  readonly dreams: readonly ScopeDream[];
  /** Stores that may hold words of the target, by id. */
  readonly storeIds: readonly string[];
  /** Such stores that are deleted. */
  readonly goneStoreIds: readonly string[];
  /** Sessions beside the target that those dreams read, with the last event they read. */
  readonly sessions: ReadonlyMap<string, number>;
  /** A dream that has not ended. */
  readonly blockedBy: string | null;
}

type Deps = Pick<ServiceDeps, "dreams" | "memories" | "sessions">;

const anyDream: DreamFilter = {
  statuses: [],
  includeArchived: true,
  createdAfter: null,
  createdBefore: null,
  memoryStoreId: null,
};

/** null when there is no such target and no dream read one. */
export async function findScope(deps: Deps, tenant: string, target: ErasureTarget): Promise<Scope | null> {
  const { id, kind } = target;
  const session = kind === "session" ? await deps.sessions.get({ tenant, id }) : null;
  const store = kind === "store" ? await deps.memories.get({ tenant, id }) : null;
  const dreams = new Map<string, ScopeDream>();
  for await (const dream of allDreams(deps, tenant, anyDream)) {
    const role = roleOf(dream, target, session);
    if (role !== null) dreams.set(dream.id, scopeDream(dream, role));
  }
  if (session === null && store === null && dreams.size === 0) return null;
  const reached = await followStores(deps, tenant, target, dreams);
  const there = new Set<string>();
  for (const storeId of reached) {
    if ((await deps.memories.get({ tenant, id: storeId })) !== null) there.add(storeId);
  }
  const sorted = [...dreams.values()].sort((a, b) => a.endedAt - b.endedAt || compare(a.id, b.id));
  return {
    tenant,
    target,
    session,
    store,
    dreams: sorted,
    storeIds: [...there].sort(),
    goneStoreIds: [...reached].filter((storeId) => !there.has(storeId)),
    sessions: otherSessions(sorted, target),
    blockedBy: sorted.find((dream) => dream.endedAt === Number.POSITIVE_INFINITY)?.id ?? null,
  };
}

/** Tells two scopes of one target apart: what was done for the one is not enough for the other. */
export function scopeMark(scope: Scope | null): string {
  if (scope === null) return "";
  const dreams = scope.dreams.map(({ id, status, attempts }) => [id, status, attempts]);
  return JSON.stringify([dreams, scope.storeIds, [...scope.sessions.keys()].sort()]);
}

async function* allDreams(
  deps: Pick<Deps, "dreams">,
  tenant: string,
  filter: DreamFilter,
): AsyncGenerator<Dream> {
  const list = (after: ListPosition | null, limit: number) =>
    deps.dreams.list({ tenant, filter, after, limit });
  for await (const page of listPages(list, limits.pageSizeMax)) yield* page;
}

function roleOf(
  dream: Dream,
  { kind, id }: ErasureTarget,
  session: Session | null,
): ScopeDream["role"] | null {
  if (kind === "store") {
    if (dream.inputs.memoryStoreId === id) return "reads";
    return dream.ids?.outputStoreId === id ? "makes" : null;
  }
  if (dream.frozen !== null) return dream.frozen.sessions.some((one) => one.id === id) ? "reads" : null;
  return !isFinal(dream) && mayRead(dream.inputs, id, session) ? "reads" : null;
}

function mayRead({ sessions }: DreamInputs, id: string, session: Session | null): boolean {
  if (sessions.kind === "ids") return sessions.ids.includes(id);
  return session !== null && session.kind === "conversation" && session.workspaceId === sessions.workspaceId;
}

function scopeDream(dream: Dream, role: ScopeDream["role"]): ScopeDream {
  return {
    id: dream.id,
    status: dream.status,
    createdAt: dream.createdAt,
    endedAt: isFinal(dream) ? dream.endedAt : Number.POSITIVE_INFINITY,
    attempts: dream.attempt,
    inputStoreId: dream.inputs.memoryStoreId,
    outputBehavior: dream.outputBehavior,
    outputStoreId: dream.ids?.outputStoreId ?? null,
    frozen: dream.frozen,
    role,
  };
}

/** Adds the dreams over the outputs, and those over theirs; answers with all outputs. What ended before the first read began read nothing of it. */
async function followStores(
  deps: Pick<Deps, "dreams">,
  tenant: string,
  target: ErasureTarget,
  dreams: Map<string, ScopeDream>,
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  const open: string[] = [];
  const reach = ({ role, outputStoreId }: ScopeDream) => {
    if (role === "makes" || outputStoreId === null || outputStoreId === target.id) return;
    if (!reached.has(outputStoreId)) open.push(outputStoreId);
    reached.add(outputStoreId);
  };
  let since = Number.POSITIVE_INFINITY;
  for (const dream of dreams.values()) {
    if (dream.role === "reads") since = Math.min(since, dream.createdAt);
    reach(dream);
  }
  for (let storeId = open.pop(); storeId !== undefined; storeId = open.pop()) {
    for await (const dream of allDreams(deps, tenant, { ...anyDream, memoryStoreId: storeId })) {
      const found = dreams.get(dream.id) ?? scopeDream(dream, "follows");
      if (found.endedAt < since) continue;
      dreams.set(dream.id, found);
      reach(found);
    }
  }
  return reached;
}

function otherSessions(dreams: readonly ScopeDream[], { id }: ErasureTarget): Map<string, number> {
  const sessions = new Map<string, number>();
  for (const { frozen } of dreams) {
    for (const session of frozen?.sessions ?? []) {
      if (session.id === id) continue;
      sessions.set(session.id, Math.max(session.lastEvent, sessions.get(session.id) ?? 0));
    }
  }
  return sessions;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
