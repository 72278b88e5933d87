/** What every way of making a dream shares: its inputs are checked, it is written once, the workers are told. */
import { checkName, checkText } from "../../core/check.ts";
import type { CollectionKey, Dream, DreamInputs, DreamType, OutputBehavior } from "../../core/dream.ts";
import { newDream } from "../../core/dream-transitions.ts";
import { invalidArgument, notFound, ReveriedError } from "../../core/errors.ts";
import { checkId, idPrefixes } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import { resolveModel } from "../../core/model-map.ts";
import type { Principal } from "../../core/principal.ts";
import type { CreateOutcome } from "../../ports/dream-store.ts";
import { newId, type ServiceConfig, type ServiceDeps } from "../deps.ts";

export interface DreamDraft {
  readonly type: DreamType;
  readonly model: string;
  readonly instructions: string | null;
  readonly inputs: DreamInputs;
  readonly outputBehavior: OutputBehavior;
  readonly collection: CollectionKey | null;
  readonly origin: string | null;
  readonly holds: readonly string[];
  readonly wants: readonly string[];
}

export type AcceptDeps = Pick<ServiceDeps, "dreams" | "memories" | "sessions" | "bus" | "clock" | "random">;

/** Checks what does not need the storage; then that store and sessions exist; then writes. Throws before anything is written. */
export async function acceptDream(
  deps: AcceptDeps,
  config: ServiceConfig,
  principal: Principal,
  draft: DreamDraft,
): Promise<CreateOutcome> {
  const { tenant } = principal;
  checkId("input_memory_store_id", draft.inputs.memoryStoreId);
  checkDraft(draft, config);
  const now = deps.clock.now();
  await Promise.all([
    readableStore(deps, tenant, draft.inputs.memoryStoreId),
    checkSessions(deps, tenant, draft.inputs),
  ]);
  const dream = newDream({ id: newId(deps, idPrefixes.dream, now), tenant, now, ...draft });
  const created = await deps.dreams.create(dream);
  if (created.outcome === "created") announceDream(deps, created.dream);
  return created;
}

/** Tells workers, the relay and watchers that a dream changed. Only a hint: all of them also look by themselves. */
export function announceDream(deps: Pick<ServiceDeps, "bus">, dream: Pick<Dream, "tenant" | "id">): void {
  deps.bus.announce({ kind: "work" });
  deps.bus.announce({ kind: "dream", tenant: dream.tenant, dreamId: dream.id });
}

/** All checks of a draft that need neither its store nor a write; for callers who make the store on demand. */
export async function checkBeforeStore(
  deps: Pick<ServiceDeps, "sessions">,
  config: ServiceConfig,
  { tenant }: Principal,
  draft: CheckedDraft,
): Promise<void> {
  checkDraft(draft, config);
  await checkSessions(deps, tenant, draft.inputs);
}

type CheckedDraft = Pick<DreamDraft, "type" | "model" | "instructions"> & {
  readonly inputs: Pick<DreamInputs, "sessions">;
};

function checkDraft(draft: CheckedDraft, config: ServiceConfig): void {
  checkName("model", draft.model, limits.modelNameLength);
  resolveModel(config.models, draft.model);
  if (draft.instructions !== null) {
    if (draft.instructions === "")
      throw invalidArgument("instructions", "must not be empty; leave it out for none");
    checkText("instructions", draft.instructions, limits.instructionsLength);
  }
  if (draft.type === "card_refresh") {
    throw new ReveriedError("unimplemented", "type: card_refresh is not served yet", {
      details: { field: "type" },
    });
  }
  if (draft.inputs.sessions.kind === "ids") checkSessionIds(draft.inputs.sessions.ids);
}

function checkSessionIds(ids: readonly string[]): void {
  if (ids.length > limits.sessionsPerDream) {
    throw invalidArgument(
      "session_ids",
      `must name at most ${limits.sessionsPerDream} sessions, names ${ids.length}`,
      limits.sessionsPerDream,
    );
  }
  const seen = new Set<string>();
  for (const id of ids) {
    checkId("session_ids", id);
    if (seen.has(id)) throw invalidArgument("session_ids", `names ${JSON.stringify(id)} twice`);
    seen.add(id);
  }
}

/** The store, if a dream may read it: `not_found` when absent, `failed_precondition` when archived. */
async function readableStore(
  deps: Pick<ServiceDeps, "memories">,
  tenant: string,
  id: string,
): Promise<MemoryStore> {
  const store = await deps.memories.get({ tenant, id });
  if (store === null) throw notFound("memory store", id);
  if (store.archivedAt !== null) {
    throw new ReveriedError(
      "failed_precondition",
      `memory store ${id} is archived; an archived store cannot be dreamed over`,
      {
        details: { field: "input_memory_store_id" },
      },
    );
  }
  return store;
}

async function checkSessions(
  deps: Pick<ServiceDeps, "sessions">,
  tenant: string,
  inputs: Pick<DreamInputs, "sessions">,
): Promise<void> {
  if (inputs.sessions.kind !== "ids" || inputs.sessions.ids.length === 0) return;
  const found = await deps.sessions.getMany({ tenant, ids: inputs.sessions.ids });
  const byId = new Map(found.map((session) => [session.id, session]));
  for (const id of inputs.sessions.ids) {
    const session = byId.get(id);
    if (session === undefined) throw notFound("session", id);
    if (session.kind === "dream") {
      throw invalidArgument("session_ids", `${id} is the transcript of a dream, which no dream reads`);
    }
  }
}
