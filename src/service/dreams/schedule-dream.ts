import { checkLine, checkName } from "../../core/check.ts";
import {
  type CollectionKey,
  type Dream,
  type DreamType,
  onceHold,
  type SessionSelection,
  storeHold,
} from "../../core/dream.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import { createCollectionStore } from "../collections/create-collection-store.ts";
import type { ServiceConfig, ServiceDeps } from "../deps.ts";
import { acceptDream, checkBeforeStore, type DreamDraft } from "./accept-dream.ts";

export interface CollectionDreamRequest {
  readonly workspaceId: string;
  readonly observer: string;
  /** null: the observer. */
  readonly observed: string | null;
  readonly type: DreamType;
  /** null: the newest sessions of the workspace, at most `limits.sessionsPerDream`. */
  readonly sessionId: string | null;
}

export interface CollectionDream {
  readonly dream: Dream;
  /** True when the dream was there before this call. */
  readonly alreadyActive: boolean;
}

type Deps = Pick<ServiceDeps, "dreams" | "memories" | "sessions" | "bus" | "clock" | "random" | "digest">;

/** Dreams over a collection, made on demand, unless one of the same collection and type is active: then that one is answered. */
export type ScheduleDream = (
  principal: Principal,
  request: CollectionDreamRequest,
) => Promise<CollectionDream>;

/** Queues a dream over a collection, each call one. Those of one collection run one after the other. */
export type TriggerDream = ScheduleDream;

export function createScheduleDream(deps: Deps, config: ServiceConfig): ScheduleDream {
  return async (principal, request) => {
    const collection = collectionOf(request);
    // A list as JSON keeps names with colons apart; the session is not part of the key.
    const { workspaceId, observer, observed } = collection;
    const key = `dream:${JSON.stringify([request.type, workspaceId, observer, observed])}`;
    const draft = await collectionDraft(deps, config, principal, request, collection);
    const outcome = await acceptDream(deps, config, principal, {
      ...draft,
      holds: [onceHold(principal.tenant, key)],
    });
    return outcome.outcome === "held"
      ? { dream: outcome.by, alreadyActive: true }
      : { dream: outcome.dream, alreadyActive: outcome.outcome === "origin_exists" };
  };
}

export function createTriggerDream(deps: Deps, config: ServiceConfig): TriggerDream {
  return async (principal, request) => {
    const draft = await collectionDraft(deps, config, principal, request, collectionOf(request));
    const outcome = await acceptDream(deps, config, principal, draft);
    return { dream: outcome.outcome === "held" ? outcome.by : outcome.dream, alreadyActive: false };
  };
}

function collectionOf(request: CollectionDreamRequest): CollectionKey {
  const { workspaceId, observer } = request;
  const observed = request.observed ?? observer;
  checkName("workspace_id", workspaceId, limits.peerNameLength);
  checkLine("observer", observer, limits.peerNameLength);
  checkLine("observed", observed, limits.peerNameLength);
  return { workspaceId, observer, observed };
}

async function collectionDraft(
  deps: Deps,
  config: ServiceConfig,
  principal: Principal,
  request: CollectionDreamRequest,
  collection: CollectionKey,
): Promise<DreamDraft> {
  const { workspaceId } = collection;
  const sessions: SessionSelection =
    request.sessionId === null
      ? { kind: "workspace", workspaceId, max: limits.sessionsPerDream }
      : { kind: "ids", ids: [request.sessionId] };
  const asked = { type: request.type, model: "auto", instructions: null, inputs: { sessions } };
  // Before the store is made: a refused call must leave nothing behind.
  await checkBeforeStore(deps, config, principal, asked);
  const store = await createCollectionStore(deps, principal, collection);
  return {
    ...asked,
    inputs: { memoryStoreId: store.id, sessions },
    outputBehavior: "update_existing",
    collection,
    origin: null,
    holds: [],
    // The claim takes the store, not the create: any number may wait, one runs.
    wants: [storeHold(principal.tenant, store.id)],
  };
}
