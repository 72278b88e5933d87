import { readFileSync } from "node:fs";
import { ReveriedError } from "../core/errors.ts";
import type { Command, CommandContext } from "./command.ts";
import { commands } from "./commands.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { writeHelp, writeOverview } from "./help.ts";
import { isClose, parseCommand } from "./parse-command.ts";

/** Runs the command that the words name. Throws `ReveriedError` for what the user should know in one line. */
export async function runCli(context: CommandContext, argv: readonly string[]): Promise<ExitCode> {
  const { out, err } = context;
  const [first, second] = argv;
  if (first === undefined) {
    writeOverview(err, commands);
    return exitCodes.usage.code;
  }
  if (first === "help" || first === "--help" || first === "-h") {
    const asked = second === undefined ? null : findCommand(argv.slice(1));
    if (asked === null) writeOverview(out, commands);
    else writeHelp(out, asked.command);
    return exitCodes.ok.code;
  }
  if (first === "--version" || first === "-V" || first === "version") {
    out.line(`reveried ${version()}`);
    return exitCodes.ok.code;
  }
  if (isGroup(first) && (second === undefined || second === "--help" || second === "-h")) {
    const asked = second !== undefined;
    writeOverview(asked ? out : err, membersOf(first));
    return asked ? exitCodes.ok.code : exitCodes.usage.code;
  }
  const { command, rest } = findCommand(argv);
  const end = rest.indexOf("--");
  const own = end === -1 ? rest : rest.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) {
    writeHelp(out, command);
    return exitCodes.ok.code;
  }
  const args = parseCommand(command, rest);
  const run = await command.load();
  return run(context, args);
}

function membersOf(group: string): readonly Command[] {
  return commands.filter(({ name }) => name.startsWith(`${group} `));
}

function isGroup(word: string): boolean {
  return membersOf(word).length > 0;
}

function findCommand(argv: readonly string[]): {
  readonly command: Command;
  readonly rest: readonly string[];
} {
  const [first = "", second = ""] = argv;
  const long = commands.find(({ name }) => name === `${first} ${second}`);
  if (long !== undefined) return { command: long, rest: argv.slice(2) };
  const short = commands.find(({ name }) => name === first);
  if (short !== undefined) return { command: short, rest: argv.slice(1) };
  const known = isGroup(first) ? membersOf(first).map(({ name }) => name.split(" ")[1] ?? "") : topWords();
  const given = isGroup(first) ? second : first;
  const close = known.find((word) => isClose(word, given));
  const guess = close === undefined ? "" : `; did you mean ${close}?`;
  throw new ReveriedError(
    "invalid_argument",
    `${JSON.stringify(given)} is no ${isGroup(first) ? `${first} command` : "command"}${guess} (commands: ${known.join(", ")})`,
  );
}

function topWords(): readonly string[] {
  return [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? ""))];
}

/** From the nearest `package.json`: beside the sources, or above the built files. */
function version(): string {
  for (const place of ["../../package.json", "../../../package.json"]) {
    try {
      const read: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), "utf8"));
      if (typeof read === "object" && read !== null && "version" in read) return String(read.version);
    } catch {
      // The next place.
    }
  }
  return "of an unknown version";
}
