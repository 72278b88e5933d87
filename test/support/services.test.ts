import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MongoClient } from "mongodb";
import { connect } from "nats";
import { expect, test, vi } from "vitest";
import { freePort, startMongo, startNats } from "./services.ts";
import { describeWith, freshName } from "./with-services.ts";

// Without the journal, SecantusDB as mongod may lose the last writes of a killed process.
const journaled = { writeConcern: { w: "majority", journal: true } } as const;

await describeWith(["mongodb", "nats"], "the run's servers", (urls) => {
  const [mongoUrl, natsUrl] = urls;

  test("the document server stores a document", async () => {
    const client = await MongoClient.connect(mongoUrl);
    try {
      const collection = client.db(freshName()).collection("things");
      await collection.insertOne({ name: "one" });
      expect(await collection.countDocuments()).toBe(1);
      await collection.drop();
    } finally {
      await client.close();
    }
  });

  test("the bus has JetStream on", async () => {
    const connection = await connect({ servers: natsUrl });
    try {
      const info = await (await connection.jetstreamManager()).getAccountInfo();
      expect(info.limits).toBeDefined();
    } finally {
      await connection.close();
    }
  });

  test("a killed document server comes back with its data on the same port", async () => {
    const first = await startMongo();
    try {
      const client = await MongoClient.connect(first.url);
      await client.db("d").collection("things").insertOne({ name: "one" }, journaled);
      await first.kill();
      await client.close();
      expect(isAlive(first.pid)).toBe(false);
      const second = await startMongo({ port: first.port, dataDir: first.dataDir });
      try {
        const again = await MongoClient.connect(second.url);
        expect(await again.db("d").collection("things").countDocuments()).toBe(1);
        await again.close();
      } finally {
        await second.stop();
      }
    } finally {
      await first.stop();
    }
  });

  test("a bus that was stopped is gone, and its port is free again", async () => {
    const port = await freePort();
    const first = await startNats({ port });
    await first.stop();
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await startNats({ port });
    expect(second.url).toBe(first.url);
    await second.stop();
  });
});

test("a server whose test was killed does not outlive it", async ({ skip }) => {
  const services = fileURLToPath(new URL("services.ts", import.meta.url));
  const script = `import { startNats } from ${JSON.stringify(services)};
    console.log(JSON.stringify(await startNats().catch((error) => ({ missing: error.message }))));
    setInterval(() => {}, 1_000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = await once(owner.stdout, "data");
    const { pid, dataDir, missing } = JSON.parse(String(line));
    if (missing !== undefined) skip(missing);
    expect(isAlive(pid)).toBe(true);
    owner.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid) || existsSync(dataDir)).toBe(false), 5_000);
  } finally {
    owner.kill("SIGKILL");
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
