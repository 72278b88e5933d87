/**
 * MongoDB-compatible and NATS servers for tests, on free loopback ports. Tests that share the run's servers take
 * them from `with-services.ts`; tests that kill a server start one of their own here.
 * `node test/support/services.ts install` only installs, for CI.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMongo, findNats, installServices, type Program } from "./services-install.ts";

/** How long a server may take to answer, and to go after SIGTERM. */
const readyMs = 30_000;
const stopMs = 5_000;

export interface ServiceOptions {
  /** A loopback port; a free one when left out. */
  readonly port?: number;
  /** The folder to keep data in; when left out, a fresh one, which `stop` removes. */
  readonly dataDir?: string;
}

/** A server process that the caller must stop. */
export interface TestService {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** SIGTERM, then SIGKILL after 5 s; resolves when the process is gone and a data folder of its own removed. May be called twice, and after `kill`. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. The data stays: start again on `port` and `dataDir`. */
  kill(): Promise<void>;
}

/** Starts a MongoDB-compatible server with fail points on. Throws `ServicesMissing` when this machine can have none. */
export async function startMongo(options: ServiceOptions = {}): Promise<TestService> {
  const program = await findMongo();
  const port = options.port ?? (await freePort());
  return await start({ program, scheme: "mongodb", port, options, ready, args });

  function ready(output: string): boolean {
    return /listening on 127\.0\.0\.1:|"Waiting for connections"/.test(output);
  }

  function args(dataDir: string): string[] {
    if (program.kind === "mongod") {
      const asked = ["--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", dataDir];
      return [...asked, "--setParameter", "enableTestCommands=1"];
    }
    // Alone, not as a replica set: the driver then retries no write by itself, and the adapter must stand that.
    const asked = ["--host", "127.0.0.1", "--port", String(port), "--storage-path", dataDir];
    return [...asked, "--standalone", "--enable-test-commands"];
  }
}

/** Starts a NATS server with JetStream. Throws `ServicesMissing` when this machine can have none. */
export async function startNats(options: ServiceOptions = {}): Promise<TestService> {
  const program = await findNats();
  const port = options.port ?? (await freePort());
  return await start({ program, scheme: "nats", port, options, ready, args });

  function ready(output: string): boolean {
    return output.includes("Server is ready");
  }

  function args(dataDir: string): string[] {
    return ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", dataDir];
  }
}

interface StartRequest {
  readonly program: Program;
  readonly scheme: string;
  readonly port: number;
  readonly options: ServiceOptions;
  readonly ready: (output: string) => boolean;
  readonly args: (dataDir: string) => string[];
}

async function start({ program, scheme, port, options, ready, args }: StartRequest): Promise<TestService> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), `reveried-${scheme}-`)));
  const child = spawn(program.file, [...program.args, ...args(dataDir)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = once(child, "exit").catch(() => {});
  const ownDir = options.dataDir === undefined ? dataDir : null;
  const watchdog = child.pid === undefined ? null : watch(child.pid, ownDir);
  void gone.then(() => watchdog?.kill("SIGKILL"));
  const service: TestService = {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? -1,
    dataDir,
    async stop() {
      if (isAlive(child)) {
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
        await gone;
        clearTimeout(timer);
      }
      if (ownDir !== null) await rm(ownDir, { recursive: true, force: true });
    },
    async kill() {
      if (!isAlive(child)) return;
      child.kill("SIGKILL");
      await gone;
    },
  };
  try {
    await untilReady(child, ready, program.kind);
  } catch (error) {
    await service.kill();
    await service.stop();
    throw error;
  }
  return service;
}

/**
 * A process that outlives this one by a moment: when this one is gone, however it ended, the pipe between them
 * closes, and it kills the server and removes its folder. An exit handler would not run on SIGTERM or SIGKILL, which is how
 * a test runner ends its workers.
 */
function watch(pid: number, ownDir: string | null): ChildProcess {
  const script = 'cat >/dev/null; kill -9 "$0" 2>/dev/null; [ -z "$1" ] || rm -rf "$1"';
  const watchdog = spawn("/bin/sh", ["-c", script, String(pid), ownDir ?? ""], {
    stdio: ["pipe", "ignore", "ignore"],
    // Its own group, so that Ctrl-C in a terminal does not take it before it has done its work.
    detached: true,
  });
  watchdog.on("error", () => {});
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return watchdog;
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function untilReady(child: ChildProcess, ready: (output: string) => boolean, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => fail(`was not ready after ${readyMs} ms`), readyMs);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`ended at once with ${code ?? signal}`));
    // Listening goes on after the start: a pipe nobody reads would stop the server once it is full.
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    let done = false;

    function look(chunk: Buffer): void {
      if (done) return;
      output += chunk.toString();
      if (!ready(output)) return;
      done = true;
      clearTimeout(timer);
      resolve();
    }

    function fail(why: string): void {
      done = true;
      clearTimeout(timer);
      reject(new Error(`${name} ${why}: ${output.slice(-500)}`));
    }
  });
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}

if (import.meta.main) {
  if (process.argv[2] !== "install") {
    console.error("usage: node test/support/services.ts install");
    process.exitCode = 2;
  } else {
    try {
      console.log(`test services are in ${await installServices()}`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    }
  }
}
