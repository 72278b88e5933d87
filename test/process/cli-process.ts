import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

const root = join(import.meta.dirname, "..", "..");
export const program = join(root, "src", "main.ts");
export const examples = join(root, "examples");

export interface CliResult {
  readonly code: number | null;
  /** What it died of, e.g. `SIGINT`; null for one that ended by itself. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Disposing of it ends the process, so that none outlives a test that failed. */
export interface CliProcess extends AsyncDisposable {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Resolves once that text was written to standard output or standard error; rejects when the process ends before. */
  wrote(text: string): Promise<void>;
  /** Standard output so far. */
  written(): string;
  readonly result: Promise<CliResult>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the real program. Only `REVERIED_` settings given here reach it. */
export function startCli(args: readonly string[], { cwd, env = {} }: CliOptions): CliProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(REVERIED_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const result = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stdout,
    stderr,
  }));
  return {
    child,
    result,
    written: () => stdout,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await result;
    },
    async wrote(text) {
      while (!stdout.includes(text) && !stderr.includes(text)) {
        const more = [once(child.stdout, "data"), once(child.stderr, "data"), result.then(() => "ended")];
        if ((await Promise.race(more)) === "ended" && !(stdout + stderr).includes(text)) {
          throw new Error(`ended without writing ${JSON.stringify(text)}: ${stdout}${stderr}`);
        }
      }
    },
  };
}

export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  await using cli = startCli(args, options);
  return await cli.result;
}

/** A fresh folder that goes with the test. */
export async function freshFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "reveried-cli-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export interface ServingCli extends CliProcess {
  /** Null when it opens no port. */
  readonly url: string | null;
}

/** `reveried serve` in the folder, ready; on a free port unless the arguments say otherwise. */
export async function startServe(
  cwd: string,
  args: readonly string[] = ["--port", "0"],
): Promise<ServingCli> {
  const server = startCli(["serve", ...args], { cwd });
  await server.wrote("\n");
  const ready: unknown = JSON.parse(server.written().split("\n")[0] ?? "");
  if (typeof ready !== "object" || ready === null || !("msg" in ready) || ready.msg !== "ready") {
    throw new Error(`the server is not ready: ${server.written()}`);
  }
  return { ...server, url: "url" in ready && typeof ready.url === "string" ? ready.url : null };
}

/** A running server with its data in a fresh folder, and commands that find it by that folder. */
export interface ServedFolder extends AsyncDisposable {
  readonly path: string;
  readonly server: ServingCli;
  run(...args: readonly string[]): Promise<CliResult>;
  /** Runs a command with `--json` that must succeed, and answers with what it printed. */
  json(...args: readonly string[]): Promise<unknown>;
}

export async function servedFolder(): Promise<ServedFolder> {
  const folder = await freshFolder();
  const server = await startServe(folder.path);
  const run = (...args: readonly string[]) => runCli(args, { cwd: folder.path });
  return {
    path: folder.path,
    server,
    run,
    async json(...args) {
      const result = await run(...args, "--json");
      if (result.code !== 0) throw new Error(`${args.join(" ")} ended with ${result.code}: ${result.stderr}`);
      return JSON.parse(result.stdout);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
