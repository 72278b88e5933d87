/** What one storage exports, another takes, and exports again as the very same lines. */
import { MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { createInprocEventBus } from "../../src/adapters/inproc/event-bus.ts";
import { openMongoStorage } from "../../src/adapters/mongo/storage.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { createSystemDigest } from "../../src/adapters/system/digest.ts";
import { createSilentLog } from "../../src/adapters/system/log.ts";
import { createSystemRandom } from "../../src/adapters/system/random.ts";
import { defaultModelRoutes } from "../../src/core/model-map.ts";
import type { ServiceDeps } from "../../src/service/deps.ts";
import { createHeads } from "../../src/service/memories/heads.ts";
import { createExportTenant } from "../../src/service/transfer/export-tenant.ts";
import { createUseCases, type UseCases } from "../../src/service/use-cases.ts";
import { setup } from "../support/bundle.ts";
import { aSessionEvent } from "../support/factories.ts";
import { fillTenant } from "../support/full-tenant.ts";
import { exportLines, importLines, kindsOf } from "../support/transfer.ts";
import { describeWith, freshName } from "../support/with-services.ts";

interface Place extends AsyncDisposable {
  readonly deps: ServiceDeps;
  readonly useCases: UseCases;
}

const principal = { tenant: "acme", keyId: null };

await describeWith(["mongodb"], "SQLite and MongoDB", ([url]) => {
  async function mongo(): Promise<Place> {
    const database = freshName();
    const system = {
      clock: createSystemClock(),
      random: createSystemRandom(),
      digest: createSystemDigest(),
      log: createSilentLog(),
    };
    const storage = await openMongoStorage(system, { url, database });
    const heads = createHeads({ memories: storage.memories, digest: system.digest });
    const deps = { ...system, ...storage, heads, bus: createInprocEventBus(system) };
    return {
      deps,
      useCases: createUseCases(deps, { models: defaultModelRoutes }),
      async [Symbol.asyncDispose]() {
        await storage.close();
        const client = await MongoClient.connect(url);
        await client.db(database).dropDatabase();
        await client.close();
      },
    };
  }

  test("a tenant goes from SQLite to MongoDB and back, the same to the byte in each", {
    timeout: 120_000,
  }, async () => {
    await using from = await setup();
    const full = await fillTenant(from);
    const lines = await exportLines(from.useCases, principal);
    expect(Object.keys(kindsOf(lines))).toHaveLength(12);
    await using there = await mongo();
    const taken = await importLines(there.useCases, principal, lines);
    expect(await exportLines(there.useCases, principal)).toEqual(lines);
    const again = await importLines(there.useCases, principal, lines);
    expect(again).toEqual({ written: 0, present: taken.written + taken.present });
    await using back = await setup();
    await importLines(back.useCases, principal, await exportLines(there.useCases, principal));
    expect(await exportLines(back.useCases, principal)).toEqual(lines);

    // What came over is not only the same, but goes on.
    const added = await there.useCases.appendSessionEvents(principal, {
      sessionId: full.sessionId,
      events: [aSessionEvent()],
    });
    expect(added[0]?.number).toBe(251);
    await there.useCases.putMemories(principal, {
      memoryStoreId: full.storeId,
      memories: [{ path: "/since.md", content: "since" }],
    });
    const grown = await exportLines(there.useCases, principal);
    expect(await importLines(there.useCases, principal, lines)).toMatchObject({ written: 0 });
    expect(await exportLines(there.useCases, principal)).toEqual(grown);
  });

  test("an export of MongoDB goes on from its cursors, and an import that broke off is repeated", {
    timeout: 120_000,
  }, async () => {
    await using from = await setup();
    await fillTenant(from);
    const lines = await exportLines(from.useCases, principal);
    await using there = await mongo();
    for (const end of [40, 90, 140, lines.length]) {
      const first = Math.max(1, end - 70);
      const some = lines.slice(first - 1, end).join("\n");
      await there.useCases.importRecords(principal, { lines: some, firstLine: first });
    }
    const exportTenant = createExportTenant(there.deps, { answerBytes: 8_000 });
    let sent = 0;
    for await (const answer of exportTenant(principal, { after: "" }, new AbortController().signal)) {
      sent += answer.lines.split("\n").length - 1;
      const rest = await exportLines(there.useCases, principal, answer.cursor);
      expect(rest).toEqual(lines.slice(sent));
    }
    expect(sent).toBe(lines.length);
  });
});
