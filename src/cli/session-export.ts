import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Trust } from "../../gen/dream/v1/dream_pb.ts";
import type { Session, SessionEvent } from "../../gen/dream/v1/session_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type Clients, calling } from "./clients.ts";
import { type CommandArgs, type CommandRun, isGiven, optionText } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { trustOf } from "./files/transcript-event.ts";
import { writeFileOfParts } from "./files/write-file.ts";
import { count, writeJson } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { downloadEvents } from "./session-events.ts";
import { theSession } from "./session-facts.ts";

/** Counted while the lines are made. */
interface Counts {
  events: number;
  lines: number;
  /** Tool calls, tool results and things without words, which the lines do not hold. */
  leftOut: number;
}

/** The role that gives a speaker this trust when it is read again. */
const roles: ReadonlyMap<Trust, string> = new Map([
  [Trust.USER, "user"],
  [Trust.ASSISTANT, "assistant"],
  [Trust.TOOL, "tool"],
  [Trust.IMPORTED, "system"],
]);

/** Writes what was said in a session as lines of {speaker, text, at}, which `sessions import` reads again. */
export const exportSession: CommandRun = async ({ out, err, signal }, args) => {
  const id = args.words[0] ?? "";
  const file = readOut(args);
  const progress = createProgress(err, { quiet: isGiven(args, "json") });
  const counts: Counts = { events: 0, lines: 0, leftOut: 0 };
  try {
    await calling(args, async (clients) => {
      const session = await theSession(clients.sessions.getSession({ id }, { signal }));
      const parts = linesOf({ clients, progress, signal }, session, counts);
      await writeFileOfParts(file, parts, { force: isGiven(args, "force") });
    });
  } finally {
    progress.end();
  }
  if (isGiven(args, "json")) writeJson(out, { sessionId: id, file, ...counts });
  else {
    if (counts.leftOut > 0) {
      err.line(
        `left out: ${count(counts.leftOut, "tool call, result or image", "tool calls, results or images")}`,
      );
    }
    out.line(`Written: ${count(counts.lines, "line")} of ${count(counts.events, "event")} in ${file}`);
  }
  return exitCodes.ok.code;
};

function readOut(args: CommandArgs): string {
  const out = optionText(args, "out");
  if (out !== null) return out;
  throw new ReveriedError("invalid_argument", "sessions export: --out is needed (the file to write)");
}

async function* linesOf(
  run: { readonly clients: Clients; readonly progress: Progress; readonly signal: AbortSignal },
  session: Session,
  counts: Counts,
): AsyncGenerator<string, void, undefined> {
  const { clients, progress, signal } = run;
  // Its end is fixed here, so that a session that goes on does not keep the command going.
  const max = Number(session.lastEventNumber);
  const events = downloadEvents(clients, { sessionId: session.id, after: 0, max }, signal);
  for await (const event of events) {
    const texts = textsOf(event);
    counts.leftOut += event.blocks.filter(({ block }) => block.case !== "text").length;
    for (const text of texts) {
      // A title in the first line is the title of the session.
      const title = counts.lines === 0 && session.title !== "" ? { title: session.title } : {};
      yield `${JSON.stringify({ ...lineOf(event, text), ...title })}\n`;
      counts.lines += 1;
    }
    counts.events += 1;
    if (counts.events % limits.eventsPageMax === 0) progress.show("writing events", counts.events, max);
  }
  signal.throwIfAborted();
}

/** The words of an event as one text, or as several where one would be over the bound. */
function textsOf({ blocks }: SessionEvent): readonly string[] {
  const texts = blocks.flatMap(({ block }) =>
    block.case === "text" && block.value.text !== "" ? [block.value.text] : [],
  );
  if (texts.length === 0) return [];
  const joined = texts.join("\n\n");
  return Buffer.byteLength(joined) <= limits.eventTextBytes ? [joined] : texts;
}

function lineOf({ speaker, trust, saidAt }: SessionEvent, text: string) {
  const role = roles.get(trust);
  const implied = role === undefined || trustOf(speaker) === trustOf(role);
  return {
    speaker,
    ...(implied ? {} : { role }),
    text,
    ...(saidAt === undefined ? {} : { at: timestampDate(saidAt).toISOString() }),
  };
}
