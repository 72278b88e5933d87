/** The program: words in, exit code out. The only place that ends the process or listens to its signals. */
import { enableCompileCache } from "node:module";
import { constants } from "node:os";
import type { CommandContext } from "./cli/command.ts";

// First of all, and so the rest is loaded after it.
enableCompileCache();
const { readOutputSettings } = await import("./config.ts");
const { createOutput, oneLine } = await import("./cli/output.ts");
const { exitCodeOf, exitCodes } = await import("./cli/exit-codes.ts");
const { isReveriedError } = await import("./core/errors.ts");

const settings = readOutputSettings();
const stop = new AbortController();
let endedBy: "SIGINT" | "SIGTERM" | null = null;

for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The second time somebody is in a hurry.
    if (endedBy !== null) dieOf(name);
    endedBy = name;
    stop.abort();
  });
}
process.on("uncaughtException", (error) => void end(fail(error)));
process.on("unhandledRejection", (error) => void end(fail(error)));
// Whoever read the output has gone (`| head`): there is nobody to work for, and nothing to complain about.
process.stdout.on("error", () => {
  if (!isServer) stop.abort();
});
process.stderr.on("error", () => {});

const argv = process.argv.slice(2);
const isServer = argv[0] === "serve";
const context: CommandContext = {
  out: createOutput(process.stdout, settings),
  err: createOutput(process.stderr, settings),
  signal: stop.signal,
};

async function main(): Promise<number> {
  try {
    const { runCli } = await import("./cli/run-cli.ts");
    return await runCli(context, argv);
  } catch (error) {
    if (endedBy !== null) dieOf(endedBy);
    // Only a closed output stops a command without a signal.
    if (stop.signal.aborted) return exitCodes.ok.code;
    return fail(error);
  }
}

/**
 * Ends as the signal would have without a handler, which is what a shell goes by. An orderly exit would wait for reads
 * that never end, as of a pipe that nobody writes to. The first process of a container is spared by the signal.
 */
function dieOf(name: "SIGINT" | "SIGTERM"): never {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
  process.exit(128 + constants.signals[name]);
}

/** Tells the user in one line what went wrong, and answers with the exit code. */
function fail(error: unknown): number {
  const known = isReveriedError(error);
  const message = known
    ? error.message
    : `internal error: ${error instanceof Error ? error.message : String(error)}`;
  const hint = known || settings.debug ? "" : " (REVERIED_LOG_LEVEL=debug shows where)";
  context.err.line(`${context.err.paint("red", "reveried:")} ${oneLine(message)}${hint}`);
  if (settings.debug && error instanceof Error) context.err.line(describe(error));
  return known ? exitCodeOf(error.kind) : exitCodes.failed.code;
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describe(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

/** Ends when what was written has left; sockets and threads that something forgot must not keep the process. */
async function end(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writable) await new Promise((resolve) => stream.write("", resolve));
  }
  process.exit(code);
}

await end(await main());
