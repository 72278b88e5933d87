import type { Session } from "../../core/session.ts";
import type { SessionStore } from "../../ports/session-store.ts";
import type { Database } from "./database.ts";
import { sessionColumns, sessionFromRow } from "./rows.ts";

type ListQuery = Parameters<SessionStore["list"]>[0];

/** What a list walks in order; the filters that it does not serve are checked row by row. */
interface Walk {
  readonly from: string;
  readonly where: string;
  readonly values: readonly string[];
  /** The columns of time and id that give the order. */
  readonly time: string;
  readonly id: string;
}

export function createSessionList(db: Database): (query: ListQuery) => Session[] {
  return (query) => {
    const { tenant, filter, after, limit } = query;
    const walk = walkFor(query);
    const where = [walk.where, "s.kind = ?", "s.deleted = 0"];
    const values: (string | number)[] = [...walk.values, filter.kind];
    if (!filter.includeArchived) where.push("s.archived_at IS NULL");
    if (filter.workspaceId !== null) {
      where.push("s.workspace_id = ?");
      values.push(filter.workspaceId);
    }
    if (filter.agentId !== null) {
      where.push("s.agent_id = ?");
      values.push(filter.agentId);
    }
    if (filter.tag !== null && filter.memoryStoreId !== null) {
      where.push(
        `EXISTS (SELECT 1 FROM session_label t WHERE t.tenant = ? AND t.kind = 'tag' AND t.label = ?
           AND t.created_at = s.created_at AND t.session_id = s.id)`,
      );
      values.push(tenant, filter.tag);
    }
    if (after !== null) {
      where.push(`(${walk.time}, ${walk.id}) < (?, ?)`);
      values.push(after.createdAt, after.id);
    }
    const text = `SELECT ${sessionColumns} FROM ${walk.from} WHERE ${where.join(" AND ")}
      ORDER BY ${walk.time} DESC, ${walk.id} DESC LIMIT ?`;
    return db
      .sql(text)
      .all(...values, limit)
      .map(sessionFromRow);
  };
}

/** Picks the index: the narrowest filter there is. */
function walkFor({ tenant, filter }: ListQuery): Walk {
  const [kind, label] = filter.memoryStoreId !== null ? ["store", filter.memoryStoreId] : ["tag", filter.tag];
  if (label !== null) {
    return {
      // CROSS JOIN keeps the planner from turning the walk around, which would leave it to sort.
      from: "session_label l CROSS JOIN session s ON s.session_key = l.session_key",
      where: `l.tenant = ? AND l.kind = '${kind}' AND l.label = ?`,
      values: [tenant, label],
      time: "l.created_at",
      id: "l.session_id",
    };
  }
  const index =
    filter.workspaceId !== null
      ? "session_by_workspace"
      : filter.agentId !== null
        ? "session_by_agent"
        : "session_by_time";
  return {
    from: `session s INDEXED BY ${index}`,
    where: "s.tenant = ?",
    values: [tenant],
    time: "s.created_at",
    id: "s.id",
  };
}
