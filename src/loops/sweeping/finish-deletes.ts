import { limits } from "../../core/limits.ts";
import type { Sweep } from "../../ports/sweep.ts";

const limit = limits.sweepBatch;

/** Removes what deleted stores and sessions of a tenant left, in steps. */
export async function* finishDeletes(
  { sweep }: { readonly sweep: Sweep },
  tenant: string,
): AsyncGenerator<number, void> {
  for (;;) {
    const ids = await sweep.listDeletedStores({ tenant, limit });
    yield 0;
    for (const storeId of ids) yield* removing(() => sweep.removeStore({ tenant, storeId, limit }));
    if (ids.length < limit) break;
  }
  for (;;) {
    const ids = await sweep.listDeletedSessions({ tenant, limit });
    yield 0;
    for (const sessionId of ids) yield* removing(() => sweep.removeSession({ tenant, sessionId, limit }));
    if (ids.length < limit) break;
  }
}

async function* removing(remove: () => Promise<boolean>): AsyncGenerator<number, void> {
  while (!(await remove())) yield 0;
  yield 1;
}
