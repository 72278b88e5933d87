/** Every statement of the adapter must find its rows by an index, in the order asked for. */
import { describe, expect, test } from "vitest";
import { aDream, aSession, aStore, someAttemptIds } from "../../../test/support/factories.ts";
import { createSystemClock } from "../system/clock.ts";
import { type Database, openDatabase } from "./database.ts";
import { createSqliteDreamStore } from "./dream-store.ts";
import { createSqliteMemoryStores } from "./memory-store.ts";
import { migrate } from "./migrations.ts";
import { createSqliteOutbox } from "./outbox.ts";
import { createSqliteRestore } from "./restore.ts";
import { createSqliteSessionStore } from "./session-store.ts";
import { createSqliteSweep } from "./sweep.ts";

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
    expect(texts.size).toBeGreaterThan(200);
    for (const text of texts) {
      const plan = db.sql(`EXPLAIN QUERY PLAN ${text}`).all(...placeholders(text));
      const isSorted = sorted.some((walk) => text.includes(walk));
      for (const { detail } of plan) {
        if (!isSorted || detail !== "USE TEMP B-TREE FOR ORDER BY") {
          expect(`${detail} in ${text}`).not.toMatch(badStep);
        }
      }
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
    createSqliteMemoryStores(recorded);
    createSqliteSessionStore(recorded);
    createSqliteSweep(recorded);
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
    expect(planOf("count(*) AS stores")).toMatch(/COVERING INDEX memory_store_by_time/);
    expect(planOf("count(*) AS sessions")).toMatch(/COVERING INDEX session_by_time/);
    expect(planOf("v.content_hash = ?")).toMatch(/INDEX memory_version_by_content/);
    expect(planOf("hash, touched_at FROM content")).toMatch(/COVERING INDEX content_by_touch .*hash>/);
    expect(planOf("FROM store_revision INDEXED BY store_revision_by_time")).toMatch(/at>/);
    expect(planOf("DELETE FROM store_revision")).toMatch(/COVERING INDEX store_revision_empty .*at</);
    expect(planOf("SELECT tenant FROM content")).toMatch(/COVERING INDEX content_by_.* \(tenant>/);
    db.close();
  });
});

// The one-row table of the claim floor may be read whole; what another step of the plan answers and a walk of an index
// in its order, too.
const badStep =
  /^(SCAN (?!claim_floor|CONSTANT ROW|\(subquery)(?!\S+ USING (COVERING )?INDEX)|USE TEMP B-TREE)/;

// The versions of one memory are few, and only their revisions know their order.
const sorted = ["INDEXED BY memory_version_by_memory"];

function placeholders(text: string): null[] {
  return Array.from(text.matchAll(/\?/g), () => null);
}

/** Makes the adapter prepare all its statements, each shape of a list too. */
async function useEverything(db: Database): Promise<void> {
  const dreams = createSqliteDreamStore(db);
  const memories = createSqliteMemoryStores(db);
  const sessions = createSqliteSessionStore(db);
  createSqliteSweep(db);
  createSqliteRestore(db);
  createSqliteOutbox(db);
  await dreams.create(aDream());
  await dreams.claim({ now: 1, workerId: "w", limit: 1, makeIds: someAttemptIds, accepts: () => true });
  await sessions.create(aSession());
  const store = aStore();
  await memories.create(store);
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
  for (const memoryId of [null, "m"]) {
    for (const after of [null, { revision: 2, number: 1 }]) {
      for (const bound of [null, 1]) {
        for (const operation of [null, "created"] as const) {
          const actorId = bound === null ? null : "key_1";
          const filter = { memoryId, operation, actorId, createdFrom: bound, createdTo: bound };
          await memories.listVersions({ tenant: "acme", storeId: store.id, filter, after, limit: 10 });
        }
      }
    }
  }
}
