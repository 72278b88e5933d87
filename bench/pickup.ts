/** How soon an idle server sets to work on a new dream. */
import { DreamEventKind } from "../gen/dream/v1/dream_event_pb.ts";
import { type Clients, completed, connectTo, newDream, newStore } from "./clients.ts";
import { figureOf } from "./figure.ts";
import type { Measure } from "./measure.ts";
import { serve, startHelper } from "./processes.ts";
import { median, percentile } from "./statistics.ts";
import { rounded } from "./table.ts";

const dreams = 300;
const warmUpDreams = 20;
/** Between two dreams, so that each finds all loops at rest. */
const restMs = 10;

export const pickup: Measure = {
  name: "pickup",
  async run(bench) {
    await using server = await serve(["--data-dir", bench.newDataDir()]);
    await using echo = startHelper("echo-entry.ts", "grpc");
    const clients = connectTo(server.url);
    const echoClients = connectTo(String(await echo.ask("listen")));
    const storeId = await newStore(clients);
    const seenMs: number[] = [];
    const sentMs: number[] = [];
    const echoMs: number[] = [];
    for (let number = 0; number < warmUpDreams + dreams; number += 1) {
      bench.say(`pickup: dream ${number} of ${warmUpDreams + dreams}`);
      const sentAt = performance.now();
      const id = await newDream(clients, storeId);
      const answeredAt = performance.now();
      await started(clients, id);
      const seenAt = performance.now();
      await completed(clients, id);
      await rest();
      const echoSentAt = performance.now();
      await newDream(echoClients, storeId);
      const echoAnsweredAt = performance.now();
      await rest();
      if (number < warmUpDreams) continue;
      seenMs.push(seenAt - answeredAt);
      sentMs.push(seenAt - sentAt);
      echoMs.push(echoAnsweredAt - echoSentAt);
    }
    const of = "one call of connect-node's echo";
    const note = `from the create's answer until a watcher sees it started; from its sending the median is ${rounded(median(sentMs))} ms`;
    return [
      figureOf({
        name: "pickup on idle, median",
        value: median(seenMs),
        unit: "ms",
        ceiling: { of, value: median(echoMs) },
        target: { of: "value", below: 5 },
        note,
      }),
      figureOf({
        name: "pickup on idle, p99",
        value: percentile(seenMs, 0.99),
        unit: "ms",
        ceiling: { of, value: percentile(echoMs, 0.99) },
        target: { of: "value", below: 15 },
      }),
    ];
  },
};

async function started({ dreams }: Clients, id: string): Promise<void> {
  for await (const { update } of dreams.watchDream({ id })) {
    if (update.case === "event" && update.value.kind === DreamEventKind.STARTED) return;
  }
  throw new Error(`dream ${id} was never started`);
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, restMs));
}
