import { type App, createApp, createSystemDeps } from "../app.ts";
import { type Config, readConfig } from "../config.ts";
import type { CommandArgs, CommandContext, CommandRun } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Output } from "./output.ts";

/** Runs the service until the signal, then stops it in order. */
export const serve: CommandRun = async (context, args) => {
  const config = readConfig(settingsOf(args));
  const deps = createSystemDeps(config.logLevel);
  const app = await createApp(deps, config);
  try {
    const url = await open(app, config);
    tellReady(context.out, config, { url, now: deps.clock.now() });
    await untilAborted(context);
    if (context.err.isTerminal) context.err.line("reveried: stopping; Ctrl-C again ends at once");
  } finally {
    await app.stop();
  }
  return exitCodes.ok.code;
};

function settingsOf(args: CommandArgs): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [flag, values] of args.options) settings[flag] = values.at(-1) ?? "";
  return settings;
}

/** Starts the loops, and opens the port unless this process serves no calls; answers with where it is. */
async function open(app: App, config: Config): Promise<string | null> {
  const address = config.roles.includes("api") ? await app.listen() : null;
  await app.start();
  return address?.url ?? null;
}

/** One JSON line for programs, which begins like a line of the log; for people, what they need to go on. */
function tellReady(
  out: Output,
  config: Config,
  { url, now }: { readonly url: string | null; readonly now: number },
): void {
  const models = config.models.map(({ pattern, engine }) => `${pattern}=${engine}`).join(",");
  const storage = config.mongodbUrl === null ? "sqlite" : "mongodb";
  const bus = config.natsUrl === null ? "in-process" : "nats";
  const roles = config.roles.join(",");
  if (!out.isTerminal) {
    const line = { level: 30, time: now, msg: "ready", url, pid: process.pid, roles, storage, bus, models };
    out.line(JSON.stringify(line));
    return;
  }
  const row = (name: string, value: string, how: string) =>
    out.line(`  ${name.padEnd(9)}${value}  ${out.paint("dim", how)}`);
  out.line(out.paint("bold", url === null ? "reveried runs" : `reveried listens on ${url}`));
  row(
    "storage",
    storage === "sqlite" ? `SQLite in ${config.dataDir}` : `MongoDB, ${config.mongodbDatabase}`,
    storage === "sqlite" ? "REVERIED_MONGODB_URL for MongoDB" : "",
  );
  row(
    "events",
    bus === "nats" ? `NATS, stream ${config.eventStream}` : "within this process",
    bus === "nats" ? "" : "REVERIED_NATS_URL for NATS",
  );
  row("models", models, "REVERIED_MODELS, NAME=ENGINE,...");
  if (config.roles.length < 3) row("roles", roles, "REVERIED_ROLE");
  out.line(out.paint("dim", "  all settings: reveried serve --help; Ctrl-C stops"));
}

function untilAborted({ signal }: CommandContext): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
