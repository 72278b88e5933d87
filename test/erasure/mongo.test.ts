import { MongoClient } from "mongodb";
import { test } from "vitest";
import { createApp, createSystemDeps } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { expectErased } from "./erased.ts";

await describeWith(["mongodb"], "MongoDB", ([url]) => {
  test("when an erasure answers, no document of the database has a word of it", async () => {
    const name = freshName();
    const client = await MongoClient.connect(url);
    try {
      const config = readConfig({ "mongodb-url": url, "mongodb-database": name, port: "0" }, {});
      await using app = await createApp(createSystemDeps("silent"), config);
      await app.start();
      await expectErased(app.useCases, async () => {
        const collections = await client.db(name).collections();
        const all = await Promise.all(collections.map((collection) => collection.find().toArray()));
        return JSON.stringify(all);
      });
    } finally {
      await client.db(name).dropDatabase();
      await client.close();
    }
  }, 120_000);
});
