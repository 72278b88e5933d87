import type { Dream } from "../../core/dream.ts";
import { applyMove } from "../../core/dream-transitions.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { announceDream } from "./accept-dream.ts";
import { changeDream } from "./change-dream.ts";
import { finishCommit } from "./finish-commit.ts";

/**
 * Ends a pending or running dream at once: from then on its worker's writes are refused. A canceled dream is answered
 * unchanged; a completed or failed one, and one past its point of no return, is `failed_precondition`.
 */
export type CancelDream = (principal: Principal, request: { readonly id: string }) => Promise<Dream>;

export type CancelDeps = Pick<ServiceDeps, "dreams" | "memories" | "heads" | "bus" | "clock" | "digest">;

export function createCancelDream(deps: CancelDeps): CancelDream {
  return async (principal, { id }) => {
    const dream = await changeDream(deps, principal, id, async (read) => {
      if (read.status === "canceled") return read;
      const current =
        read.status === "running" && read.commit !== null ? await finishCommit(deps, read) : read;
      return applyMove(current, { name: "cancel", now: deps.clock.now() });
    });
    announceDream(deps, dream);
    return dream;
  };
}
