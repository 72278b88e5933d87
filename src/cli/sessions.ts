import { toJson } from "@bufbuild/protobuf";
import { type Session, SessionEventSchema } from "../../gen/dream/v1/session_pb.ts";
import { limits } from "../core/limits.ts";
import { calling } from "./clients.ts";
import { type CommandArgs, type CommandRun, isGiven, optionText } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { checkYes, limitOf } from "./options.ts";
import { type Output, writeJson, writeTable } from "./output.ts";
import { collectAll, collectPages, type Found } from "./pages.ts";
import { downloadEvents, writeEvent } from "./session-events.ts";
import { sessionJson, sessionLabel, theSession, writeSessionFacts } from "./session-facts.ts";
import { timeText, wholeNumber } from "./words.ts";

/** What the shorter commands of `reveried sessions` do; import and export have files of their own. */
export const sessions = {
  list: async ({ out, signal }, args) => {
    const limit = limitOf(args);
    const filter = {
      agentId: optionText(args, "agent") ?? "",
      tag: optionText(args, "tag") ?? "",
      memoryStoreId: optionText(args, "store") ?? "",
      workspaceId: optionText(args, "workspace") ?? "",
      includeArchived: isGiven(args, "archived"),
    };
    const found = await calling(args, ({ sessions: client }) =>
      collectPages(limit, async (page) => {
        const answer = await client.listSessions({ ...filter, ...page }, { signal });
        return { items: answer.sessions, nextPageToken: answer.nextPageToken };
      }),
    );
    if (isGiven(args, "json")) writeJson(out, { sessions: found.items.map(sessionJson), more: found.more });
    else writeList(out, found);
    return exitCodes.ok.code;
  },

  show: async ({ out, signal }, args) => {
    const sessionId = idOf(args);
    const max = wholeNumber("events", optionText(args, "events") ?? "20", 0, limits.eventsPerSession);
    const after = wholeNumber("after", optionText(args, "after") ?? "0", 0, limits.eventsPerSession);
    return calling(args, async (clients) => {
      const session = await theSession(clients.sessions.getSession({ id: sessionId }, { signal }));
      const events = downloadEvents(clients, { sessionId, after, max }, signal);
      if (isGiven(args, "json")) {
        const json = (await collectAll(events)).map((event) =>
          toJson(SessionEventSchema, event, { alwaysEmitImplicit: true }),
        );
        writeJson(out, { session: sessionJson(session), events: json });
        return exitCodes.ok.code;
      }
      writeSessionFacts(out, session);
      out.line();
      for await (const event of events) writeEvent(out, event);
      const more = max > 0 && BigInt(after + max) < session.lastEventNumber;
      if (more) out.line(out.paint("dim", `and more; see --events, and --after ${after + max}`));
      return exitCodes.ok.code;
    });
  },

  archive: async ({ out }, args) => {
    const session = await calling(args, ({ sessions: client }) =>
      theSession(client.archiveSession({ id: idOf(args) })),
    );
    if (isGiven(args, "json")) writeJson(out, sessionJson(session));
    else writeSessionFacts(out, session);
    return exitCodes.ok.code;
  },

  delete: async ({ out }, args) => {
    const id = idOf(args);
    const label = await calling(args, async ({ sessions: client }) => {
      const session = await theSession(client.getSession({ id }));
      const does = `this deletes session ${sessionLabel(session)} with its events, for good`;
      checkYes(args, "sessions delete", does);
      await client.deleteSession({ id }, { timeoutMs: limits.requestTimeoutMaxMs });
      return sessionLabel(session);
    });
    if (isGiven(args, "json")) writeJson(out, { deleted: id });
    else out.line(`Deleted ${id}, ${label}`);
    return exitCodes.ok.code;
  },
} as const satisfies Record<string, CommandRun>;

function writeList(out: Output, { items, more }: Found<Session>): void {
  if (items.length === 0) {
    out.line("There are no sessions.");
    return;
  }
  writeTable(
    out,
    [
      { title: "ID", cell: ({ id }: Session) => id },
      {
        title: "EVENTS",
        cell: ({ lastEventNumber }) => lastEventNumber.toLocaleString("en"),
        align: "right",
      },
      { title: "UPDATED", cell: ({ updatedAt }) => timeText(updatedAt) },
      { title: "AGENT", cell: ({ agentId }) => (agentId === "" ? "-" : agentId) },
      { title: "TITLE", cell: ({ title, archivedAt }) => `${title}${archivedAt ? " (archived)" : ""}` },
    ],
    items,
  );
  if (more) out.line(out.paint("dim", "and more; see --limit"));
}

function idOf(args: CommandArgs): string {
  return args.words[0] ?? "";
}
