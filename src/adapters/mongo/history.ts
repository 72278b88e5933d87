/** The history of stores. A version is seen exactly when the log of its store has its commit. */
import type { MemoryVersion } from "../../core/memory-version.ts";
import type { MemoryStores, StoreKey } from "../../ports/memory-store.ts";
import { type Calls, writeAll } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { fromLast, fromVersionDocument, redactedFields, toStagedVersion } from "./history-documents.ts";
import type { StoreLog } from "./store-log.ts";
import { createVersionList } from "./version-list.ts";

type History = Pick<
  MemoryStores,
  | "putVersions"
  | "findRevision"
  | "listRevisions"
  | "getVersion"
  | "listVersions"
  | "redactVersion"
  | "isContentNamed"
>;

/** How many versions that name a content are looked at together. */
const namedPage = 100;

export function createHistory(collections: Collections, log: StoreLog, calls: Calls): History {
  const { versions } = collections;
  return {
    listVersions: createVersionList(collections, log, calls),

    async putVersions({ tenant, storeId, commit, first, versions: all }) {
      const writes = all.map((version, index) => {
        const { _id, ...row } = toStagedVersion({ tenant, storeId }, commit, first + index, version);
        // Only where there is none: a repeat that comes late must not undo a redaction.
        return { updateOne: { filter: { _id }, update: { $setOnInsert: row }, upsert: true } };
      });
      await writeAll(calls, versions, writes);
    },

    findRevision({ tenant, storeId, origin }) {
      return calls.run(async () => {
        const store = await log.read({ tenant, storeId });
        const found = store === null ? null : await log.ofOrigin(store, origin);
        return found === null ? null : fromLast(storeId, found);
      });
    },

    listRevisions({ tenant, storeId, after, limit }) {
      return calls.run(async () => {
        const store = await log.read({ tenant, storeId });
        const found = store === null ? [] : await log.above(store, after, limit);
        return found.map((last) => fromLast(storeId, last));
      });
    },

    getVersion(key) {
      return calls.run(() => findVersion(key));
    },

    redactVersion({ by, now, ...key }) {
      return calls.run(async () => {
        if ((await findVersion(key)) === null) return null;
        // With the twins that lost commits left under the same id: they say the same.
        await versions.updateMany(
          {
            tenant: key.tenant,
            store_id: key.storeId,
            version_id: key.id,
            redacted_at: { $exists: false },
          },
          {
            $set: { redacted_at: new Date(now), ...(by !== null && { redacted_by: by }) },
            $unset: redactedFields,
          },
        );
        return await findVersion(key);
      });
    },

    isContentNamed({ tenant, hash }) {
      return calls.run(async () => {
        for (let after = ""; ; ) {
          const page = await versions
            .find({ tenant, content_hash: hash, _id: { $gt: after } })
            .sort({ _id: 1 })
            .limit(namedPage)
            .toArray();
          for (const [storeId, rows] of Map.groupBy(page, (row) => row.store_id)) {
            const store = await log.read({ tenant, storeId });
            const commits = rows.map((row) => row.commit_id);
            if (store !== null && (await log.made(store, commits)).size > 0) return true;
          }
          const last = page.at(-1);
          if (last === undefined || page.length < namedPage) return false;
          after = last._id;
        }
      });
    },
  };

  /** The version of this id that the store's history has; others are of commits that were never made. */
  async function findVersion(key: StoreKey & { readonly id: string }): Promise<MemoryVersion | null> {
    const store = await log.read(key);
    if (store === null) return null;
    const rows = await versions
      .find({ tenant: key.tenant, store_id: key.storeId, version_id: key.id })
      .toArray();
    const made = await log.made(
      store,
      rows.map((row) => row.commit_id),
    );
    for (const row of rows) {
      const revision = made.get(row.commit_id);
      if (revision !== undefined) return fromVersionDocument(row, revision.number);
    }
    return null;
  }
}
