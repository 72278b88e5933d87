import { MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { freePort } from "../../../test/support/services.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import { createSystemClock } from "../system/clock.ts";
import { indexes } from "./indexes.ts";
import { schemaVersion } from "./migrations.ts";
import { openMongoStorage } from "./storage.ts";

const clock = createSystemClock();

test("a URL that is none is named without showing it", async () => {
  for (const url of [
    "mongo://ann:secret@host",
    "mongodb://ann:secret@:x/",
    "mongodb://ann:se/cret@host",
    "",
  ]) {
    const opened = openMongoStorage({ clock }, { url, database: "d" });
    const error = await opened.then(
      () => new Error("opened"),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ kind: "invalid_argument" });
    expect(error.message).toContain("REVERIED_MONGODB_URL");
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toMatch(/secret|se\/cret/);
  }
});

test("a server that is not there is named with its port, without the credentials, in one line", async () => {
  const port = await freePort();
  // What the URL says about time is kept, so the test need not wait for the usual five seconds.
  const url = `mongodb://ann:secret@127.0.0.1:${port}/?serverSelectionTimeoutMS=100`;
  const error = await openMongoStorage({ clock }, { url, database: "d" }).then(
    () => new Error("opened"),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ kind: "unavailable" });
  expect(error.message).toMatch(
    new RegExp(`cannot reach MongoDB at 127.0.0.1:${port}.*REVERIED_MONGODB_URL$`),
  );
  expect(`${error.message} ${String(error.cause)}`).not.toContain("secret");
});

test("an option that the URL misspells is named", async () => {
  const url = "mongodb://ann:secret@host/?replicaSt=rs0";
  await expect(openMongoStorage({ clock }, { url, database: "d" })).rejects.toMatchObject({
    kind: "invalid_argument",
    message: expect.stringMatching(/REVERIED_MONGODB_URL.*replicast/i),
  });
});

await describeWith(["mongodb"], "MongoDB storage", ([url]) => {
  /** A client and a fresh database of this test, dropped at its end. */
  async function fresh() {
    const client = await MongoClient.connect(url);
    const db = client.db(freshName());
    return {
      db,
      open: () => openMongoStorage({ clock }, { url, database: db.databaseName }),
      async [Symbol.asyncDispose]() {
        await db.dropDatabase();
        await client.close();
      },
    };
  }

  test("many that start at once all start, and every index is there once", async () => {
    await using database = await fresh();
    const opened = await Promise.all(Array.from({ length: 6 }, () => database.open()));
    for (const storage of opened) expect(await storage.dreams.check()).toBeUndefined();
    await Promise.all(opened.map((storage) => storage.close()));
    for (const [name, wanted] of Object.entries(indexes)) {
      const found = await database.db.collection(name).indexes();
      const names = found.map((index) => index.name).toSorted();
      expect(names).toEqual([...wanted.map((index) => index.name), "_id_"].toSorted());
    }
    expect(await database.db.collection("meta").find().toArray()).toEqual([
      { _id: "schema", version: schemaVersion },
    ]);
    expect(await database.db.collection("dreams").countDocuments()).toBe(0);
  });

  test("data of a newer version is left alone, and the message says what to do", async () => {
    await using database = await fresh();
    const meta = database.db.collection<{ _id: string; version: number }>("meta");
    await meta.insertOne({ _id: "schema", version: schemaVersion + 1 });
    await expect(database.open()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringMatching(/schema version 3.*run the newer reveried/),
    });
    expect(await database.db.listCollections().toArray()).toHaveLength(1);
  });

  test("refused credentials are told without showing them", async () => {
    const withUser = url.replace("mongodb://", "mongodb://ann:secret@");
    const error = await openMongoStorage({ clock }, { url: withUser, database: freshName() }).then(
      () => new Error("opened"),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ kind: "failed_precondition" });
    expect(error.message).toMatch(/refuses the credentials in REVERIED_MONGODB_URL/);
    expect(`${error.message} ${String(error.cause)}`).not.toContain("secret");
  });

  test("an index of the same name that differs is told, and nothing is served", async () => {
    await using database = await fresh();
    await database.db.collection("dreams").createIndex({ model: 1 }, { name: "newest" });
    await expect(database.open()).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringMatching(/REVERIED_MONGODB_URL.*newest/),
    });
  });

  test("a closed storage is unavailable, and closes twice", async () => {
    await using database = await fresh();
    const storage = await database.open();
    await storage.close();
    await storage.close();
    await expect(storage.dreams.check()).rejects.toMatchObject({ kind: "unavailable" });
  });
});
