import { isDeepStrictEqual } from "node:util";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import type { Collections } from "./collections.ts";
import {
  bury,
  keyOf,
  newestFirst,
  notDeleted,
  olderThan,
  stillDeleting,
  unlessDeleted,
} from "./documents.ts";
import { toCollection } from "./dream-parts.ts";
import { createHistory } from "./history.ts";
import { fromStoreDocument, type StoreDocument, toStoreDocument } from "./memory-documents.ts";
import { createMemoryParts } from "./memory-parts.ts";
import { createStoreLog } from "./store-log.ts";
import { createSwitchHead } from "./switch-head.ts";

export function createMongoMemoryStores(collections: Collections, calls: Calls): MemoryStores {
  const { stores, storeTombstones } = collections;
  const log = createStoreLog(collections);
  return {
    ...createMemoryParts(collections, calls),
    ...createHistory(collections, log, calls),
    switchHead: createSwitchHead(collections, log, calls),

    create(store) {
      return calls.run(async () => {
        for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
          const inserted = await unlessDuplicate(stores.insertOne(toStoreDocument(store)));
          if (inserted !== null) return { outcome: "created", store };
          const same = await stores.findOne({ _id: keyOf(store) });
          if (same?.deleted === true) throw stillDeleting("memory store", store.id);
          if (same !== null) return { outcome: "created", store: fromStoreDocument(same) };
          const taken =
            store.collection === null ? null : await findCollection(store.tenant, store.collection);
          if (taken !== null) return { outcome: "exists", store: fromStoreDocument(taken) };
        }
        throw new ReveriedError("unavailable", `memory store ${store.id} could not be created; try again`);
      });
    },

    get(key) {
      return calls.run(() => find(key));
    },

    findCollection({ tenant, collection }) {
      return calls.run(async () => fromNullable(await findCollection(tenant, collection)));
    },

    list({ tenant, includeArchived, after, limit }) {
      return calls.run(async () => {
        const archived = includeArchived ? {} : { archived_at: null };
        const found = stores.find({ tenant, ...notDeleted, ...archived, ...olderThan(tenant, after) });
        return (await found.sort(newestFirst).limit(limit).toArray()).map(fromStoreDocument);
      });
    },

    count({ tenant, max }) {
      return calls.run(() => stores.countDocuments({ tenant, ...notDeleted }, { limit: max }));
    },

    save({ read, next }) {
      return calls.run(async () => {
        const guard = { _id: keyOf(read), edition: read.edition, ...notDeleted };
        const saved = await stores.findOneAndUpdate(guard, saveUpdate(next), { returnDocument: "after" });
        if (saved !== null) return { outcome: "saved", store: fromStoreDocument(saved) };
        const store = await find(read);
        if (store !== null && isSaved(store, next)) return { outcome: "saved", store };
        return { outcome: "stale", store };
      });
    },

    delete(key) {
      return calls.run((again) => bury(storeTombstones, key, again));
    },
  };

  async function find(key: Parameters<MemoryStores["get"]>[0]): Promise<MemoryStore | null> {
    return fromNullable(await stores.findOne({ _id: keyOf(key) }));
  }

  function findCollection(tenant: string, key: Parameters<typeof toCollection>[0]) {
    const { workspace_id, observer, observed } = toCollection(key);
    return stores.findOne({
      tenant,
      // Named so that the planner sees that the partial index covers the query; a tombstone has none.
      collection: { $exists: true },
      "collection.workspace_id": workspace_id,
      "collection.observer": observer,
      "collection.observed": observed,
    });
  }
}

/** Writes all but head and revision. A collection that there is none of is removed, never emptied. */
function saveUpdate(next: MemoryStore) {
  const { _id, head, revision, ...fields } = toStoreDocument(next);
  return { $set: fields, ...(next.collection === null && { $unset: { collection: 1 as const } }) };
}

function isSaved(stored: MemoryStore, next: MemoryStore): boolean {
  const { head, revision } = stored;
  return isDeepStrictEqual(stored, { ...next, head, revision });
}

function fromNullable(document: StoreDocument | null): MemoryStore | null {
  const found = unlessDeleted(document);
  return found === null ? null : fromStoreDocument(found);
}
