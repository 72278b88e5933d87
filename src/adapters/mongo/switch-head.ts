/**
 * Switching a head. The store's document is the only thing that decides: one write of it, guarded by head and
 * revision, moves the head and puts the commit in as the newest. What that write takes out of the document, the revision
 * before, must have its row by then; its own row comes after.
 */
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { StoreCommit } from "../../core/memory-version.ts";
import type { MemoryStores, SwitchOutcome } from "../../ports/memory-store.ts";
import type { Calls } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { notDeleted } from "./documents.ts";
import { type LastDocument, toLast } from "./history-documents.ts";
import { fromStoreDocument, type StoreDocument } from "./memory-documents.ts";
import type { StoreLog } from "./store-log.ts";

export function createSwitchHead(
  { stores }: Collections,
  log: StoreLog,
  calls: Calls,
): MemoryStores["switchHead"] {
  return ({ tenant, storeId, base, next, commit, evenArchived }) =>
    calls.run(async (): Promise<SwitchOutcome> => {
      for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
        const read = await log.read({ tenant, storeId });
        if (read === null) return { outcome: "moved", store: null };
        const open = (read.archived_at === null || evenArchived) && read.head === base;
        const [made] = await Promise.all([findMade(read, commit), open ? log.settle(read) : null]);
        // The log is younger than the read: what was made in between is told with the store that it made.
        if (made !== null && made.number > read.revision) continue;
        if (made !== null) return { outcome: "switched", store: fromStoreDocument(read) };
        if (!open) return { outcome: "moved", store: fromStoreDocument(read) };
        const revision = read.revision + 1;
        const written = await stores.findOneAndUpdate(
          // The revision, beside the head: it has not moved since the log was asked, not even there and back.
          {
            _id: read._id,
            head: base,
            revision: read.revision,
            ...(!evenArchived && { archived_at: null }),
            ...notDeleted,
          },
          { $set: { head: next, revision, last: toLast(revision, commit, { base, next }) } },
          { returnDocument: "after" },
        );
        if (written === null) continue;
        await log.settle(written);
        return { outcome: "switched", store: fromStoreDocument(written) };
      }
      throw new ReveriedError(
        "unavailable",
        `memory store ${storeId} was written to by others ${limits.casAttempts} times meanwhile; try again`,
      );
    });

  async function findMade(store: StoreDocument, { id, origin }: StoreCommit): Promise<LastDocument | null> {
    const [byId, byOrigin] = await Promise.all([
      log.made(store, [id]),
      origin === null ? null : log.ofOrigin(store, origin),
    ]);
    return byId.get(id) ?? byOrigin;
  }
}
