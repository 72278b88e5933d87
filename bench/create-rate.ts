/** How many dreams a second are accepted, next to an echo of the same messages. */
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { CreateDreamRequestSchema } from "../gen/dream/v1/dream_service_pb.ts";
import { connectTo, newStore } from "./clients.ts";
import { type Figure, figureOf, type Target } from "./figure.ts";
import type { LoadJob } from "./load-callers.ts";
import type { LoadResult } from "./load-entry.ts";
import type { Bench, Measure } from "./measure.ts";
import { cpuMs, type Helper, serve, startHelper } from "./processes.ts";
import { median } from "./statistics.ts";
import { rounded } from "./table.ts";

const concurrency = 16;
const rounds = 5;
const roundMs = 1_000;

type Protocol = LoadJob["protocol"];

/** One server under load, with what its rounds gave. */
interface Side {
  readonly pid: number;
  readonly load: Helper;
  readonly perSecond: number[];
  readonly cpuUsPerCall: number[];
}

export const createOverJson: Measure = {
  name: "create-json",
  run: (bench) => run(bench, "json", "create, Connect JSON"),
};

export const createOverGrpc: Measure = {
  name: "create-grpc",
  run: (bench) => run(bench, "grpc", "create, gRPC"),
};

async function run(bench: Bench, protocol: Protocol, name: string): Promise<Figure[]> {
  await using echo = startHelper("echo-entry.ts", protocol);
  await using api = await serve(["--data-dir", bench.newDataDir(), "--role", "api"]);
  await using all = await serve(["--data-dir", bench.newDataDir()]);
  const echoUrl = String(await echo.ask("listen"));
  const storeId = await newStore(connectTo(api.url));
  await using echoLoad = startLoad(protocol, echoUrl, storeId);
  await using apiLoad = startLoad(protocol, api.url, storeId);
  await using allLoad = startLoad(protocol, all.url, await newStore(connectTo(all.url)));
  const ceiling = side(echo.pid, echoLoad);
  const alone = side(api.pid, apiLoad);
  const together = side(all.pid, allLoad);

  // The first round of each is for the compiler and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    bench.say(`${name}: round ${round} of ${rounds}`);
    for (const one of [ceiling, alone, together]) await playRound(one, round > 0);
  }
  return [
    figure(`${name}, api alone`, alone, ceiling, { of: "ratio", atLeast: 0.6 }),
    figure(`${name}, with workers`, together, ceiling, null),
  ];
}

function startLoad(protocol: Protocol, url: string, storeId: string): Helper {
  const request = create(CreateDreamRequestSchema, {
    inputMemoryStoreId: storeId,
    instructions: "Keep what the team decided, and drop what was reversed.",
  });
  const message =
    protocol === "json"
      ? Buffer.from(toJsonString(CreateDreamRequestSchema, request))
      : Buffer.from(toBinary(CreateDreamRequestSchema, request));
  return startHelper("load-entry.ts", {
    protocol,
    url,
    path: "/dream.v1.DreamService/CreateDream",
    message: message.toString("base64"),
    concurrency,
  });
}

function side(pid: number, load: Helper): Side {
  return { pid, load, perSecond: [], cpuUsPerCall: [] };
}

async function playRound({ pid, load, perSecond, cpuUsPerCall }: Side, counts: boolean): Promise<void> {
  const cpuBefore = cpuMs(pid);
  // The parse edge: our own load generator answers.
  const result = (await load.ask({ forMs: roundMs })) as LoadResult;
  if (!counts) return;
  perSecond.push(result.perSecond);
  cpuUsPerCall.push(((cpuMs(pid) - cpuBefore) * 1_000) / result.calls);
}

function figure(name: string, served: Side, echo: Side, target: Target | null): Figure {
  const ratios = served.perSecond.map((value, round) => value / (echo.perSecond[round] ?? Number.NaN));
  const cpu = median(served.cpuUsPerCall);
  const echoCpu = median(echo.cpuUsPerCall);
  return figureOf({
    name,
    value: median(served.perSecond),
    unit: "calls/s",
    ceiling: { of: "connect-node's echo of the same messages", value: median(echo.perSecond) },
    ratio: median(ratios),
    target,
    note: `processor time ${rounded(cpu)} us a call, the echo's ${rounded(echoCpu)}`,
  });
}
