import { type Dream, type DreamType, type OutputBehavior, storeHold } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceConfig } from "../deps.ts";
import { type AcceptDeps, acceptDream } from "./accept-dream.ts";

export interface CreateDreamRequest {
  readonly inputMemoryStoreId: string;
  readonly sessionIds: readonly string[];
  /** Empty: `auto`. */
  readonly model: string;
  readonly instructions: string | null;
  readonly outputBehavior: OutputBehavior;
  readonly type: DreamType;
}

/**
 * Accepts a dream; once this resolves it survives any crash. With `update_existing` it takes the store's hold, and
 * `conflict` names the dream that has it.
 */
export type CreateDream = (principal: Principal, request: CreateDreamRequest) => Promise<Dream>;

export function createCreateDream(deps: AcceptDeps, config: ServiceConfig): CreateDream {
  return async (principal, request) => {
    const updates = request.outputBehavior === "update_existing";
    const outcome = await acceptDream(deps, config, principal, {
      type: request.type,
      model: request.model === "" ? "auto" : request.model,
      instructions: request.instructions,
      inputs: {
        memoryStoreId: request.inputMemoryStoreId,
        sessions: { kind: "ids", ids: request.sessionIds },
      },
      outputBehavior: request.outputBehavior,
      collection: null,
      origin: null,
      holds: updates ? [storeHold(principal.tenant, request.inputMemoryStoreId)] : [],
      wants: [],
    });
    if (outcome.outcome === "held") {
      throw new ReveriedError(
        "conflict",
        `dream ${outcome.by.id} is updating memory store ${request.inputMemoryStoreId}; wait for its end or cancel it`,
        { details: { field: "input_memory_store_id", blockedBy: outcome.by.id } },
      );
    }
    return outcome.dream;
  };
}
