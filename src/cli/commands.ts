import { configOptions } from "../config.ts";
import { urlOption } from "./clients.ts";
import type { Command, CommandOption } from "./command.ts";
import { dreamsCommands } from "./dreams-commands.ts";
import { jsonOption, option, yesOption } from "./options.ts";
import { sessionsCommands } from "./sessions-commands.ts";
import { storesCommands } from "./stores-commands.ts";
import { transferUrlOption } from "./transfer-options.ts";

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
  {
    name: "dream",
    usage: "NOTES_DIR",
    summary: "Dream over a folder of notes and transcript files, with nothing running",
    details: [
      "Reads .md, .markdown and .txt files as memories, writes the result to a new folder, and prints what",
      "changed and why. The notes themselves stay as they are. Transcripts are recognised by content:",
      "{speaker, text, at} lines, Anthropic or OpenAI messages, Claude Code sessions.",
    ],
    options: [
      {
        flag: "sessions",
        value: "FILE",
        help: "Transcript files; without any, the notes alone are consolidated",
        default: "",
        many: true,
      },
      { flag: "out", value: "DIR", help: "The folder to write the result to (required)", default: "" },
      {
        flag: "force",
        value: null,
        help: "Replace that folder; what is in it is kept beside it",
        default: "",
      },
      { flag: "model", value: "NAME", help: "A model of REVERIED_MODELS", default: "auto" },
      { flag: "instructions", value: "TEXT", help: "What the dream should heed", default: "" },
      setting("max-tokens"),
      { flag: "lenient", value: null, help: "Skip what is not understood in transcripts", default: "" },
      jsonOption,
      { flag: "quiet", value: null, help: "No progress, no diff; only where the result is", default: "" },
    ],
    words: { min: 1, max: 1 },
    load: async () => (await import("./dream.ts")).dream,
  },
  ...dreamsCommands,
  ...storesCommands,
  ...sessionsCommands,
  {
    name: "erase",
    usage: "",
    summary: "Erase a session or a store, and what dreams made from it alone",
    details: [
      "Without --yes it shows what would go, and nothing is done. What other sources say too stays. Nobody can",
      "bring back what was erased.",
    ],
    options: [
      option("session", "ID", "The session to erase"),
      option("store", "ID", "The memory store to erase"),
      yesOption,
      urlOption,
      jsonOption,
    ],
    words: { min: 0, max: 0 },
    load: async () => (await import("./erase.ts")).erase,
  },
  {
    name: "export",
    usage: "",
    summary: "Write everything there is into one file: a backup, or the way to another storage",
    details: [
      "Stores with their history, sessions and dreams, as lines of JSON. It may run while others write. The file",
      "has its name only once it is whole; until then it is FILE.partial.",
    ],
    options: [
      option("out", "FILE", "The file to write (required)"),
      option("resume", null, "Go on with an export that broke off"),
      option("force", null, "Replace that file, once the new one is whole"),
      transferUrlOption,
      jsonOption,
    ],
    words: { min: 0, max: 0 },
    load: async () => (await import("./export.ts")).exportTenant,
  },
  {
    name: "import",
    usage: "FILE",
    summary: "Bring in what export wrote, ids and times as they were",
    details: [
      "The whole file is checked before anything is written. What is there already stays as it is, so an import",
      "that broke off is simply repeated. Dreams that were running are given back and run again.",
    ],
    options: [
      option("from-line", "N", "Begin at this line, after an import that broke off", "1"),
      option("allow-partial", null, "Import what there is of an export that broke off"),
      transferUrlOption,
      jsonOption,
    ],
    words: { min: 1, max: 1 },
    load: async () => (await import("./import.ts")).importTenant,
  },
  {
    name: "demo",
    usage: "",
    summary: "Watch a dream over the example data, from a server of its own",
    details: ["Touches nothing that is configured; leaves its result in a new folder and says where."],
    options: [
      { flag: "all", value: null, help: "Print every change, not only the most telling", default: "" },
    ],
    words: { min: 0, max: 0 },
    load: async () => (await import("./demo.ts")).demo,
  },
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
