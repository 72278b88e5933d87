import { parseArgs } from "node:util";
import { ReveriedError } from "../core/errors.ts";
import type { Command, CommandArgs, CommandOption } from "./command.ts";

/**
 * The words and options of one command. Throws `invalid_argument`, in one line with a hint, for an unknown option, a
 * missing or needless value, and too few or too many words.
 */
export function parseCommand(command: Command, argv: readonly string[]): CommandArgs {
  const types = command.options.map(({ flag, value }) => [
    flag,
    { type: value === null ? ("boolean" as const) : ("string" as const) },
  ]);
  // Not strict: the library's own messages are for programmers.
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(types),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const options = new Map<string, string[]>();
  let collecting: string[] | null = null;
  for (const token of tokens) {
    if (token.kind === "positional") {
      (collecting ?? words).push(token.value);
    } else if (token.kind === "option") {
      const known = findOption(command, token.name, token.rawName);
      const values = options.get(known.flag) ?? [];
      values.push(optionValue(command, known, token));
      options.set(known.flag, values);
      collecting = known.many === true ? values : null;
    } else {
      collecting = null;
    }
  }
  checkWords(command, words, options);
  return { words, options };
}

function findOption(command: Command, name: string, rawName: string): CommandOption {
  const known = command.options.find(({ flag }) => flag === name);
  if (known !== undefined) return known;
  const close = command.options.find(({ flag }) => isClose(flag, name));
  throw usageError(command, `unknown option ${rawName}`, close === undefined ? null : `--${close.flag}`);
}

function optionValue(
  command: Command,
  known: CommandOption,
  token: {
    readonly rawName: string;
    readonly value?: string | undefined;
    readonly inlineValue?: boolean | undefined;
  },
): string {
  const { rawName, value, inlineValue } = token;
  if (known.value === null) {
    if (value === undefined || value === "true") return "true";
    throw usageError(command, `${rawName} takes no value`, null);
  }
  // Another option in the place of the value means that the value was forgotten.
  if (value === undefined || (inlineValue !== true && value.startsWith("--"))) {
    throw usageError(command, `${rawName} needs a value (${known.value})`, null);
  }
  return value;
}

function checkWords(
  command: Command,
  words: readonly string[],
  options: ReadonlyMap<string, readonly string[]>,
): void {
  const { min, max } = command.words;
  if (words.length > max) {
    const extra = JSON.stringify(words[max]);
    throw usageError(command, `${extra} is one word too many`, null);
  }
  if (words.length >= min) return;
  const taken = command.options.find(({ flag, many }) => many === true && options.has(flag));
  const before = taken === undefined ? "" : ` (before --${taken.flag}, which takes the words after it)`;
  throw usageError(command, `missing ${command.usage}${before}`, null);
}

/** A line that says what is wrong with a command line, and where to look. */
export function usageError(command: Command, problem: string, meant: string | null): ReveriedError {
  const guess = meant === null ? "" : `; did you mean ${meant}?`;
  return new ReveriedError(
    "invalid_argument",
    `${command.name}: ${problem}${guess} (see: reveried ${command.name} --help)`,
  );
}

/** Whether one may be a slip of the other: it begins the same, differs by one letter, or has two swapped. */
export function isClose(known: string, given: string): boolean {
  if (given.length >= 3 && (known.startsWith(given) || given.startsWith(known))) return true;
  if (Math.abs(known.length - given.length) > 1 || known.length < 4) return false;
  let at = 0;
  while (at < known.length && known[at] === given[at]) at += 1;
  const swapped = known[at] === given[at + 1] && known[at + 1] === given[at];
  return (
    known.slice(at + 1) === given.slice(at + 1) ||
    known.slice(at) === given.slice(at + 1) ||
    known.slice(at + 1) === given.slice(at) ||
    (swapped && known.slice(at + 2) === given.slice(at + 2))
  );
}
