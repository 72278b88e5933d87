/** Every statement of the adapter must find its rows by an index, in the order asked for. */
import { describe, expect, test } from "vitest";
import { aDream, aSession, someAttemptIds } from "../../../test/support/factories.ts";
import { createSystemClock } from "../system/clock.ts";
import { type Database, openDatabase } from "./database.ts";
import { createSqliteDreamStore } from "./dream-store.ts";
import { createSqliteMemoryStores } from "./memory-store.ts";
import { migrate } from "./migrations.ts";
import { createSqliteOutbox } from "./outbox.ts";
import { createSqliteSessionStore } from "./session-store.ts";

describe("query plans", () => {
  test("no statement walks a whole table or sorts", async () => {
    const db = openDatabase({ clock: createSystemClock() }, ":memory:");
    migrate(db);
    const texts = new Set<string>();
    await useEverything({
      ...db,
      sql: (text) => {
        texts.add(text);
        return db.sql(text);
      },
    });
    expect(texts.size).toBeGreaterThan(60);
    for (const text of texts) {
      const plan = db.sql(`EXPLAIN QUERY PLAN ${text}`).all(...placeholders(text));
      for (const { detail } of plan) expect(`${detail} in ${text}`).not.toMatch(badStep);
    }
    db.close();
  });

  test("the hot reads use the index made for them", () => {
    const db = openDatabase({ clock: createSystemClock() }, ":memory:");
    migrate(db);
    const texts: string[] = [];
    const recorded: Database = {
      ...db,
      sql: (text) => {
        texts.push(text);
        return db.sql(text);
      },
    };
    createSqliteDreamStore(recorded);
    createSqliteOutbox(recorded);
    const planOf = (part: string) => {
      const text = texts.find((candidate) => candidate.includes(part)) ?? "";
      return db
        .sql(`EXPLAIN QUERY PLAN ${text}`)
        .all(...placeholders(text))
        .map((step) => step.detail)
        .join("; ");
    };
    expect(planOf("ORDER BY claim_key")).toMatch(/INDEX dream_claimable/);
    expect(planOf("ORDER BY not_before LIMIT 1")).toMatch(/SEARCH dream USING COVERING INDEX dream_due/);
    expect(planOf("ORDER BY id LIMIT")).toMatch(/SEARCH dream USING INDEX dream_running/);
    expect(planOf("ORDER BY unsent_since")).toMatch(/INDEX dream_unsent/);
    db.close();
  });
});

// The one-row table of the claim floor may be read whole; a walk of an index in its order, too.
const badStep = /^(SCAN (?!claim_floor|CONSTANT ROW)(?!\S+ USING (COVERING )?INDEX)|USE TEMP B-TREE)/;

function placeholders(text: string): null[] {
  return Array.from(text.matchAll(/\?/g), () => null);
}

/** Makes the adapter prepare all its statements, each shape of a list too. */
async function useEverything(db: Database): Promise<void> {
  const dreams = createSqliteDreamStore(db);
  const memories = createSqliteMemoryStores(db);
  const sessions = createSqliteSessionStore(db);
  createSqliteOutbox(db);
  await dreams.create(aDream());
  await dreams.claim({ now: 1, workerId: "w", limit: 1, makeIds: someAttemptIds, accepts: () => true });
  await sessions.create(aSession());
  const yesNo = [true, false];
  for (const after of [null, { createdAt: 1, id: "x" }]) {
    const page = { tenant: "acme", after, limit: 10 };
    for (const includeArchived of yesNo) {
      await memories.list({ ...page, includeArchived });
      for (const bound of [null, 1]) {
        for (const memoryStoreId of [null, "m"]) {
          for (const statuses of [[], ["pending"], ["pending", "failed"]] as const) {
            const bounds = { createdAfter: bound, createdBefore: bound };
            await dreams.list({ ...page, filter: { statuses, includeArchived, memoryStoreId, ...bounds } });
          }
        }
      }
      for (const workspaceId of [null, "w"]) {
        for (const agentId of [null, "a"]) {
          for (const memoryStoreId of [null, "m"]) {
            for (const tag of [null, "t"]) {
              const filter = {
                kind: "conversation",
                includeArchived,
                workspaceId,
                agentId,
                memoryStoreId,
                tag,
              } as const;
              await sessions.list({ ...page, filter });
            }
          }
        }
      }
    }
  }
}
