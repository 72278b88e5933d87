/** How fast a backlog of dreams that have nothing to read is worked off: what the service itself costs per dream. */
import { DreamStatus } from "../gen/dream/v1/dream_pb.ts";
import { type Clients, connectTo, newDream, newStore } from "./clients.ts";
import { figureOf } from "./figure.ts";
import type { Bench, Measure } from "./measure.ts";
import { serve, startHelper } from "./processes.ts";
import { median } from "./statistics.ts";

const concurrency = 16;
const dreams = 3_000;
const rounds = 3;
/** Calls that make the backlog, at a time. */
const createsAtOnce = 32;
const lookEveryMs = 50;

export const drain: Measure = {
  name: "drain",
  async run(bench) {
    await using sqlite = startHelper("sqlite-entry.ts", {
      file: `${bench.newDataDir()}.db`,
      atOnce: concurrency,
    });
    const perSecond: number[] = [];
    const sqlitePerSecond: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      bench.say(`drain: round ${round} of ${rounds}`);
      // The parse edge: our own helper answers.
      sqlitePerSecond.push((await sqlite.ask({ dreams })) as number);
      perSecond.push(await drainBacklog(bench));
    }
    return [
      figureOf({
        name: "empty dreams drained, 16 at a time",
        value: median(perSecond),
        unit: "dreams/s",
        ceiling: {
          of: "bare SQLite writing the same rows in the same commits",
          value: median(sqlitePerSecond),
        },
        ratio: median(perSecond.map((value, round) => value / (sqlitePerSecond[round] ?? Number.NaN))),
        target: { of: "value", atLeast: 1_000 },
      }),
    ];
  },
};

/** Accepts a backlog with no worker there, then starts one over the same folder; answers with dreams a second. */
async function drainBacklog(bench: Bench): Promise<number> {
  const dataDir = bench.newDataDir();
  {
    await using api = await serve(["--data-dir", dataDir, "--role", "api"]);
    const clients = connectTo(api.url);
    const storeId = await newStore(clients);
    for (let made = 0; made < dreams; made += createsAtOnce) {
      const count = Math.min(createsAtOnce, dreams - made);
      await Promise.all(Array.from({ length: count }, () => newDream(clients, storeId)));
    }
  }
  await using server = await serve(["--data-dir", dataDir, "--concurrency", String(concurrency)]);
  const clients = connectTo(server.url);
  while (await anyLeft(clients)) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  const ended = await endTimes(clients);
  if (ended.length !== dreams) throw new Error(`${ended.length} of ${dreams} dreams ended`);
  // From end to end: the start of the process is a measure of its own.
  const spanMs = Math.max(...ended) - Math.min(...ended);
  return ((dreams - 1) * 1_000) / spanMs;
}

async function anyLeft({ dreams }: Clients): Promise<boolean> {
  const statuses = [DreamStatus.PENDING, DreamStatus.RUNNING];
  const page = await dreams.listDreams({ statuses, pageSize: 1 });
  return page.dreams.length > 0;
}

/** When each dream completed, in Unix milliseconds. */
async function endTimes(clients: Clients): Promise<number[]> {
  const ended: number[] = [];
  let pageToken = "";
  do {
    const page = await clients.dreams.listDreams({
      statuses: [DreamStatus.COMPLETED],
      pageSize: 100,
      pageToken,
    });
    for (const { endedAt } of page.dreams) {
      if (endedAt !== undefined) ended.push(Number(endedAt.seconds) * 1_000 + endedAt.nanos / 1_000_000);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return ended;
}
