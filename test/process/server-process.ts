import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Ends it as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** What it wrote to standard error so far. */
  log(): string;
}

/** Starts the real program on a free loopback port and waits for its ready line. Only `REVERIED_` settings given here reach it. */
export async function startServer(settings: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("REVERIED_"));
  const env = {
    ...Object.fromEntries(inherited),
    REVERIED_PORT: "0",
    REVERIED_LOG_LEVEL: "warn",
    ...settings,
  };
  const child = spawn(process.execPath, ["src/main.ts", "serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const url = await ready(child, () => log);
  const ended = once(child, "exit");
  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }
  return {
    url,
    pid: child.pid ?? 0,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    log: () => log,
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}

async function ready(child: ChildProcess, log: () => string): Promise<string> {
  if (child.stdout === null) throw new Error("the server's output is a pipe");
  for await (const line of createInterface({ input: child.stdout })) {
    const parsed: unknown = JSON.parse(line);
    if (
      typeof parsed === "object" &&
      parsed !== null &&
      "msg" in parsed &&
      parsed.msg === "ready" &&
      "url" in parsed
    ) {
      child.stdout.resume();
      return String(parsed.url);
    }
  }
  throw new Error(`the server ended before it was ready: ${log()}`);
}
