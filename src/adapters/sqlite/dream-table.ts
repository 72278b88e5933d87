/** Reads and guarded writes of one dream with its holds; called inside a write of the queue. */
import type { Dream } from "../../core/dream.ts";
import { assertSound } from "../../core/dream-transitions.ts";
import type { Database } from "./database.ts";
import { claimableFrom, dreamColumns, dreamFromRow, liveFromRow, stateText } from "./rows.ts";

// A tenant's place is behind its own last and not before what was claimed already, so that a tenant who comes late
// neither waits behind another's backlog nor overtakes all of it.
const nextPlaceSql = `
  INSERT INTO claim_place (tenant, last) VALUES (?, (SELECT floor FROM claim_floor) + 1)
  ON CONFLICT (tenant) DO UPDATE SET last = max(last + 1, excluded.last) RETURNING last`;

const insertSql = `
  INSERT INTO dream (tenant, id, status, seq, revision, fence, created_at, archived_at, memory_store_id, origin,
    claim_key, not_before, unsent_since, beat, published_to, progress, usage, state)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

// A dream that waits to be published keeps its place; a parked one stays parked.
const replaceSql = `
  UPDATE dream SET status = ?, seq = ?, revision = ?, fence = ?, archived_at = ?, not_before = ?, state = ?,
    unsent_since = CASE WHEN published_to >= ? THEN NULL ELSE coalesce(unsent_since, ?) END
  WHERE tenant = ? AND id = ? AND status = ? AND seq = ? AND revision = ? AND fence = ?`;
const replacedLive = "RETURNING beat, published_to, progress, usage";

export interface DreamTable {
  find(key: { readonly tenant: string; readonly id: string }): Dream | null;
  findByOrigin(tenant: string, origin: string): Dream | null;
  /** The dream that holds the key, by id, or null. */
  holder(tenant: string, key: string): string | null;
  /** The first of these keys that another dream holds, or null. */
  busyHold(dream: Dream, keys: readonly string[]): string | null;
  /** Writes the dream with its holds, which must be free; false when its id or origin is there already. */
  insert(dream: Dream): boolean;
  /**
   * Writes `next` over `read` under the guard of `DreamStore.save`, and its holds, which must be free. Answers with
   * the dream as it is stored now, or null when the guard did not match and nothing was written.
   */
  replace(read: Dream, next: Dream, guardBeat: boolean): Dream | null;
}

export function createDreamTable(db: Database): DreamTable {
  const byId = db.sql(`SELECT ${dreamColumns} FROM dream WHERE tenant = ? AND id = ?`);
  const byOrigin = db.sql(`SELECT ${dreamColumns} FROM dream WHERE tenant = ? AND origin = ?`);
  const holdByKey = db.sql("SELECT dream_id FROM hold WHERE tenant = ? AND key = ?");
  const takeHold = db.sql("INSERT INTO hold (tenant, key, dream_id) VALUES (?, ?, ?)");
  const freeHold = db.sql("DELETE FROM hold WHERE tenant = ? AND key = ? AND dream_id = ?");
  const nextPlace = db.sql(nextPlaceSql);
  const insertDream = db.sql(insertSql);
  const replaceDream = db.sql(`${replaceSql} ${replacedLive}`);
  const replaceStillDream = db.sql(`${replaceSql} AND beat = ? ${replacedLive}`);

  function holder(tenant: string, key: string): string | null {
    const row = holdByKey.get(tenant, key);
    return row === undefined ? null : String(row.dream_id);
  }

  return {
    find({ tenant, id }) {
      const row = byId.get(tenant, id);
      return row === undefined ? null : dreamFromRow(row);
    },

    findByOrigin(tenant, origin) {
      const row = byOrigin.get(tenant, origin);
      return row === undefined ? null : dreamFromRow(row);
    },

    holder,

    busyHold(dream, keys) {
      for (const key of keys) {
        const by = holder(dream.tenant, key);
        if (by !== null && by !== dream.id) return key;
      }
      return null;
    },

    insert(dream) {
      assertSound(dream);
      const { tenant, id, live } = dream;
      const claimKey = Number(nextPlace.get(tenant)?.last);
      const { changes } = insertDream.run(
        ...[tenant, id, dream.status, dream.seq, dream.revision, dream.fence],
        ...[dream.createdAt, dream.archivedAt, dream.inputs.memoryStoreId, dream.origin, claimKey],
        ...[claimableFrom(dream), dream.events[live.publishedTo]?.at ?? null, live.beat, live.publishedTo],
        live.progress === null ? null : JSON.stringify(live.progress),
        ...[JSON.stringify(live.usageByAttempt), stateText(dream)],
      );
      if (changes === 0) return false;
      for (const key of dream.holds) takeHold.run(tenant, key, id);
      return true;
    },

    replace(read, next, guardBeat) {
      assertSound(next);
      const { tenant, id } = read;
      const values = [
        ...[next.status, next.seq, next.revision, next.fence, next.archivedAt, claimableFrom(next)],
        ...[stateText(next), next.seq, next.events.at(-1)?.at ?? null],
        ...[tenant, id, read.status, read.seq, read.revision, read.fence],
      ];
      const row = guardBeat ? replaceStillDream.get(...values, read.live.beat) : replaceDream.get(...values);
      if (row === undefined) return null;
      for (const key of read.holds) if (!next.holds.includes(key)) freeHold.run(tenant, key, id);
      for (const key of next.holds) if (!read.holds.includes(key)) takeHold.run(tenant, key, id);
      return { ...next, live: liveFromRow(row) };
    },
  };
}
