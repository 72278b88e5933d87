/** How long a start takes, and what an idle server holds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { figureOf } from "./figure.ts";
import type { Measure } from "./measure.ts";
import { memoryMb, serve } from "./processes.ts";
import { median } from "./statistics.ts";
import { rounded } from "./table.ts";

const rounds = 7;
const idleMs = 5_000;

export const startUp: Measure = {
  name: "start-up",
  async run(bench) {
    const readyMs: number[] = [];
    const bareMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bench.say(`start-up: round ${round + 1} of ${rounds}`);
      const bareStartedAt = performance.now();
      await using bare = startBareNode();
      await bare.ready;
      bareMs.push(performance.now() - bareStartedAt);
      await using server = await serve(["--data-dir", bench.newDataDir()]);
      readyMs.push(server.readyMs);
    }
    bench.say("start-up: idle");
    await using bare = startBareNode();
    await using server = await serve(["--data-dir", bench.newDataDir()]);
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    return [
      figureOf({
        name: "ready after start",
        value: median(readyMs),
        unit: "ms",
        ceiling: { of: "Node printing one line", value: median(bareMs) },
        target: { of: "value", below: 1_000 },
        note: `slowest of ${rounds}: ${rounded(Math.max(...readyMs))} ms`,
      }),
      figureOf({
        name: "memory of an idle server",
        value: memoryMb(server.pid).now,
        unit: "MB",
        ceiling: { of: "Node doing nothing", value: memoryMb(bare.pid).now },
        target: { of: "value", below: 120 },
        note: `resident, ${idleMs / 1_000} s after it was ready`,
      }),
    ];
  },
};

function startBareNode() {
  const program = `console.log("ready"); setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ["--eval", program], { stdio: ["ignore", "pipe", "inherit"] });
  return {
    pid: child.pid ?? 0,
    ready: once(child.stdout, "data"),
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    },
  };
}
