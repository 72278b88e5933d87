/** The code blocks of README.md, and the means to run them as printed in a folder that looks like a clone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readText, root } from "./source-files.ts";

export interface Block {
  /** The nearest heading of level 1 or 2. */
  readonly section: string;
  readonly language: string;
  readonly text: string;
}

export function readmeBlocks(): readonly Block[] {
  const blocks: Block[] = [];
  let section = "";
  let open: { language: string; lines: string[] } | null = null;
  for (const line of readText("README.md").split("\n")) {
    if (open !== null) {
      if (line === "```") {
        blocks.push({ section, language: open.language, text: open.lines.join("\n") });
        open = null;
      } else open.lines.push(line);
    } else if (line.startsWith("```")) open = { language: line.slice(3), lines: [] };
    else if (/^##? /.test(line)) section = line.replace(/^#+ /, "");
  }
  return blocks;
}

/** What stands in README, and what it is in a test: ports and nothing else. */
export type Replacements = Readonly<Record<string, string>>;

export interface Clone extends AsyncDisposable {
  /** Runs a block to its end; answers with all it wrote, and throws that when it fails. */
  run(language: string, text: string): Promise<string>;
  /** Starts a block that does not end by itself; resolves once it has written that text. */
  start(language: string, text: string, until: RegExp): Promise<Running>;
  readonly files: () => Promise<readonly string[]>;
}

export interface Running {
  readonly output: () => string;
  /** SIGTERM to all its processes; resolves when they are gone. */
  stop(): Promise<void>;
}

/** A folder with everything of the project in it, so that what the blocks write stays apart. */
export async function makeClone(replace: Replacements, settings: Replacements): Promise<Clone> {
  const folder = await mkdtemp(join(tmpdir(), "reveried-readme-"));
  const kept = (await readdir(root)).filter((name) => !/^\.(git|reveried)$/.test(name));
  for (const name of kept) await symlink(join(root, name), join(folder, name));
  const running = new Set<Running>();
  const inherited = Object.entries(process.env).filter(([name]) => !/^(REVERIED_|npm_)/.test(name));
  const env = { ...Object.fromEntries(inherited), ...settings, NO_COLOR: "1" };

  function launch(language: string, text: string): { child: ChildProcess; output: () => string } {
    let source = text;
    for (const [from, to] of Object.entries(replace)) source = source.replaceAll(from, to);
    const [file, args] =
      language === "sh"
        ? ["bash", ["-c", `set -euo pipefail\n${source}`]]
        : [process.execPath, ["--input-type=module", "--eval", source]];
    // A group of its own, so that all of it can be ended and nothing else.
    const child = spawn(file, args, { cwd: folder, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    return { child, output: () => output };
  }

  return {
    async run(language, text) {
      const { child, output } = launch(language, text);
      const [code] = await once(child, "close");
      if (code !== 0) throw new Error(`ended with ${code}:\n${text}\n${output()}`);
      return output();
    },
    async start(language, text, until) {
      const { child, output } = launch(language, text);
      const closed = once(child, "close").then(() => "closed" as const);
      const one: Running = {
        output,
        async stop() {
          running.delete(one);
          if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
            process.kill(-child.pid, "SIGTERM");
          }
          await closed;
        },
      };
      running.add(one);
      while (!until.test(output())) {
        const streams = [child.stdout, child.stderr].flatMap((stream) =>
          stream ? [once(stream, "data")] : [],
        );
        const next = await Promise.race([...streams, closed]);
        if (next === "closed" && !until.test(output())) throw new Error(`ended early:\n${text}\n${output()}`);
      }
      return one;
    },
    files: () => readdir(folder),
    async [Symbol.asyncDispose]() {
      for (const one of running) await one.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A loopback port that nobody has now. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? String(address.port) : "";
}
