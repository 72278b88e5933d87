import type { Dream } from "../../core/dream.ts";
import { notFound } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";

/** One dream of the caller's tenant, archived ones too; `not_found` otherwise. */
export type GetDream = (principal: Principal, request: { readonly id: string }) => Promise<Dream>;

export function createGetDream(deps: Pick<ServiceDeps, "dreams">): GetDream {
  return (principal, { id }) => findDream(deps, principal, id);
}

/** The dream, or `not_found`; `invalid_argument` only for what cannot be an id at all. */
export async function findDream(
  deps: Pick<ServiceDeps, "dreams">,
  principal: Principal,
  id: string,
): Promise<Dream> {
  checkId("id", id);
  const dream = await deps.dreams.get({ tenant: principal.tenant, id });
  if (dream === null) throw notFound("dream", id);
  return dream;
}
