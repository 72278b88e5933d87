import { limits } from "../core/limits.ts";
import type { Command } from "./command.ts";
import { limitOption, option, yesOption } from "./options.ts";
import { type ServerCommandParts, serverCommand } from "./server-command.ts";

const storesCommand = (name: string, parts: ServerCommandParts) => serverCommand(`stores ${name}`, parts);

const one = { min: 1, max: 1 };
const two = { min: 2, max: 2 };
const stores = async () => (await import("./stores.ts")).stores;

/** The commands about memory stores of a running server. */
export const storesCommands: readonly Command[] = [
  storesCommand("list", {
    usage: "",
    summary: "List memory stores, newest first",
    options: [option("archived", null, "Archived stores too"), limitOption],
    words: { min: 0, max: 0 },
    load: async () => (await stores()).list,
  }),
  storesCommand("show", {
    usage: "ID",
    summary: "Show a store and its memories, or the text of one memory",
    options: [
      option("prefix", "/FOLDER/", "Only memories below this folder"),
      option("path", "/PATH", "Print the text of this memory, byte for byte"),
    ],
    words: one,
    load: async () => (await stores()).show,
  }),
  storesCommand("import", {
    usage: "DIR",
    summary: "Write a folder of notes into a store, a new one unless --into names one",
    details: [
      "Reads .md, .markdown and .txt files as memories. All of them are read and checked first; what is wrong",
      "with one is told before anything is written. With --into only what differs is written.",
    ],
    options: [
      option("into", "ID", "The store to write into"),
      option("name", "NAME", "What the new store is called; without it as the folder is"),
      option("delete-missing", null, "With --into: delete memories that the folder does not have"),
    ],
    words: one,
    load: async () => (await import("./store-import.ts")).importStore,
  }),
  storesCommand("export", {
    usage: "ID DIR",
    summary: "Write every memory of a store into a new folder",
    options: [option("force", null, "Replace that folder; what is in it is kept beside it")],
    words: two,
    load: async () => (await import("./store-export.ts")).exportStore,
  }),
  storesCommand("log", {
    usage: "ID",
    summary: "List the versions of a store, newest first: when, what, where and by whom",
    options: [option("memory", "ID", "Only versions of this memory"), limitOption],
    words: one,
    load: async () => (await stores()).log,
  }),
  storesCommand("revert", {
    usage: "ID",
    summary: "Undo a dream that wrote into the store, but for what was changed since",
    details: ["What is left alone is named. Undoing it again changes nothing."],
    options: [option("dream", "ID", "The dream to undo (required)")],
    words: one,
    load: async () => (await import("./store-revert.ts")).revertStore,
  }),
  storesCommand("protect", {
    usage: "ID [PATH ...]",
    summary: "Set the paths that dreams do not write, or print them when none is given",
    details: ["The paths take the place of those that are; one ending in / covers what lies below it."],
    options: [option("none", null, "Protect no path any more")],
    words: { min: 1, max: 1 + limits.protectedPathsPerStore },
    load: async () => (await stores()).protect,
  }),
  storesCommand("redact", {
    usage: "ID VERSION",
    summary: "Empty an old version for good: its text and its path",
    details: [
      "`reveried stores log` shows the ids. The version that a memory has now is refused: change or delete the",
      "memory first.",
    ],
    words: two,
    load: async () => (await stores()).redact,
  }),
  storesCommand("archive", {
    usage: "ID",
    summary: "Make a store read-only for good",
    words: one,
    load: async () => (await stores()).archive,
  }),
  storesCommand("delete", {
    usage: "ID",
    summary: "Delete a store with all its memories and versions",
    details: ["What dreams made from it stays; `reveried erase` removes that, too."],
    options: [yesOption],
    words: one,
    load: async () => (await stores()).delete,
  }),
];
