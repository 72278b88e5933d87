import type { Dream } from "../../core/dream.ts";
import { applyMove } from "../../core/dream-transitions.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { announceDream } from "./accept-dream.ts";
import { changeDream } from "./change-dream.ts";

/** Puts a final dream away. Repeating it changes nothing; a pending or running dream is `failed_precondition`. */
export type ArchiveDream = (principal: Principal, request: { readonly id: string }) => Promise<Dream>;

export function createArchiveDream(deps: Pick<ServiceDeps, "dreams" | "bus" | "clock">): ArchiveDream {
  return async (principal, { id }) => {
    const dream = await changeDream(deps, principal, id, (read) =>
      read.archivedAt === null ? applyMove(read, { name: "archive", now: deps.clock.now() }) : read,
    );
    announceDream(deps, dream);
    return dream;
  };
}
