import type { Command } from "./command.ts";
import { limitOption, option, yesOption } from "./options.ts";
import { type ServerCommandParts, serverCommand } from "./server-command.ts";

const sessionsCommand = (name: string, parts: ServerCommandParts) => serverCommand(`sessions ${name}`, parts);

const one = { min: 1, max: 1 };
const sessions = async () => (await import("./sessions.ts")).sessions;

/** The commands about sessions of a running server. */
export const sessionsCommands: readonly Command[] = [
  sessionsCommand("list", {
    usage: "",
    summary: "List sessions, newest first; dreams' own are left out",
    options: [
      option("agent", "ID", "Only sessions of this agent"),
      option("tag", "TAG", "Only sessions with this tag"),
      option("store", "ID", "Only sessions attached to this memory store"),
      option("workspace", "ID", "Only sessions of this workspace"),
      option("archived", null, "Archived sessions too"),
      limitOption,
    ],
    words: { min: 0, max: 0 },
    load: async () => (await sessions()).list,
  }),
  sessionsCommand("show", {
    usage: "ID",
    summary: "Show a session and its events",
    options: [
      option("events", "N", "At most this many events", "20"),
      option("after", "N", "Only events with a greater number", "0"),
    ],
    words: one,
    load: async () => (await sessions()).show,
  }),
  sessionsCommand("import", {
    usage: "FILE ...",
    summary: "Make a session of each one in transcript files",
    details: [
      "Transcripts are recognised by content: {speaker, text, at} lines, Anthropic or OpenAI messages, Claude",
      "Code sessions. All files are read to their ends before the first session is made. Prints one line for",
      "each session: its id, title and number of events.",
    ],
    options: [
      option("store", "ID", "The memory store it was attached to; may be given again"),
      option("title", "TITLE", "What the session is called; without it as the file says, or is called"),
      option("agent", "ID", "The agent it belongs to"),
      { ...option("tag", "TAG", "Tags of the sessions"), many: true },
      option("lenient", null, "Skip what is not understood"),
    ],
    words: { min: 1, max: Number.POSITIVE_INFINITY },
    load: async () => (await import("./session-import.ts")).importSessions,
  }),
  sessionsCommand("export", {
    usage: "ID",
    summary: "Write what was said in a session as lines of {speaker, text, at}",
    details: [
      "The file can be imported again. The texts of one event are joined by an empty line. Tool calls, their",
      "results and images are left out and counted; `role` stands beside a speaker whose name does not tell",
      "whether it is a person, an assistant or a tool, and `title` in the first line.",
    ],
    options: [
      option("out", "FILE", "The file to write (required)"),
      option("force", null, "Replace that file"),
    ],
    words: one,
    load: async () => (await import("./session-export.ts")).exportSession,
  }),
  sessionsCommand("archive", {
    usage: "ID",
    summary: "Make a session read-only for good",
    words: one,
    load: async () => (await sessions()).archive,
  }),
  sessionsCommand("delete", {
    usage: "ID",
    summary: "Delete a session with its events",
    details: ["What dreams made from it stays; `reveried erase` removes that, too."],
    options: [yesOption],
    words: one,
    load: async () => (await sessions()).delete,
  }),
];
