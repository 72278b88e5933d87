import { configOptions } from "../config.ts";
import { urlOption } from "./clients.ts";
import type { Command, CommandOption } from "./command.ts";
import { dreamsCommands } from "./dreams-commands.ts";

const jsonOption: CommandOption = { flag: "json", value: null, help: "Print JSON", default: "" };

function setting(flag: string): CommandOption {
  const known = configOptions.find((option) => option.flag === flag);
  return { flag, value: "VALUE", help: known?.help ?? "", default: known?.default ?? "" };
}

/** Every command, in the order in which help shows them. */
export const commands: readonly Command[] = [
  {
    name: "serve",
    usage: "",
    summary: "Run the service until Ctrl-C or SIGTERM",
    details: ["Each option can also be set as REVERIED_ and its name, e.g. REVERIED_PORT=4601."],
    options: configOptions.map(({ flag, help, default: fallback }) =>
      fallback === "false"
        ? { flag, value: null, help, default: "" }
        : { flag, value: "VALUE", help, default: fallback },
    ),
    words: { min: 0, max: 0 },
    load: async () => (await import("./serve.ts")).serve,
  },
  ...dreamsCommands,
  {
    name: "health",
    usage: "",
    summary: "Ask the server whether it is ready (exit code 0 or 3)",
    details: [],
    options: [urlOption, jsonOption],
    words: { min: 0, max: 0 },
    load: async () => (await import("./health.ts")).health,
  },
  {
    name: "migrate",
    usage: "",
    summary: "Bring the configured storage up to date and say what was done",
    details: ["The service does the same when it starts; stop it first."],
    options: [setting("data-dir"), setting("mongodb-url"), setting("mongodb-database"), jsonOption],
    words: { min: 0, max: 0 },
    load: async () => (await import("./migrate.ts")).migrate,
  },
];
