import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aContent, aDream, aSession, aSessionEvent, aStore } from "../../../test/support/factories.ts";
import { createSystemClock } from "../system/clock.ts";
import { findFolderOwner, folderError } from "./lock.ts";
import { openSqliteStorage } from "./storage.ts";

const clock = createSystemClock();

describe("a data folder", () => {
  let root: string;
  let dir: string;
  let child: ChildProcess | null = null;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "reveried-"));
    dir = join(root, "new", ".reveried");
  });

  afterEach(() => {
    child?.kill("SIGKILL");
    child = null;
    rmSync(root, { recursive: true });
  });

  const open = () => openSqliteStorage({ clock }, { dir });

  test("is made, and keeps everything from one opening to the next", async () => {
    const dream = aDream({ holds: ["once:acme:1"] });
    const store = aStore();
    const session = aSession();
    const event = aSessionEvent();
    {
      await using storage = await open();
      await storage.dreams.create(dream);
      await storage.memories.create(store);
      await storage.memories.putContents({ tenant: "acme", contents: [aContent("kept")], now: 1 });
      await storage.sessions.create(session);
      await storage.sessions.append({ tenant: "acme", sessionId: session.id, events: [event], now: 1 });
    }
    await using storage = await open();
    expect(await storage.dreams.get(dream)).toStrictEqual(dream);
    expect(await storage.dreams.create(aDream({ holds: ["once:acme:1"] }))).toMatchObject({
      outcome: "held",
    });
    expect(await storage.memories.get(store)).toStrictEqual(store);
    const hashes = [aContent("kept").hash];
    expect((await storage.memories.getContents({ tenant: "acme", hashes })).size).toBe(1);
    expect(await storage.sessions.get(session)).toMatchObject({ lastEvent: 1 });
  });

  test("has one owner, who is named to the second, and is free once closed", async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringContaining(`data folder ${dir} is in use by process ${process.pid};`),
    });
    first.announce("http://127.0.0.1:4600");
    await expect(open()).rejects.toThrow("it serves http://127.0.0.1:4600");
    expect(findFolderOwner(dir)).toEqual({ pid: process.pid, url: "http://127.0.0.1:4600" });
    await first.close();
    await first.close();
    expect(findFolderOwner(dir)).toBeNull();
    await using second = await open();
    await second.dreams.check();
  });

  test("of a process that was killed is free, and what was answered is there", async () => {
    const dream = aDream();
    child = await startOwner(dir, JSON.stringify(dream));
    expect(findFolderOwner(dir)).toEqual({ pid: child.pid, url: "http://child" });
    await expect(open()).rejects.toThrow(`in use by process ${child.pid} (it serves http://child)`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(findFolderOwner(dir)).toBeNull();
    await using storage = await open();
    expect(await storage.dreams.get(dream)).toStrictEqual(dream);
  });

  test("that nobody ever used has no owner and is not made by asking", () => {
    expect(findFolderOwner(dir)).toBeNull();
    expect(findFolderOwner(root)).toBeNull();
  });

  test("that is a file, or lies in one, is refused in one line", async () => {
    writeFileSync(join(root, "new"), "");
    const refusal = {
      kind: "failed_precondition",
      message: expect.stringMatching(/^data folder .* is not a folder; choose/),
    };
    await expect(open()).rejects.toMatchObject(refusal);
    const file = openSqliteStorage({ clock }, { dir: join(root, "new") });
    await expect(file).rejects.toMatchObject(refusal);
  });

  test("that cannot be written is refused with the reason", () => {
    const reasons = { EACCES: "cannot be written by this user", EROFS: "is on a read-only disk" };
    for (const [code, reason] of Object.entries(reasons)) {
      const refused = folderError("/data", Object.assign(new Error(code), { code }));
      expect(refused).toMatchObject({
        kind: "failed_precondition",
        message: `data folder /data ${reason}; choose another with REVERIED_DATA_DIR`,
      });
    }
  });

  test("of a newer reveried is refused and left as it is", async () => {
    const storage = await open();
    const version = storage.migrated.to;
    await storage.close();
    edit("PRAGMA user_version = 999");
    await expect(open()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringContaining("written by a newer reveried (data version 999"),
    });
    edit(`PRAGMA user_version = ${version}`);
    await (await open()).close();
  });

  test("with a foreign file in the database's place is refused, and the file left as it is", async () => {
    mkdirSync(dir, { recursive: true });
    edit("CREATE TABLE recipe (name TEXT); PRAGMA user_version = 1");
    const bytes = readFileSync(join(dir, "reveried.db"));
    const refusal = {
      kind: "failed_precondition",
      message: expect.stringContaining("reveried.db is not a database of reveried; move it away"),
    };
    await expect(open()).rejects.toMatchObject(refusal);
    expect(readFileSync(join(dir, "reveried.db"))).toEqual(bytes);
    writeFileSync(join(dir, "reveried.db"), "Dear diary, ".repeat(500));
    await expect(open()).rejects.toMatchObject(refusal);
    expect(findFolderOwner(dir)).toBeNull();
  });

  function edit(sql: string): void {
    const connection = new DatabaseSync(join(dir, "reveried.db"));
    connection.exec(sql);
    connection.close();
  }
});

/** Starts a process that owns the folder and has stored the dream. */
async function startOwner(dir: string, dream: string): Promise<ChildProcess> {
  const source = `
    import { openSqliteStorage } from ${JSON.stringify(new URL("./storage.ts", import.meta.url).href)};
    import { createSystemClock } from ${JSON.stringify(new URL("../system/clock.ts", import.meta.url).href)};
    const storage = await openSqliteStorage({ clock: createSystemClock() }, { dir: process.argv[1] });
    storage.announce("http://child");
    await storage.dreams.create(JSON.parse(process.argv[2]));
    console.log("ready");
    process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source, dir, dream], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => {
      throw new Error("the owner ended before it was ready");
    }),
  ]);
  return child;
}
