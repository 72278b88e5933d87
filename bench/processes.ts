/** The processes of a run: each is started here, and ended by its own id. */
import { type ChildProcess, fork, type Serializable, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(import.meta.dirname, "..");
const endTimeoutMs = 15_000;
/** How many clock ticks of /proc make a second; the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to its ready line. */
  readonly readyMs: number;
}

/** Starts `reveried serve` on a free port, with these flags. Throws with what it wrote when it ends before it is ready. */
export async function serve(flags: readonly string[]): Promise<Served> {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [join(root, "src/main.ts"), "serve", "--port", "0", "--log-level", "warn", ...flags],
    { stdio: ["ignore", "pipe", "pipe"], env: plainEnvironment() },
  );
  endWithThis(child);
  let written = "";
  child.stderr.on("data", (chunk) => {
    written = `${written}${chunk}`.slice(-2_000);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const ready: unknown = JSON.parse(line);
    if (isReady(ready)) {
      const readyMs = performance.now() - startedAt;
      child.stdout.resume();
      return { url: ready.url, pid: pidOf(child), readyMs, [Symbol.asyncDispose]: () => end(child) };
    }
  }
  throw new Error(`reveried serve ${flags.join(" ")} ended before it was ready: ${written}`);
}

export interface Helper extends AsyncDisposable {
  readonly pid: number;
  /** Sends a message and answers with the next one from the process. Throws when it ends instead. */
  ask(message: Serializable): Promise<unknown>;
}

/** Starts a file of this folder in a process of its own; `job` is what it finds in its first argument, as JSON. */
export function startHelper(file: string, job: Serializable): Helper {
  const child = fork(join(import.meta.dirname, file), [JSON.stringify(job)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: plainEnvironment(),
  });
  endWithThis(child);
  const gone = once(child, "exit").then(() => {
    throw new Error(`${file} ended before it answered`);
  });
  gone.catch(() => {});
  return {
    pid: pidOf(child),
    async ask(message) {
      const answer = once(child, "message");
      child.send(message);
      const [first]: unknown[] = await Promise.race([answer, gone]);
      return first;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

/** Answers each message with what `work` makes of it, until the parent goes away. For the files that `startHelper` starts. */
export function serveParent(work: (message: unknown) => Promise<Serializable>): void {
  process.on("message", (message) => {
    void work(message).then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit());
}

/** The job of a file that `startHelper` started. */
export function readJob(): unknown {
  return JSON.parse(process.argv[2] ?? "null");
}

/** Processor time the process has used, in milliseconds; NaN where the system does not tell. */
export function cpuMs(pid: number): number {
  // The name in the second field may hold spaces; what counts comes after its closing bracket.
  const fields = readProc(pid, "stat").split(") ").at(-1)?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

/** Memory of the process now and at its highest, in MB of 2^20 bytes; NaN where the system does not tell. */
export function memoryMb(pid: number): { readonly now: number; readonly highest: number } {
  const status = readProc(pid, "status");
  const line = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1_024;
  return { now: line("VmRSS"), highest: line("VmHWM") };
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** However this process exits, the child does not outlive it. */
function endWithThis(child: ChildProcess): void {
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), endTimeoutMs);
  await exited;
  clearTimeout(late);
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("the process could not be started");
  return child.pid;
}

/** Without the operator's settings: the figures are of the defaults. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("REVERIED_")));
}

function isReady(line: unknown): line is { readonly url: string } {
  return (
    typeof line === "object" &&
    line !== null &&
    "msg" in line &&
    line.msg === "ready" &&
    "url" in line &&
    typeof line.url === "string"
  );
}
