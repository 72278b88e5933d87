import type { Collection } from "mongodb";
import { limits } from "../../core/limits.ts";
import type { ChangePosition, PartKind, Sweep } from "../../ports/sweep.ts";
import type { Calls } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { fromMark, inBatches, keyOf, keysAfter, laterThan, toBound, toMark } from "./documents.ts";
import { fromChangeDocument, type Part } from "./memory-documents.ts";
import { createRemoval } from "./sweep-removal.ts";
import { createRevisionSweep } from "./sweep-revisions.ts";
import { createTenantList } from "./sweep-tenants.ts";

export function createMongoSweep(collections: Collections, calls: Calls): Sweep {
  const { changes, versions } = collections;
  const parts: Record<PartKind, Collection<Part>> = {
    head: collections.heads,
    bucket: collections.buckets,
    content: collections.contents,
  };
  return {
    ...createRevisionSweep(collections, calls),
    ...createRemoval(collections, calls),

    listTenants: createTenantList(collections, calls),

    listParts({ tenant, kind, untouchedSince, after, limit }) {
      return calls.run(async () => {
        const _id = keysAfter(tenant, after === null ? null : keyOf({ tenant, id: after }));
        const found = await parts[kind]
          .find({ _id, touched_at: { $lt: toBound(untouchedSince) } })
          .project<Part>({ touched_at: 1 })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray();
        return found.map((part) => ({
          hash: part._id.slice(tenant.length + 1),
          touchedAt: part.touched_at.getTime(),
        }));
      });
    },

    async deleteParts({ tenant, kind, parts: marks }) {
      let deleted = 0;
      for (const batch of inBatches(marks, limits.sweepBatch)) {
        const writes = batch.map(({ hash, touchedAt }) => ({
          deleteOne: { filter: { _id: keyOf({ tenant, id: hash }), touched_at: new Date(touchedAt) } },
        }));
        const done = await calls.run(() => parts[kind].bulkWrite(writes, { ordered: false }));
        deleted += done.deletedCount;
      }
      return deleted;
    },

    listVersionRows({ tenant, createdBefore, after, limit }) {
      return calls.run(async () => {
        const place = after === null ? null : fromMark(after);
        const found = await versions
          .find({ tenant, ...laterThan("created_at", place, { since: null, before: createdBefore }) })
          .sort({ created_at: 1, _id: 1 })
          .limit(limit)
          .toArray();
        return found.map((row) => ({
          key: toMark({ at: row.created_at, key: row._id }),
          storeId: row.store_id,
          id: row.version_id,
          path: row.path ?? null,
          contentHash: row.content_hash ?? null,
          createdAt: row.created_at.getTime(),
        }));
      });
    },

    async deleteVersionRows({ tenant, keys }) {
      const ids = keys.map((key) => fromMark(key).key).filter((id) => id.startsWith(`${tenant}/`));
      for (const $in of inBatches(ids, limits.sweepBatch)) {
        await calls.run(() => versions.deleteMany({ _id: { $in } }));
      }
    },

    listChangeRows({ tenant, after, limit }) {
      return calls.run(async () => {
        const found = changes
          .find({ tenant, ...(after !== null && changesAfter(after)) })
          .sort({ dream_id: 1, attempt: 1, index: 1 })
          .limit(limit);
        return (await found.toArray()).map((document) => ({
          dreamId: document.dream_id,
          attempt: document.attempt,
          index: document.index,
          change: fromChangeDocument(document),
        }));
      });
    },

    deleteChanges({ tenant, dreamId, attempt }) {
      return calls.run(async () => {
        await changes.deleteMany({ tenant, dream_id: dreamId, attempt });
      });
    },

    // When the server gives deleted rows' space back, and what becomes of its journal and its replicas' logs, is its
    // own affair: no command of a client overwrites them. Whoever must be sure encrypts the volume.
    purge: () => Promise.resolve(),
  };
}

function changesAfter({ dreamId, attempt, index }: ChangePosition) {
  return {
    dream_id: { $gte: dreamId },
    $or: [{ dream_id: { $gt: dreamId } }, { attempt: { $gt: attempt } }, { attempt, index: { $gt: index } }],
  };
}
