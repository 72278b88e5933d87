import { MongoClient } from "mongodb";
import { openMongoStorage } from "../../src/adapters/mongo/storage.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { testDreamStore } from "./dream-store.ts";
import { testMemoryHistory } from "./memory-history.ts";
import { testMemoryStores } from "./memory-store.ts";
import { testOutbox } from "./outbox.ts";
import { testRestore } from "./restore.ts";
import { testSessionStore } from "./session-store.ts";
import type { StorageUnderTest } from "./storage.ts";
import { testSweep } from "./sweep.ts";

await describeWith(["mongodb"], "MongoDB", ([url]) => {
  async function make(): Promise<StorageUnderTest> {
    const database = freshName();
    const storage = await openMongoStorage({ clock: createSystemClock() }, { url, database });
    return {
      ...storage,
      async close() {
        await storage.close();
        const client = await MongoClient.connect(url);
        await client.db(database).dropDatabase();
        await client.close();
      },
    };
  }

  testDreamStore("mongo", make, { skip: [] });
  testOutbox("mongo", make, { skip: [] });
  testMemoryStores("mongo", make, { skip: [] });
  testMemoryHistory("mongo", make, { skip: [] });
  testSessionStore("mongo", make, { skip: [] });
  testSweep("mongo", make, { skip: [] });
  testRestore("mongo", make, { skip: [] });
});
