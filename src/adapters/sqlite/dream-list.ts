import type { Dream } from "../../core/dream.ts";
import type { DreamFilter, DreamStore } from "../../ports/dream-store.ts";
import type { Database } from "./database.ts";
import { dreamColumns, dreamFromRow } from "./rows.ts";

type ListQuery = Parameters<DreamStore["list"]>[0];

/** The list of `DreamStore`. Several statuses are one walk of the index each, merged: one query would have to sort. */
export function createDreamList(db: Database): (query: ListQuery) => Dream[] {
  return (query) => {
    const { statuses, memoryStoreId } = query.filter;
    if (statuses.length === 0 || memoryStoreId !== null) return select(db, query, query.filter);
    const walks = [...new Set(statuses)].map((status) =>
      select(db, query, { ...query.filter, statuses: [status] }),
    );
    if (walks.length === 1) return walks[0] ?? [];
    return walks.flat().toSorted(newestFirst).slice(0, query.limit);
  };
}

function select(db: Database, { tenant, after, limit }: ListQuery, filter: DreamFilter): Dream[] {
  const where = ["tenant = ?"];
  const values: (string | number)[] = [tenant];
  if (filter.memoryStoreId !== null) {
    where.push("memory_store_id = ?");
    values.push(filter.memoryStoreId);
  }
  const [only, ...more] = filter.statuses;
  if (only !== undefined) {
    where.push(`status IN (?${", ?".repeat(more.length)})`);
    values.push(...filter.statuses);
  }
  if (!filter.includeArchived) where.push("archived_at IS NULL");
  if (filter.createdAfter !== null) {
    where.push("created_at > ?");
    values.push(filter.createdAfter);
  }
  if (filter.createdBefore !== null) {
    where.push("created_at < ?");
    values.push(filter.createdBefore);
  }
  if (after !== null) {
    where.push("(created_at, id) < (?, ?)");
    values.push(after.createdAt, after.id);
  }
  const index =
    filter.memoryStoreId !== null
      ? "dream_by_store"
      : only !== undefined
        ? "dream_by_status"
        : "dream_by_time";
  // The index is named because the planner, without statistics, sometimes prefers one that leaves it to sort.
  const text = `SELECT ${dreamColumns} FROM dream INDEXED BY ${index} WHERE ${where.join(" AND ")}
    ORDER BY created_at DESC, id DESC LIMIT ?`;
  return db
    .sql(text)
    .all(...values, limit)
    .map(dreamFromRow);
}

function newestFirst(a: Dream, b: Dream): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}
