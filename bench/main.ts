/**
 * `npm run bench`: what the service does next to what this machine could do, measured in the same run. Every server and
 * every load generator is a process of its own, on loopback and on a free port.
 */
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createOverGrpc, createOverJson } from "./create-rate.ts";
import { drain } from "./drain.ts";
import type { Figure } from "./figure.ts";
import { largeDream } from "./large-dream.ts";
import type { Bench, Measure } from "./measure.ts";
import { pickup } from "./pickup.ts";
import { startUp } from "./start-up.ts";
import { stores, storesOnMongo } from "./stores.ts";
import { renderTable } from "./table.ts";

const measures: readonly Measure[] = [
  createOverJson,
  createOverGrpc,
  pickup,
  drain,
  startUp,
  largeDream,
  stores,
];
/** What `statfs` calls a file system in memory, where nothing waits for a disk. */
const tmpfsType = 0x01021994;

const help = `usage: npm run bench -- [options]

  --only NAME   one measure, may be given again: ${measures.map(({ name }) => name).join(", ")}
  --mongodb-url URL
                measures memory stores on that server too
  --dir DIR     where the data folders are made, on the disk to be measured (default: ${tmpdir()})
  --json        figures as one JSON document
  --strict      exit code 1 when a target is missed; without it figures are told and the code is 0
`;

interface Options {
  readonly only: readonly string[];
  readonly dir: string;
  readonly "mongodb-url": string;
  readonly json: boolean;
  readonly strict: boolean;
  readonly help: boolean;
}

/** The options, or what is wrong with them in one line. */
function readOptions(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true, default: [] },
        dir: { type: "string", default: tmpdir() },
        "mongodb-url": { type: "string", default: "" },
        json: { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const unknown = values.only.find((only) => !measures.some(({ name }) => name === only));
    return unknown === undefined ? values : `no measure is called ${JSON.stringify(unknown)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const chosen = measures.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const url = options["mongodb-url"];
  const figures = await runAll(url === "" ? chosen : [...chosen, storesOnMongo(url)], options.dir);
  process.stdout.write(options.json ? jsonOf(figures) : `${machine(options.dir)}\n\n${renderTable(figures)}`);
  return options.strict && figures.some(({ ok }) => ok === false) ? 1 : 0;
}

async function runAll(chosen: readonly Measure[], parentDir: string): Promise<Figure[]> {
  const dir = mkdtempSync(join(parentDir, "reveried-bench-"));
  const removeDir = () => rmSync(dir, { recursive: true, force: true });
  process.once("exit", removeDir);
  let folders = 0;
  const bench: Bench = {
    newDataDir() {
      folders += 1;
      return join(dir, String(folders));
    },
    say: (text) => void process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : ""),
  };
  try {
    const figures: Figure[] = [];
    for (const measure of chosen) figures.push(...(await measure.run(bench)));
    return figures;
  } finally {
    bench.say("");
    removeDir();
  }
}

function machine(dir: string): string {
  const inMemory = statfsSync(dir).type === tmpfsType ? ", data in memory (choose a disk with --dir)" : "";
  return `Node ${process.version}, ${cpus().length} cores${inMemory}`;
}

function jsonOf(figures: readonly Figure[]): string {
  return `${JSON.stringify({ node: process.version, cores: cpus().length, figures }, null, 2)}\n`;
}

// What was started and made is ended and removed when the process exits, which a signal alone would not make it do.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
process.exitCode = await main();
