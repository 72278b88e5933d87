import assert from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { type Dream, maxUsage, noUsage, type Usage } from "../../core/dream.ts";
import type { DreamStore, RenewRequest, RunningLease, SaveOutcome } from "../../ports/dream-store.ts";
import type { Database } from "./database.ts";
import { createDreamClaim } from "./dream-claim.ts";
import { createDreamList } from "./dream-list.ts";
import { createDreamTable, type DreamTable } from "./dream-table.ts";
import { usageFromText } from "./rows.ts";

export function createSqliteDreamStore(db: Database): DreamStore {
  const table = createDreamTable(db);
  const list = createDreamList(db);
  const claim = createDreamClaim(db, table);
  const usageOfLease = db.sql(
    "SELECT usage FROM dream WHERE tenant = ? AND id = ? AND status = 'running' AND fence = ?",
  );
  const renewLease = db.sql(
    `UPDATE dream SET beat = beat + 1, progress = coalesce(?, progress), usage = ?
     WHERE tenant = ? AND id = ? AND status = 'running' AND fence = ?`,
  );
  const running = db.sql(
    "SELECT tenant, id, fence, beat FROM dream WHERE status = 'running' AND id > ? ORDER BY id LIMIT ?",
  );
  const nextDue = db.sql(
    "SELECT not_before FROM dream WHERE not_before > 0 AND not_before > ? ORDER BY not_before LIMIT 1",
  );
  const anything = db.sql("SELECT floor FROM claim_floor");

  return {
    create: (dream) => db.write(() => create(table, dream)),
    get: (key) => db.read(() => table.find(key)),
    list: (query) => db.read(() => list(query)),
    save: (write) => db.write(() => save(table, write)),
    claim: (request) => db.write(() => claim(request)),

    renew: (request) =>
      db.write(() => {
        const { tenant, id, fence, progress } = request;
        const row = usageOfLease.get(tenant, id, fence);
        if (row === undefined) return { outcome: "fenced" };
        const usage = raisedUsage(usageFromText(String(row.usage)), request);
        const progressText = progress === null ? null : JSON.stringify(progress);
        renewLease.run(progressText, JSON.stringify(usage), tenant, id, fence);
        return { outcome: "renewed" };
      }),

    listRunning: ({ after, limit }) =>
      // The empty text sorts before every id.
      db.read(() => running.all(after ?? "", limit).map(leaseFromRow)),

    nextDue: (now) =>
      db.read(() => {
        const row = nextDue.get(now);
        return row === undefined ? null : Number(row.not_before);
      }),

    check: () => db.read(() => void anything.get()),
  };
}

function create(table: DreamTable, dream: Dream): Awaited<ReturnType<DreamStore["create"]>> {
  const key = table.busyHold(dream, dream.holds);
  if (key === null && table.insert(dream)) return { outcome: "created", dream };
  // Its own id and origin say more than a hold: a repeated call must get its dream.
  const stored = table.find(dream);
  if (stored !== null) return { outcome: "created", dream: stored };
  const sameOrigin = dream.origin === null ? null : table.findByOrigin(dream.tenant, dream.origin);
  if (sameOrigin !== null) return { outcome: "origin_exists", dream: sameOrigin };
  const holder = key === null ? null : table.holder(dream.tenant, key);
  const by = holder === null ? null : table.find({ tenant: dream.tenant, id: holder });
  assert(key !== null && by !== null, `dream ${dream.id} was refused by a hold or an origin of no dream`);
  return { outcome: "held", key, by };
}

function save(table: DreamTable, { read, next, guardBeat }: Parameters<DreamStore["save"]>[0]): SaveOutcome {
  assert(next.id === read.id && next.tenant === read.tenant, "a save writes the dream that was read");
  assert(next.revision > read.revision, "every write raises the revision, or the guard would miss it");
  const busy = table.busyHold(
    next,
    next.holds.filter((key) => !read.holds.includes(key)),
  );
  if (busy === null) {
    const dream = table.replace(read, next, guardBeat);
    if (dream !== null) return { outcome: "saved", dream };
  }
  const stored = table.find(read);
  if (stored === null) return { outcome: "stale", dream: null };
  // The answer to an earlier try may have been lost; live fields may have moved on since.
  if (isDeepStrictEqual({ ...stored, live: null }, { ...next, live: null })) {
    return { outcome: "saved", dream: stored };
  }
  if (busy !== null && stands(stored, read, guardBeat)) return { outcome: "held", key: busy };
  return { outcome: "stale", dream: stored };
}

/** The guard of `DreamStore.save`, on a dream already read. */
function stands(stored: Dream, read: Dream, guardBeat: boolean): boolean {
  return (
    stored.status === read.status &&
    stored.seq === read.seq &&
    stored.revision === read.revision &&
    stored.fence === read.fence &&
    (!guardBeat || stored.live.beat === read.live.beat)
  );
}

function raisedUsage(stored: readonly Usage[], { attempt, usage }: RenewRequest): Usage[] {
  const length = Math.max(stored.length, attempt);
  return Array.from({ length }, (_, index) => {
    const before = stored[index] ?? noUsage;
    return index === attempt - 1 ? maxUsage(before, usage) : before;
  });
}

function leaseFromRow(row: Record<string, unknown>): RunningLease {
  return {
    tenant: String(row.tenant),
    id: String(row.id),
    fence: Number(row.fence),
    beat: Number(row.beat),
  };
}
