import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../../ports/clock.ts";
import { configureDatabase, type Database, openDatabase } from "./database.ts";

interface Turns {
  readonly clock: Clock;
  /** Turns asked for and not ended yet. */
  waiting(): number;
  end(): void;
}

/** A clock whose turns of the event loop end when the test says so. */
function createTurns(): Turns {
  const ends: (() => void)[] = [];
  return {
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: () => Promise.resolve(),
      nextTurn: () => new Promise((resolve) => ends.push(resolve)),
    },
    waiting: () => ends.length,
    end: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}

describe("the write queue", () => {
  let dir: string;
  let turns: Turns;
  let db: Database;
  let other: DatabaseSync;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "reveried-"));
    turns = createTurns();
    db = openDatabase(turns, join(dir, "test.db"));
    db.execute("CREATE TABLE note (text TEXT NOT NULL UNIQUE)");
    other = new DatabaseSync(join(dir, "test.db"), { timeout: 0 });
  });

  afterEach(() => {
    other.close();
    db.close();
    rmSync(dir, { recursive: true });
  });

  const insert = (text: string) => db.write(() => db.sql("INSERT INTO note VALUES (?)").run(text).changes);
  const notes = () =>
    other
      .prepare("SELECT text FROM note ORDER BY rowid")
      .all()
      .map((row) => row.text);

  test("writes of one turn are made together when the turn ends", async () => {
    configureDatabase(db);
    const version = () => Number(other.prepare("PRAGMA data_version").get()?.data_version);
    const before = version();
    const writes = [insert("a"), insert("b"), insert("c")];
    expect(turns.waiting()).toBe(1);
    expect(notes()).toEqual([]);
    turns.end();
    expect(await Promise.all(writes)).toEqual([1, 1, 1]);
    expect(notes()).toEqual(["a", "b", "c"]);
    expect(version()).toBe(before + 1);
  });

  test("more writes than fit one transaction are made in the next turn, in order", async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`);
    const writes = Promise.all(texts.map(insert));
    turns.end();
    await Promise.resolve();
    expect(notes().length).toBeLessThan(300);
    expect(turns.waiting()).toBe(1);
    turns.end();
    await writes;
    expect(notes()).toEqual(texts);
  });

  test("an answered write is readable by others at once and durable by the settings", async () => {
    configureDatabase(db);
    const write = insert("a").then(() => expect(notes()).toEqual(["a"]));
    turns.end();
    await write;
    expect(db.sql("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
    expect(db.sql("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  });

  test("a write that throws undoes its own changes and nobody else's", async () => {
    const first = insert("a");
    const broken = db.write(() => {
      db.sql("INSERT INTO note VALUES ('half')").run();
      throw new RangeError("a bug");
    });
    const last = insert("b");
    const failed = expect(broken).rejects.toThrow(new RangeError("a bug"));
    turns.end();
    await failed;
    await Promise.all([first, last]);
    expect(notes()).toEqual(["a", "b"]);
  });

  test("a transaction that cannot begin rejects all its writes, and the next one works", async () => {
    db.execute("PRAGMA busy_timeout = 0");
    other.exec("BEGIN IMMEDIATE");
    const writes = Promise.allSettled([insert("a"), insert("b")]);
    turns.end();
    for (const result of await writes) {
      expect(result).toMatchObject({ status: "rejected", reason: { kind: "unavailable" } });
    }
    other.exec("ROLLBACK");
    const next = insert("c");
    turns.end();
    await next;
    expect(notes()).toEqual(["c"]);
  });

  test("a commit that fails rejects all its writes, and none was made", async () => {
    // Without the write-ahead log, a reader in the middle of a transaction makes the commit fail.
    db.execute("PRAGMA busy_timeout = 0");
    other.exec("BEGIN; SELECT * FROM note");
    const writes = Promise.allSettled([insert("a"), insert("b")]);
    turns.end();
    for (const result of await writes) {
      expect(result).toMatchObject({ status: "rejected", reason: { kind: "unavailable" } });
    }
    other.exec("COMMIT");
    const next = insert("c");
    turns.end();
    await next;
    expect(notes()).toEqual(["c"]);
  });

  test("a full disk is told in words, and what was answered is kept", async () => {
    const pages = Number(db.sql("PRAGMA page_count").get()?.page_count);
    db.execute(`PRAGMA max_page_count = ${pages + 3}`);
    const results = Promise.allSettled([insert("a"), insert("x".repeat(100_000)), insert("b")]);
    turns.end();
    const [first, big, last] = await results;
    expect(big).toMatchObject({
      status: "rejected",
      reason: { kind: "unavailable", message: expect.stringContaining("is full; free some space") },
    });
    const kept = [first?.status === "fulfilled" ? ["a"] : [], last?.status === "fulfilled" ? ["b"] : []];
    expect(notes()).toEqual(kept.flat());
    const next = insert("c");
    turns.end();
    expect(await next).toBe(1);
  });

  test("a purge that another program's reading bars says so, and works when that has ended", async () => {
    configureDatabase(db);
    db.execute("PRAGMA busy_timeout = 0");
    const write = insert("a");
    turns.end();
    await write;
    other.exec("BEGIN; SELECT * FROM note");
    await expect(db.purge()).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("is locked by another program"),
    });
    expect(notes()).toEqual(["a"]);
    other.exec("COMMIT");
    await db.purge();
    expect(statSync(join(dir, "test.db-wal")).size).toBe(0);
    const next = insert("b");
    turns.end();
    expect(await next).toBe(1);
    expect(db.sql("PRAGMA temp_store").get()).toEqual({ temp_store: 2 });
  });

  test("a broken constraint is a bug and stays one", async () => {
    const writes = Promise.allSettled([insert("a"), insert("a")]);
    turns.end();
    const [, second] = await writes;
    expect(second).toMatchObject({ status: "rejected", reason: { code: "ERR_SQLITE_ERROR" } });
  });

  test("closing makes the queued writes; later calls are unavailable", async () => {
    const write = insert("a");
    db.close();
    db.close();
    expect(await write).toBe(1);
    expect(notes()).toEqual(["a"]);
    turns.end();
    await expect(insert("b")).rejects.toMatchObject({ kind: "unavailable" });
    await expect(db.read(() => 1)).rejects.toMatchObject({ kind: "unavailable" });
    await expect(db.purge()).rejects.toMatchObject({ kind: "unavailable" });
  });
});
