/**
 * Removing what deleted stores and sessions left: rows first, the tombstone last, so that a removal which broke off is
 * found again. Writers that read a store or a session before it was deleted may still add rows. Those of a store show
 * in the walks of the sweeper, without a store. A session's batch shows nowhere: its writer removes it, and a tombstone
 * stays until two looks in turn found nothing, for a writer that dies in between.
 */
import type { Collection, Filter } from "mongodb";
import type { Sweep } from "../../ports/sweep.ts";
import type { Calls } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { keyOf, type Tombstone } from "./documents.ts";

type Removal = Pick<Sweep, "listDeletedStores" | "removeStore" | "listDeletedSessions" | "removeSession">;

export function createRemoval(collections: Collections, calls: Calls): Removal {
  const { storeTombstones, sessionTombstones, versions, revisions, batches } = collections;
  return {
    listDeletedStores({ tenant, limit }) {
      return calls.run(() => idsOf(storeTombstones, tenant, limit));
    },

    removeStore({ tenant, storeId, limit }) {
      return calls.run(async () => {
        const buried = { _id: keyOf({ tenant, id: storeId }), deleted: true } as const;
        if ((await storeTombstones.findOne(buried)) === null) return true;
        const ofStore = { tenant, store_id: storeId };
        const gone = await removeSome(versions, ofStore, limit);
        if (gone === limit) return false;
        if ((await removeSome(revisions, ofStore, limit - gone)) === limit - gone) return false;
        await storeTombstones.deleteOne(buried);
        return true;
      });
    },

    listDeletedSessions({ tenant, limit }) {
      return calls.run(() => idsOf(sessionTombstones, tenant, limit));
    },

    removeSession({ tenant, sessionId, limit }) {
      return calls.run(async () => {
        const buried = { _id: keyOf({ tenant, id: sessionId }), deleted: true } as const;
        const tombstone = await sessionTombstones.findOne(buried);
        if (tombstone === null) return true;
        if ((await removeSome(batches, { tenant, session_id: sessionId }, limit)) > 0) {
          await sessionTombstones.updateOne(buried, { $unset: { emptied: 1 } });
          return false;
        }
        if (tombstone.emptied !== true) {
          await sessionTombstones.updateOne(buried, { $set: { emptied: true } });
          return false;
        }
        await sessionTombstones.deleteOne(buried);
        return true;
      });
    },
  };
}

async function idsOf(tombstones: Collection<Tombstone>, tenant: string, limit: number): Promise<string[]> {
  const found = tombstones.find({ tenant, deleted: true }).sort({ _id: 1 }).limit(limit);
  return (await found.toArray()).map(({ _id }) => _id.slice(tenant.length + 1));
}

/** Removes up to `limit` of the documents that match; answers how many it found. */
async function removeSome<T extends { readonly _id: string }>(
  collection: Collection<T>,
  filter: Filter<T>,
  limit: number,
): Promise<number> {
  const found = await collection.find(filter).project<{ _id: string }>({ _id: 1 }).limit(limit).toArray();
  // A view of the key alone, which is all that the deletion names.
  const keys: Collection<{ _id: string }> = collection.db.collection(collection.collectionName);
  if (found.length > 0) await keys.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
  return found.length;
}
