/** Memory stores: what a copy, a write and a page cost as stores grow, and what texts cost as they get many. */
import { type Figure, figureOf } from "./figure.ts";
import type { Bench, Measure } from "./measure.ts";
import { type Helper, startHelper } from "./processes.ts";
import { median } from "./statistics.ts";
import type { StoreWork } from "./store-entry.ts";

const large = 10_000;
const small = 10;
const pageStore = 200;
const contentsMax = 1_000_000;
const contentsBatch = 1_000;

export const stores: Measure = {
  name: "stores",
  async run(bench) {
    await using helper = startHelper("store-entry.ts", { dir: bench.newDataDir() });
    return [...(await storeFigures(bench, helper, "", 50)), ...(await contentFigures(bench, helper))];
  },
};

/** The same on a server, for which `--mongodb-url` is needed. */
export function storesOnMongo(url: string): Measure {
  return {
    name: "stores-mongodb",
    async run(bench) {
      const database = `reveried_bench_${process.pid}`;
      await using helper = startHelper("store-entry.ts", { url, database });
      return storeFigures(bench, helper, ", MongoDB", 150);
    },
  };
}

async function ask(helper: Helper, work: StoreWork): Promise<number[]> {
  // The parse edge: our own helper answers.
  return (await helper.ask({ ...work })) as number[];
}

async function storeFigures(bench: Bench, helper: Helper, where: string, copyMs: number): Promise<Figure[]> {
  for (const memories of [large, small, pageStore]) {
    bench.say(`stores: filling one with ${memories} memories`);
    await ask(helper, { do: "fill", memories });
  }
  bench.say("stores: copies, writes, pages");
  const times = 40;
  const timesOf = (kind: "copy" | "bare" | "write" | "page", memories: number, count = times) =>
    ask(helper, { do: kind, memories, times: count });
  const copies = await timesOf("copy", large);
  const bare = await timesOf("bare", 0);
  const writes = await interleaved(["write", large], ["write", small]);
  const pages = await interleaved(["page", large], ["page", pageStore]);
  return [
    figureOf({
      name: `copy of ${large} memories${where}`,
      value: median(copies),
      unit: "ms",
      ceiling: { of: "the creation of an empty store", value: median(bare) },
      target: { of: "value", below: copyMs },
      note: "no text is copied",
    }),
    figureOf({
      name: `write into ${large} memories${where}`,
      value: median(writes.first),
      unit: "ms",
      ceiling: { of: `the same write into a store of ${small}`, value: median(writes.second) },
      ratio: median(writes.first) / median(writes.second),
      target: { of: "ratio", below: 2 },
    }),
    figureOf({
      name: `page of 100 of ${large} memories${where}`,
      value: median(pages.first),
      unit: "ms",
      ceiling: { of: `the same page of a store of ${pageStore}`, value: median(pages.second) },
      ratio: median(pages.first) / median(pages.second),
      target: { of: "ratio", below: 2 },
    }),
  ];

  /** By turns, so that what else the machine does falls on both. */
  async function interleaved(
    [kind, first]: readonly ["write" | "page", number],
    [, second]: readonly ["write" | "page", number],
  ) {
    const done: { first: number[]; second: number[] } = { first: [], second: [] };
    for (let round = 0; round < 10; round += 1) {
      done.first.push(...(await timesOf(kind, first, 10)));
      done.second.push(...(await timesOf(kind, second, 10)));
    }
    return done;
  }
}

async function contentFigures(bench: Bench, helper: Helper): Promise<Figure[]> {
  const ends: { put: number; get: number }[] = [];
  const probes = [0, contentsMax - 50 * contentsBatch];
  let first = 0;
  for (const probe of probes) {
    if (probe > first) {
      bench.say(`stores: ${probe} texts`);
      await ask(helper, { do: "contents", first, count: probe - first, batch: contentsBatch });
    }
    const puts = await ask(helper, {
      do: "contents",
      first: probe,
      count: 50 * contentsBatch,
      batch: contentsBatch,
    });
    first = probe + 50 * contentsBatch;
    const gets = await ask(helper, { do: "get contents", below: first, times: 200 });
    ends.push({ put: median(puts), get: median(gets) });
  }
  const [few, many] = ends;
  if (few === undefined || many === undefined) return [];
  return [
    figureOf({
      name: `${contentsBatch} texts put at 10^6`,
      value: many.put,
      unit: "ms",
      ceiling: { of: "the same put at none", value: few.put },
      target: null,
      note: "keys are hashes, so each falls on a page of its own of the index",
    }),
    figureOf({
      name: "100 texts read of 10^6",
      value: many.get,
      unit: "ms",
      ceiling: { of: "the same of 50,000", value: few.get },
      target: { of: "ratio", below: 4 },
    }),
  ];
}
