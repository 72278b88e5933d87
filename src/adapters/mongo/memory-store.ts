import type { Collection } from "mongodb";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import { keyOf, newestFirst, olderThan } from "./documents.ts";
import { toCollection } from "./dream-parts.ts";
import { fromStoreDocument, type StoreDocument, toStoreDocument } from "./memory-documents.ts";
import { createMemoryParts, type MemoryPartsDeps } from "./memory-parts.ts";

export interface MemoryStoresDeps extends MemoryPartsDeps {
  readonly stores: Collection<StoreDocument>;
  readonly calls: Calls;
}

export function createMongoMemoryStores(deps: MemoryStoresDeps): MemoryStores {
  const { stores, calls } = deps;
  return {
    ...createMemoryParts(deps),

    create(store) {
      return calls.run(async () => {
        for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
          const inserted = await unlessDuplicate(stores.insertOne(toStoreDocument(store)));
          if (inserted !== null) return { outcome: "created", store };
          const same = await stores.findOne({ _id: keyOf(store) });
          if (same !== null) return { outcome: "created", store: fromStoreDocument(same) };
          const taken =
            store.collection === null ? null : await findCollection(store.tenant, store.collection);
          if (taken !== null) return { outcome: "exists", store: fromStoreDocument(taken) };
        }
        throw new ReveriedError("unavailable", `memory store ${store.id} could not be created; try again`);
      });
    },

    get(key) {
      return calls.run(async () => fromNullable(await stores.findOne({ _id: keyOf(key) })));
    },

    findCollection({ tenant, collection }) {
      return calls.run(async () => fromNullable(await findCollection(tenant, collection)));
    },

    list({ tenant, includeArchived, after, limit }) {
      return calls.run(async () => {
        const archived = includeArchived ? {} : { archived_at: null };
        const found = stores.find({ tenant, ...archived, ...olderThan(tenant, after) });
        return (await found.sort(newestFirst).limit(limit).toArray()).map(fromStoreDocument);
      });
    },

    switchHead({ tenant, storeId, base, next }) {
      return calls.run(async () => {
        const _id = keyOf({ tenant, id: storeId });
        const switched = await stores.findOneAndUpdate(
          { _id, head: base, archived_at: null },
          { $set: { head: next } },
          { returnDocument: "after" },
        );
        if (switched !== null) return { outcome: "switched", store: fromStoreDocument(switched) };
        const store = fromNullable(await stores.findOne({ _id }));
        if (store?.head === next) return { outcome: "switched", store };
        return { outcome: "moved", store };
      });
    },
  };

  function findCollection(tenant: string, key: Parameters<typeof toCollection>[0]) {
    const { workspace_id, observer, observed } = toCollection(key);
    return stores.findOne({
      tenant,
      // Named so that the planner sees that the partial index covers the query.
      collection: { $exists: true },
      "collection.workspace_id": workspace_id,
      "collection.observer": observer,
      "collection.observed": observed,
    });
  }
}

function fromNullable(document: StoreDocument | null) {
  return document === null ? null : fromStoreDocument(document);
}
