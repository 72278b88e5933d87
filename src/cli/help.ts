import type { Command, CommandOption } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Output, wrap } from "./output.ts";

const helpOption: CommandOption = { flag: "help", value: null, help: "Show this", default: "" };

/** The first help: what commands there are. */
export function writeOverview(out: Output, commands: readonly Command[]): void {
  out.line(
    "reveried consolidates an agent's memory: notes and conversations go in, a tidied copy comes out.",
  );
  out.line();
  out.line(`Usage: ${out.paint("bold", "reveried COMMAND")} [options]`);
  out.line();
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  for (const { name, summary } of commands) out.line(`  ${name.padEnd(width)}${summary}`);
  out.line();
  out.line("  reveried COMMAND --help   the options of a command, with their defaults");
  out.line("  reveried --version        which version this is");
  out.line();
  writeExitCodes(out);
}

/** The help of one command: every option with its default. */
export function writeHelp(out: Output, command: Command): void {
  const usage = [command.name, command.usage, "[options]"].filter((part) => part !== "").join(" ");
  out.line(`Usage: ${out.paint("bold", `reveried ${usage}`)}`);
  out.line();
  for (const line of wrap(`${command.summary}.`, out.columns)) out.line(line);
  for (const detail of command.details) out.line(detail);
  out.line();
  const options = [...command.options, helpOption];
  const heads = options.map(({ flag, value, many }) => {
    return `  --${flag}${value === null ? "" : ` ${value}${many === true ? " ..." : ""}`}`;
  });
  const width = Math.max(...heads.map((head) => head.length)) + 2;
  options.forEach((option, index) => {
    const text = option.default === "" ? option.help : `${option.help} [${option.default}]`;
    const lines = wrap(text, Math.max(out.columns - width, 30));
    lines.forEach((line, at) => {
      out.line(`${(at === 0 ? (heads[index] ?? "") : "").padEnd(width)}${line}`);
    });
  });
}

function writeExitCodes(out: Output): void {
  out.line("Exit codes:");
  for (const { code, meaning } of Object.values(exitCodes))
    out.line(`  ${String(code).padStart(3)}  ${meaning}`);
}
