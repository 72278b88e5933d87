import type { Command, CommandOption } from "./command.ts";
import { limitOption, option } from "./options.ts";
import { serverCommand } from "./server-command.ts";

type Name = "list" | "get" | "create" | "cancel" | "archive" | "watch" | "diff";

function dreamsCommand(
  name: Name,
  parts: Pick<Command, "usage" | "summary"> & { readonly options?: readonly CommandOption[] },
): Command {
  const { usage, summary, options = [] } = parts;
  const words = usage === "" ? 0 : 1;
  return serverCommand(`dreams ${name}`, {
    usage,
    summary,
    options,
    words: { min: words, max: words },
    load: async () => (await import("./dreams.ts")).dreams[name],
  });
}

/** The commands about dreams of a running server. */
export const dreamsCommands: readonly Command[] = [
  dreamsCommand("list", {
    usage: "",
    summary: "List dreams, newest first",
    options: [
      {
        ...option("status", "STATUS", "Only pending, running, completed, failed or canceled ones"),
        many: true,
      },
      option("store", "ID", "Only dreams that read this memory store"),
      option("archived", null, "Archived dreams too"),
      limitOption,
    ],
  }),
  dreamsCommand("get", { usage: "ID", summary: "Show one dream" }),
  dreamsCommand("create", {
    usage: "",
    summary: "Create a dream",
    options: [
      option("store", "ID", "The memory store to read (required)"),
      { ...option("session", "ID", "The sessions to read"), many: true },
      option("model", "NAME", "A model of the server's configuration", "auto"),
      option("type", "TYPE", "omni, consolidate, agent or card_refresh", "omni"),
      option("instructions", "TEXT", "What the dream should heed"),
      option("update-existing", null, "Write the result into the store itself, not into a new one"),
      option("watch", null, "Follow it to its end"),
    ],
  }),
  dreamsCommand("watch", {
    usage: "ID",
    summary: "Follow a dream to its end; with --json one line for each update",
    options: [option("after", "N", "Only events with a greater number", "0")],
  }),
  dreamsCommand("diff", {
    usage: "ID",
    summary: "Show what a completed dream changed, and why",
    options: [
      option("words", null, "Show changed texts word by word, [-gone-] and {+new+}; so it is on a terminal"),
      option("lines", null, "Show them as lines before and after; so it is elsewhere"),
    ],
  }),
  dreamsCommand("cancel", { usage: "ID", summary: "End a pending or running dream" }),
  dreamsCommand("archive", { usage: "ID", summary: "Put an ended dream away; lists leave it out" }),
];
