/**
 * The gate before a commit: what can be said about the code without running it. `npm test` runs it.
 * All steps run, so that one failure does not hide the next; the last lines name those that failed.
 */
import { spawnSync } from "node:child_process";

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const steps: readonly Step[] = [
  { name: "format and lint", command: ["biome", "check", "--error-on-warnings", "."] },
  { name: "types", command: ["tsc", "-p", "."] },
  // Layers, house rules, documents, states; and that proto/ lints, breaks nobody and is what gen/ was made from.
  { name: "tidy", command: ["vitest", "run", "test/tidy"] },
];

const failed: string[] = [];
for (const { name, command } of steps) {
  const [program, ...args] = command;
  console.log(`\n> ${name}: ${command.join(" ")}`);
  const started = performance.now();
  const { status, error } = spawnSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const verdict = status === 0 ? "ok" : `failed${error === undefined ? "" : `: ${error.message}`}`;
  console.log(`${name}: ${verdict}, ${seconds} s`);
  if (status !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "\ncheck: all is well" : `\ncheck: failed in ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
