import { limits } from "../core/limits.ts";

/** How many batches a caller waits for; more than a store or session of ordinary size has. */
const batchesMax = 20;

/**
 * Removes the rows of what was just deleted, batch by batch, until `remove` says that none is left. What is not reached,
 * and what fails, is left to the sweeper: the thing itself is gone already.
 */
export async function removeRows(remove: (limit: number) => Promise<boolean>): Promise<void> {
  try {
    for (let batch = 0; batch < batchesMax; batch += 1) {
      if (await remove(limits.sweepBatch)) return;
    }
  } catch {
    // The deletion was made and is answered as such.
  }
}
