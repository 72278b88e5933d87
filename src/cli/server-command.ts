import { urlOption } from "./clients.ts";
import type { Command, CommandOption, CommandRun } from "./command.ts";
import { jsonOption } from "./options.ts";

export interface ServerCommandParts {
  readonly usage: string;
  readonly summary: string;
  readonly details?: readonly string[];
  readonly options?: readonly CommandOption[];
  readonly words: Command["words"];
  readonly load: () => Promise<CommandRun>;
}

/** A command about things of a running server: beside its own options it takes `--url` and `--json`. */
export function serverCommand(
  name: string,
  { details = [], options = [], ...parts }: ServerCommandParts,
): Command {
  return { name, details, options: [...options, urlOption, jsonOption], ...parts };
}
