/** How much a tenant may have of something that grows with its use. */
import { ReveriedError } from "../core/errors.ts";
import { createLru } from "../lib/lru.ts";

export interface QuotaConfig {
  /** What is counted, in the plural. */
  readonly what: string;
  readonly max: number;
  /** What the caller may do. */
  readonly instead: string;
}

type Count = (query: { readonly tenant: string; readonly max: number }) => Promise<number>;

const tenantsRemembered = 1_024;
/** The part of the room that is filled before it is counted again; each other process may exceed the bound by as much. */
const uncountedPart = 1 / 16;

/** Counts, refuses with `resource_exhausted` where there is no room for one more, and answers with the room there is. */
export async function requireRoom(count: Count, config: QuotaConfig, tenant: string): Promise<number> {
  const { what, max, instead } = config;
  const room = max - (await count({ tenant, max }));
  if (room > 0) return room;
  throw new ReveriedError("resource_exhausted", `there are ${max} ${what}, as many as may be; ${instead}`, {
    details: { limit: max },
  });
}

/** Like `requireRoom`, for what is so many that it is counted again only when a part of the room was used. */
export function createQuota(count: Count, config: QuotaConfig): (tenant: string) => Promise<void> {
  const uncounted = createLru<number>(tenantsRemembered);
  return async (tenant) => {
    const left = uncounted.get(tenant) ?? 0;
    if (left > 0) {
      uncounted.set(tenant, left - 1);
      return;
    }
    const room = await requireRoom(count, config, tenant);
    // One of the room is taken by the caller.
    uncounted.set(tenant, Math.floor((room - 1) * uncountedPart));
  };
}
