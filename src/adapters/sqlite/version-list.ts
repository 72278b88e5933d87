import type { MemoryVersion } from "../../core/memory-version.ts";
import type { MemoryStores } from "../../ports/memory-store.ts";
import type { Database } from "./database.ts";
import { madeBy, versionColumns, versionFromRow } from "./version-rows.ts";

type ListQuery = Parameters<MemoryStores["listVersions"]>[0];

// CROSS JOIN keeps the planner from turning the walks around.
// All versions come in the order of their revisions, so the revisions are walked.
const revisionWalk = `store_revision r INDEXED BY store_revision_by_number
  CROSS JOIN memory_version v INDEXED BY memory_version_by_commit ON ${madeBy}
  WHERE r.tenant = ? AND r.store_id = ?`;
// Those of one memory are few, and are sorted: in which order their revisions were made is not in their index.
const memoryWalk = `memory_version v INDEXED BY memory_version_by_memory
  CROSS JOIN store_revision r INDEXED BY store_revision_by_commit ON ${madeBy}
  WHERE v.tenant = ? AND v.store_id = ? AND v.memory_id = ?`;

/** The list of `MemoryStores`, for a store that is there. Filters that no walk serves are checked row by row. */
export function createVersionList(db: Database): (query: ListQuery) => MemoryVersion[] {
  return ({ tenant, storeId, filter, after, limit }) => {
    const { memoryId, operation, actorId, createdFrom, createdTo } = filter;
    const values: (string | number)[] = [tenant, storeId];
    if (memoryId !== null) values.push(memoryId);
    const where: string[] = [];
    const add = (condition: string, value: string | number | null) => {
      if (value === null) return;
      where.push(`AND ${condition}`);
      values.push(value);
    };
    add("v.operation = ?", operation);
    add("v.actor_id = ?", actorId);
    add("v.created_at >= ?", createdFrom);
    add("v.created_at <= ?", createdTo);
    if (after !== null) {
      where.push("AND (r.number, v.number) < (?, ?)");
      values.push(after.revision, after.number);
    }
    const text = `SELECT ${versionColumns} FROM ${memoryId === null ? revisionWalk : memoryWalk} ${where.join(" ")}
      ORDER BY r.number DESC, v.number DESC LIMIT ?`;
    return db
      .sql(text)
      .all(...values, limit)
      .map(versionFromRow);
  };
}
