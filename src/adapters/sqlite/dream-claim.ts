import assert from "node:assert";
import type { Dream, PendingDream, RunningDream } from "../../core/dream.ts";
import { applyMove } from "../../core/dream-transitions.ts";
import { limits } from "../../core/limits.ts";
import type { ClaimRequest } from "../../ports/dream-store.ts";
import type { Database } from "./database.ts";
import type { DreamTable } from "./dream-table.ts";
import { dreamColumns, dreamFromRow } from "./rows.ts";

/** Read beyond the limit, so that a few dreams that are refused or must wait do not cost another query. */
const spareCandidates = 8;

/** The claim of `DreamStore`; must run inside a write, where nobody else writes. */
export function createDreamClaim(db: Database, table: DreamTable): (request: ClaimRequest) => RunningDream[] {
  const candidates = db.sql(
    `SELECT claim_key, ${dreamColumns} FROM dream WHERE not_before <= ?
     ORDER BY claim_key, not_before LIMIT ? OFFSET ?`,
  );
  const raiseFloor = db.sql("UPDATE claim_floor SET floor = max(floor, ?)");

  return (request) => {
    const claimed: RunningDream[] = [];
    let refused = 0;
    let floor = 0;
    for (;;) {
      const pageSize = request.limit - claimed.length + spareCandidates;
      const rows = candidates.all(request.now, pageSize, refused);
      for (const row of rows) {
        if (claimed.length >= request.limit) break;
        const dream = dreamFromRow(row);
        if (!request.accepts(dream)) {
          // It stays among the candidates; those claimed and pushed do not.
          refused += 1;
          continue;
        }
        const running = claimOne(table, dream, request);
        if (running === null) continue;
        claimed.push(running);
        floor = Math.max(floor, Number(row.claim_key));
      }
      if (claimed.length >= request.limit || rows.length < pageSize) break;
    }
    if (claimed.length > 0) raiseFloor.run(floor);
    return claimed;
  };
}

/** Claims the dream, or pushes it and answers null when a hold it wants is taken. */
function claimOne(table: DreamTable, dream: Dream, request: ClaimRequest): RunningDream | null {
  const busy = table.busyHold(dream, dream.wants);
  const next = busy === null ? claimMove(dream, request) : pushed(dream, request.now);
  const stored = table.replace(dream, next, false);
  assert(stored !== null, `dream ${dream.id} changed while it was claimed`);
  return stored.status === "running" ? stored : null;
}

function claimMove(dream: Dream, { now, workerId, makeIds }: ClaimRequest): Dream {
  return applyMove(dream, { name: "claim", now, workerId, ids: dream.ids ?? makeIds(dream) });
}

function pushed(dream: Dream, now: number): PendingDream {
  assert(dream.status === "pending", `dream ${dream.id} is ${dream.status} and cannot wait`);
  return {
    ...dream,
    revision: dream.revision + 1,
    notBefore: now + limits.holdBusyRetryMs,
    waitReason: "another dream is at work on the same memory store",
  };
}
