/** Options that several commands have, and what they ask of a command line. */
import { ReveriedError } from "../core/errors.ts";
import { type CommandArgs, type CommandOption, isGiven, optionText } from "./command.ts";
import { wholeNumber } from "./words.ts";

/** The most that a list of a command shows; a page of the server is smaller. */
const listMax = 100_000;

export function option(flag: string, value: string | null, help: string, fallback = ""): CommandOption {
  return { flag, value, help, default: fallback };
}

export const jsonOption: CommandOption = option("json", null, "Print JSON");
export const limitOption: CommandOption = option("limit", "N", "At most this many", "20");
export const yesOption: CommandOption = option("yes", null, "Do it; without this nothing is done");

/** The value of `limitOption`. */
export function limitOf(args: CommandArgs): number {
  return wholeNumber("limit", optionText(args, "limit") ?? limitOption.default, 1, listMax);
}

/** Refuses what cannot be undone unless `--yes` is given. `does` says what would happen, in a clause. */
export function checkYes(args: CommandArgs, command: string, does: string): void {
  if (isGiven(args, yesOption.flag)) return;
  throw new ReveriedError("invalid_argument", `${command}: ${does}; nothing was done. Add --yes to do it`);
}
