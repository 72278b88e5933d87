/** What an attempt does before its engine runs: freeze the inputs, make the output and the pipeline session, show both. */
import assert from "node:assert";
import type { DreamInputs, FrozenInputs, RunningDream } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { type MemoryStore, memoryIdIn, versionIdIn } from "../../core/memory.ts";
import type { Session } from "../../core/session.ts";
import type { EngineInput } from "../../ports/engine.ts";
import type { ServiceDeps } from "../deps.ts";

type ReadDeps = Pick<ServiceDeps, "memories" | "sessions">;
type BeginDeps = Pick<ServiceDeps, "dreams" | "memories" | "sessions" | "clock">;

/**
 * Freezes the inputs at the first attempt and shows output and session; later attempts read what was frozen. Making the
 * store and the session twice is making them once, since their ids were given by the claim. Answers null when the right
 * to the dream has passed on; throws `failed_precondition` when an input is gone.
 */
export async function beginDream(deps: BeginDeps, dream: RunningDream): Promise<RunningDream | null> {
  assert(dream.ids !== null, "a claim gives the ids");
  const { ids } = dream;
  const store = await readStore(deps, dream);
  if (dream.begun) return dream;
  const read = await freeze(deps, dream.tenant, dream.inputs, store);
  const now = deps.clock.now();
  const [output] = await Promise.all([
    dream.outputBehavior === "create_new"
      ? makeOutput(deps, store, { id: ids.outputStoreId, head: read.head, now })
      : null,
    deps.sessions.create(pipelineSession(dream, ids.sessionId, now)),
  ]);
  // An attempt that died here left an output over what the input was then; that is what the dream reads, too.
  const frozen = output === null ? read : { ...read, head: output.head };
  const next: RunningDream = { ...dream, frozen, begun: true, revision: dream.revision + 1 };
  const saved = await deps.dreams.save({ read: dream, next, guardBeat: false });
  return saved.outcome === "saved" && saved.dream.status === "running" ? saved.dream : null;
}

/** The output store as a copy of the input, or as an earlier attempt made it. */
async function makeOutput(
  deps: Pick<ServiceDeps, "memories">,
  input: MemoryStore,
  { id, head, now }: { readonly id: string; readonly head: string; readonly now: number },
): Promise<MemoryStore> {
  const { tenant } = input;
  const made = await deps.memories.get({ tenant, id });
  if (made !== null) return made;
  if ((await deps.memories.count({ tenant, max: limits.storesPerTenant })) >= limits.storesPerTenant) {
    throw new ReveriedError(
      "resource_exhausted",
      `there are ${limits.storesPerTenant} memory stores, the most there may be; delete some, or dream into the input store`,
      { details: { reason: "memory_store_org_limit_exceeded", limit: limits.storesPerTenant } },
    );
  }
  const output: MemoryStore = {
    ...input,
    id,
    head,
    revision: 0,
    origin: { storeId: input.id, head },
    edition: 1,
    collection: null,
    createdAt: now,
    updatedAt: now,
  };
  return (await deps.memories.create(output)).store;
}

/** Throws `failed_precondition` when the input store or a session of the dream is gone. */
export async function checkInputs(deps: ReadDeps, dream: RunningDream): Promise<void> {
  await readStore(deps, dream);
  if (dream.inputs.sessions.kind === "ids") await readSessions(deps, dream.tenant, dream.inputs.sessions.ids);
}

/** What the engine gets: the frozen inputs, read page by page. */
export async function engineInput(
  deps: Pick<ServiceDeps, "memories" | "sessions" | "heads" | "digest">,
  dream: RunningDream,
): Promise<EngineInput> {
  assert(dream.frozen !== null, "an engine runs only after begin");
  const { tenant, frozen, inputs } = dream;
  const { sha256 } = deps.digest;
  const { protectedPaths } = await readStore(deps, dream);
  const head = await deps.heads.load(tenant, frozen.head);
  const entries = await deps.heads.list(tenant, head);
  const hashByPath = new Map(entries.map((entry) => [entry.path, entry.contentHash]));
  const lastEvents = new Map(frozen.sessions.map((session) => [session.id, session.lastEvent]));
  const sessions = await deps.sessions.getMany({ tenant, ids: [...lastEvents.keys()] });
  const byId = new Map(sessions.map((session) => [session.id, session]));
  return {
    dreamId: dream.id,
    type: dream.type,
    model: dream.model,
    instructions: dream.instructions,
    now: dream.createdAt,
    protectedPaths,
    memories: entries.map((entry) => ({
      path: entry.path,
      memoryId: memoryIdIn(inputs.memoryStoreId, entry, sha256),
      versionId: versionIdIn(inputs.memoryStoreId, entry, sha256),
      contentHash: entry.contentHash,
      sizeBytes: entry.sizeBytes,
      createdAt: entry.createdAt,
      updatedAt: entry.updatedAt,
    })),
    sessions: frozen.sessions.map(({ id, lastEvent }) => ({
      id,
      title: byId.get(id)?.title ?? "",
      createdAt: byId.get(id)?.createdAt ?? dream.createdAt,
      lastEvent,
    })),
    async readMemories(paths) {
      const hashes = paths.map((path) => hashByPath.get(path) ?? "");
      const texts = await deps.memories.getContents({ tenant, hashes: [...new Set(hashes)] });
      return hashes.map((hash, index) => {
        const text = texts.get(hash);
        if (text !== undefined) return text;
        // What was frozen may have been changed, redacted and removed since.
        throw inputGone(
          "input_memory_store_unavailable",
          `the text of ${paths[index]} was removed before the dream read it`,
        );
      });
    },
    readEvents(sessionId, after) {
      const upTo = lastEvents.get(sessionId) ?? 0;
      return deps.sessions.readEvents({ tenant, sessionId, after, upTo, limit: limits.eventsPageMax });
    },
  };
}

async function readStore(deps: Pick<ServiceDeps, "memories">, dream: RunningDream): Promise<MemoryStore> {
  const id = dream.inputs.memoryStoreId;
  const store = await deps.memories.get({ tenant: dream.tenant, id });
  if (store !== null && store.archivedAt === null) return store;
  const what = store === null ? "was deleted" : "was archived";
  throw inputGone("input_memory_store_unavailable", `memory store ${id} ${what} before the dream ended`);
}

async function readSessions(
  deps: Pick<ServiceDeps, "sessions">,
  tenant: string,
  ids: readonly string[],
): Promise<readonly Session[]> {
  if (ids.length === 0) return [];
  const found = new Map(
    (await deps.sessions.getMany({ tenant, ids })).map((session) => [session.id, session]),
  );
  return ids.map((id) => {
    const session = found.get(id);
    if (session !== undefined) return session;
    throw inputGone("input_session_unavailable", `session ${id} was deleted before the dream ended`);
  });
}

/** `reason` becomes the dream's `error.type`. */
export function inputGone(
  reason: "input_memory_store_unavailable" | "input_session_unavailable",
  message: string,
): ReveriedError {
  return new ReveriedError("failed_precondition", message, { details: { reason } });
}

async function freeze(
  deps: ReadDeps,
  tenant: string,
  inputs: DreamInputs,
  store: MemoryStore,
): Promise<FrozenInputs> {
  const selection = inputs.sessions;
  const sessions =
    selection.kind === "ids"
      ? await readSessions(deps, tenant, selection.ids)
      : await deps.sessions.list({
          tenant,
          filter: {
            kind: "conversation",
            includeArchived: false,
            workspaceId: selection.workspaceId,
            memoryStoreId: null,
            agentId: null,
            tag: null,
          },
          after: null,
          limit: selection.max,
        });
  return { head: store.head, sessions: sessions.map(({ id, lastEvent }) => ({ id, lastEvent })) };
}

function pipelineSession(dream: RunningDream, id: string, now: number): Session {
  return {
    id,
    tenant: dream.tenant,
    kind: "dream",
    dreamId: dream.id,
    title: `Dream ${dream.id}`,
    agentId: null,
    workspaceId: null,
    memoryStoreIds: [],
    tags: [],
    metadata: {},
    lastEvent: 0,
    edition: 1,
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  };
}
