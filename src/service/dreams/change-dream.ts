import type { Dream } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { findDream } from "./get-dream.ts";

/**
 * Reads a dream, lets `decide` compute what it should become (or the dream itself for no change), and writes that under
 * the guard of what was read; again from the start when somebody was faster.
 */
export async function changeDream(
  deps: Pick<ServiceDeps, "dreams">,
  principal: Principal,
  id: string,
  decide: (dream: Dream) => Dream | Promise<Dream>,
): Promise<Dream> {
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    const read = await findDream(deps, principal, id);
    const next = await decide(read);
    if (next === read) return read;
    const saved = await deps.dreams.save({ read, next, guardBeat: false });
    if (saved.outcome === "saved") return saved.dream;
  }
  throw new ReveriedError("unavailable", `dream ${id} changes faster than it can be written; try again`);
}
