import type { Outbox } from "../../ports/outbox.ts";
import type { Database } from "./database.ts";
import { dreamColumns, dreamFromRow } from "./rows.ts";

export function createSqliteOutbox(db: Database): Outbox {
  // Waiting is ordered by the events' own times but not bounded by `now`: a clock that was ahead when an event was
  // made must not hold it back.
  const unsent = db.sql(
    `SELECT ${dreamColumns} FROM dream WHERE unsent_since IS NOT NULL AND parked_until <= ?
     ORDER BY unsent_since LIMIT ?`,
  );
  const mark = db.sql(
    `UPDATE dream SET
       published_to = min(?, seq),
       parked_until = 0,
       unsent_since = CASE WHEN ? >= seq THEN NULL
         ELSE json_extract(state, '$.events[' || CAST(? AS INTEGER) || '].at') END
     WHERE tenant = ? AND id = ? AND published_to < ?`,
  );
  const park = db.sql(
    "UPDATE dream SET parked_until = ? WHERE tenant = ? AND id = ? AND unsent_since IS NOT NULL",
  );

  return {
    takeUnsent: ({ now, limit }) => db.read(() => unsent.all(now, limit).map(dreamFromRow)),
    markPublished: ({ tenant, id, upTo }) =>
      db.write(() => void mark.run(upTo, upTo, upTo, tenant, id, upTo)),
    park: ({ tenant, id, until }) => db.write(() => void park.run(until, tenant, id)),
  };
}
