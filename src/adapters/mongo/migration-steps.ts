/**
 * The steps from one version of the documents to the next. Processes that start at once all run them, and one may come
 * late, when others already write documents of the new version: each write is guarded so that it touches old ones only,
 * and a step that broke off is run again from its beginning.
 */
import type { AnyBulkWriteOperation, Collection, Db } from "mongodb";
import { limits } from "../../core/limits.ts";

/** A document of any version. */
interface AnyDocument {
  readonly _id: string;
  readonly [field: string]: unknown;
}

type Filling = AnyBulkWriteOperation<AnyDocument>;

/**
 * From 1 to 2: stores have a history, which begins with what they hold now; stores and sessions have an edition; changes say
 * in fields where they are kept.
 */
export async function addHistory(db: Db, pageSize: number = limits.sweepBatch): Promise<void> {
  await fill(pageSize, db.collection("memory_stores"), "edition", ({ _id, head }) => ({
    updateOne: {
      // With the head: what a store of the old version shows may be switched until the last moment.
      filter: { _id, edition: { $exists: false }, head },
      update: {
        $set: { protected_paths: [], revision: 0, origin: { store_id: null, head }, edition: 1 },
      },
    },
  }));
  await fill(pageSize, db.collection("sessions"), "edition", ({ _id }) => ({
    updateOne: { filter: { _id, edition: { $exists: false } }, update: { $set: { edition: 1 } } },
  }));
  await fill(pageSize, db.collection("dream_changes"), "dream_id", ({ _id }) => ({
    updateOne: { filter: { _id, dream_id: { $exists: false } }, update: { $set: placeOf(_id) } },
  }));
}

/** Writes into each document that lacks the field, a page at a time, until a walk over all of them finds none. */
async function fill(
  pageSize: number,
  collection: Collection<AnyDocument>,
  lacking: string,
  write: (document: AnyDocument) => Filling,
): Promise<void> {
  for (let found = 1; found > 0; ) {
    found = 0;
    for (let after = ""; ; ) {
      const page = await collection
        // A tombstone has none of the fields and needs none.
        .find({ _id: { $gt: after }, [lacking]: { $exists: false }, deleted: { $exists: false } })
        .sort({ _id: 1 })
        .limit(pageSize)
        .toArray();
      const last = page.at(-1);
      if (last === undefined) break;
      found += page.length;
      await collection.bulkWrite(page.map(write), { ordered: false });
      after = last._id;
    }
  }
}

/** The key of a change is `<tenant>/<dream>/<attempt>/<index>`, and only an id could have a slash. */
function placeOf(key: string) {
  const parts = key.split("/");
  return {
    tenant: parts[0] ?? "",
    dream_id: parts.slice(1, -2).join("/"),
    attempt: Number(parts.at(-2)),
    index: Number(parts.at(-1)),
  };
}
