/** The immutable parts of stores, and the changes of dreams: each keyed by what it is, so that a repeat is harmless. */
import type { Collection } from "mongodb";
import type { MemoryStores } from "../../ports/memory-store.ts";
import { type Calls, writeAll } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { keyOf, sortable } from "./documents.ts";
import {
  type BucketDocument,
  type ContentDocument,
  changePrefix,
  fromBucketDocument,
  fromChangeDocument,
  fromHeadDocument,
  type HeadDocument,
  type Part,
  toBucketFields,
  toChangeDocument,
  toHeadFields,
} from "./memory-documents.ts";

type MemoryParts = Pick<
  MemoryStores,
  | "putHead"
  | "putBuckets"
  | "putContents"
  | "getHead"
  | "getBuckets"
  | "getContents"
  | "putChanges"
  | "listChanges"
>;

export function createMemoryParts(collections: Collections, calls: Calls): MemoryParts {
  const { heads, buckets, contents, changes } = collections;
  return {
    async putHead({ tenant, head, now }) {
      await put<HeadDocument>(calls, heads, now, [
        { _id: keyOf({ tenant, id: head.hash }), ...toHeadFields(head) },
      ]);
    },

    async putBuckets({ tenant, buckets: all, now }) {
      const parts = all.map((bucket) => ({
        _id: keyOf({ tenant, id: bucket.hash }),
        ...toBucketFields(bucket),
      }));
      await put<BucketDocument>(calls, buckets, now, parts);
    },

    async putContents({ tenant, contents: all, now }) {
      const parts = all.map(({ hash, text }) => ({ _id: keyOf({ tenant, id: hash }), text }));
      await put<ContentDocument>(calls, contents, now, parts);
    },

    getHead({ tenant, hash }) {
      return calls.run(async () => {
        const document = await heads.findOne<HeadDocument>({ _id: keyOf({ tenant, id: hash }) });
        return document === null ? null : fromHeadDocument(hash, document);
      });
    },

    async getBuckets({ tenant, hashes }) {
      const found = await findMany<BucketDocument>(calls, buckets, tenant, hashes);
      return hashes.flatMap((hash) => {
        const document = found.get(keyOf({ tenant, id: hash }));
        return document === undefined ? [] : [fromBucketDocument(hash, document)];
      });
    },

    async getContents({ tenant, hashes }) {
      const found = await findMany<ContentDocument>(calls, contents, tenant, hashes);
      const texts = new Map<string, string>();
      for (const hash of hashes) {
        const document = found.get(keyOf({ tenant, id: hash }));
        if (document !== undefined) texts.set(hash, document.text);
      }
      return texts;
    },

    async putChanges({ tenant, dreamId, attempt, first, changes: all }) {
      const writes = all.map((change, offset) => {
        const place = { tenant, dream_id: dreamId, attempt, index: first + offset };
        const { _id, ...fields } = toChangeDocument(place, change);
        return { replaceOne: { filter: { _id }, replacement: fields, upsert: true } };
      });
      await writeAll(calls, changes, writes);
    },

    listChanges({ tenant, dreamId, attempt, first, limit }) {
      const prefix = changePrefix(tenant, dreamId, attempt);
      return calls.run(async () => {
        // A colon sorts just after the digits: the end of this attempt's keys.
        const found = changes.find({ _id: { $gte: `${prefix}${sortable(first)}`, $lt: `${prefix}:` } });
        return (await found.sort({ _id: 1 }).limit(limit).toArray()).map(fromChangeDocument);
      });
    },
  };
}

/**
 * Writes the parts that are not there, and raises `touched_at` of those that are, by a millisecond at least: a put whose
 * clock is behind must be seen, too, by who is about to delete the part. Only a pipeline can say that in one write.
 */
async function put<T extends Part>(
  calls: Calls,
  collection: Collection<Part>,
  now: number,
  parts: readonly Omit<T, "touched_at">[],
): Promise<void> {
  const touched_at = { $max: [new Date(now), { $add: ["$touched_at", 1] }] };
  const writes = parts.map(({ _id, ...fields }) => {
    // As literals: in a pipeline a text that begins with a dollar sign would name a field.
    const once = Object.entries(fields).map(([name, value]) => [
      name,
      { $ifNull: [`$${name}`, { $literal: value }] },
    ]);
    const update = [{ $set: { ...Object.fromEntries(once), touched_at } }];
    return { updateOne: { filter: { _id }, update, upsert: true } };
  });
  await writeAll(calls, collection, writes);
}

async function findMany<T extends Part>(
  calls: Calls,
  collection: Collection<Part>,
  tenant: string,
  hashes: readonly string[],
): Promise<Map<string, T>> {
  if (hashes.length === 0) return new Map();
  return await calls.run(async () => {
    const found = new Map<string, T>();
    const keys = hashes.map((hash) => keyOf({ tenant, id: hash }));
    for await (const part of collection.find<T>({ _id: { $in: keys } })) found.set(part._id, part);
    return found;
  });
}
