/** The immutable parts of stores, and what dreams changed. */
import type { MemoryStores } from "../../ports/memory-store.ts";
import type { Database } from "./database.ts";
import { bucketFromRow, headFromRow } from "./rows.ts";

type PartPromises = Pick<
  MemoryStores,
  "putHead" | "putBuckets" | "putContents" | "getHead" | "getBuckets" | "getContents"
>;
type ChangePromises = Pick<MemoryStores, "putChanges" | "listChanges">;

export function createMemoryParts(db: Database): PartPromises & ChangePromises {
  return { ...parts(db), ...changes(db) };
}

function parts(db: Database): PartPromises {
  // By one at least: a put whose clock is behind must be seen, too, by who is about to delete the part.
  const touch =
    "ON CONFLICT (tenant, hash) DO UPDATE SET touched_at = max(touched_at + 1, excluded.touched_at)";
  const putHead = db.sql(
    `INSERT INTO head (tenant, hash, buckets, entry_count, total_bytes, touched_at) VALUES (?, ?, ?, ?, ?, ?) ${touch}`,
  );
  const putBucket = db.sql(
    `INSERT INTO bucket (tenant, hash, entries, touched_at) VALUES (?, ?, ?, ?) ${touch}`,
  );
  const putContent = db.sql(
    `INSERT INTO content (tenant, hash, text, touched_at) VALUES (?, ?, ?, ?) ${touch}`,
  );
  const head = db.sql(
    "SELECT hash, buckets, entry_count, total_bytes FROM head WHERE tenant = ? AND hash = ?",
  );
  const bucket = db.sql("SELECT hash, entries FROM bucket WHERE tenant = ? AND hash = ?");
  const content = db.sql("SELECT text FROM content WHERE tenant = ? AND hash = ?");

  return {
    putHead: ({ tenant, head: { hash, buckets, entryCount, totalBytes }, now }) =>
      db.write(() => void putHead.run(tenant, hash, JSON.stringify(buckets), entryCount, totalBytes, now)),

    putBuckets: ({ tenant, buckets, now }) =>
      db.write(() => {
        for (const { hash, entries } of buckets) putBucket.run(tenant, hash, JSON.stringify(entries), now);
      }),

    putContents: ({ tenant, contents, now }) =>
      db.write(() => {
        for (const { hash, text } of contents) putContent.run(tenant, hash, text, now);
      }),

    getHead: ({ tenant, hash }) =>
      db.read(() => {
        const row = head.get(tenant, hash);
        return row === undefined ? null : headFromRow(row);
      }),

    getBuckets: ({ tenant, hashes }) =>
      db.read(() =>
        hashes.flatMap((hash) => {
          const row = bucket.get(tenant, hash);
          return row === undefined ? [] : [bucketFromRow(row)];
        }),
      ),

    getContents: ({ tenant, hashes }) =>
      db.read(() => {
        const texts = new Map<string, string>();
        for (const hash of hashes) {
          const row = content.get(tenant, hash);
          if (row !== undefined) texts.set(hash, String(row.text));
        }
        return texts;
      }),
  };
}

function changes(db: Database): ChangePromises {
  const put = db.sql(
    `INSERT INTO change (tenant, dream_id, attempt, number, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (tenant, dream_id, attempt, number) DO UPDATE SET body = excluded.body`,
  );
  const page = db.sql(
    `SELECT body FROM change WHERE tenant = ? AND dream_id = ? AND attempt = ? AND number >= ?
     ORDER BY number LIMIT ?`,
  );
  return {
    putChanges: ({ tenant, dreamId, attempt, first, changes }) =>
      db.write(() => {
        for (const [index, change] of changes.entries()) {
          put.run(tenant, dreamId, attempt, first + index, JSON.stringify(change));
        }
      }),

    listChanges: ({ tenant, dreamId, attempt, first, limit }) =>
      db.read(() =>
        page.all(tenant, dreamId, attempt, first, limit).map((row) => JSON.parse(String(row.body))),
      ),
  };
}
