import type { ExitCode } from "./exit-codes.ts";
import type { Output } from "./output.ts";

export interface CommandOption {
  /** Without the dashes. */
  readonly flag: string;
  /** What stands for its value in help, such as `N`; null for a switch. */
  readonly value: string | null;
  readonly help: string;
  /** As help shows it; empty for none. */
  readonly default: string;
  /** Takes the words up to the next option, and may be given again. */
  readonly many?: boolean;
}

export interface CommandArgs {
  readonly words: readonly string[];
  /** By flag; a switch that is given has the value `true`. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

export interface CommandContext {
  /** Results: standard output. */
  readonly out: Output;
  /** Everything said beside the result: standard error. */
  readonly err: Output;
  /** Aborts on Ctrl-C, on SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** As it is typed after `reveried`: `dreams list`. */
  readonly name: string;
  /** The words it takes, as help shows them. */
  readonly usage: string;
  readonly summary: string;
  /** Further lines of its help; empty for none. */
  readonly details: readonly string[];
  readonly options: readonly CommandOption[];
  readonly words: { readonly min: number; readonly max: number };
  /** Loaded when it runs, so that no command pays for the others. */
  load(): Promise<CommandRun>;
}

/** Throws `ReveriedError` for what the user should know in one line. */
export type CommandRun = (context: CommandContext, args: CommandArgs) => Promise<ExitCode>;

/** The last value given for an option, or null. */
export function optionText(args: CommandArgs, flag: string): string | null {
  return args.options.get(flag)?.at(-1) ?? null;
}

export function optionTexts(args: CommandArgs, flag: string): readonly string[] {
  return args.options.get(flag) ?? [];
}

export function isGiven(args: CommandArgs, flag: string): boolean {
  return args.options.has(flag);
}
