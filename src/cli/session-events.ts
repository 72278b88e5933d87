/** Events of a session for people. */
import type { Block, SessionEvent } from "../../gen/dream/v1/session_pb.ts";
import { limits } from "../core/limits.ts";
import type { Clients } from "./clients.ts";
import { type Output, oneLine, printable, wrap } from "./output.ts";
import { timeText } from "./words.ts";

/** Characters that are shown of what a tool got or gave. */
const toolTextShown = 300;

/** The events after a number, at most `max`, in reading order. */
export async function* downloadEvents(
  { sessions }: Clients,
  request: { readonly sessionId: string; readonly after: number; readonly max: number },
  signal: AbortSignal,
): AsyncGenerator<SessionEvent, void, undefined> {
  const { sessionId, max } = request;
  let afterNumber = BigInt(request.after);
  for (let done = 0; done < max; ) {
    const pageSize = Math.min(limits.eventsPageMax, max - done);
    const page = await sessions.listSessionEvents({ sessionId, afterNumber, pageSize }, { signal });
    yield* page.events;
    done += page.events.length;
    if (page.nextAfterNumber === 0n) return;
    afterNumber = page.nextAfterNumber;
  }
}

/** Number, time and speaker, and below them what was said and done. */
export function writeEvent(out: Output, event: SessionEvent): void {
  const { number, speaker, saidAt, blocks } = event;
  const time = saidAt === undefined ? "" : out.paint("dim", `  ${timeText(saidAt)}`);
  out.line(`${out.paint("dim", `${number}`)}  ${out.paint("bold", oneLine(speaker))}${time}`);
  for (const block of blocks) writeBlock(out, block);
  out.line();
}

function writeBlock(out: Output, { block }: Block): void {
  switch (block.case) {
    case "text":
      for (const line of printable(block.value.text).split("\n")) {
        for (const part of wrap(line.trimEnd(), out.columns - 4)) out.line(`    ${part}`.trimEnd());
      }
      return;
    case "toolUse":
      writeDim(out, `[calls ${block.value.name}] ${block.value.inputJson}`);
      return;
    case "toolResult":
      writeDim(out, `[${block.value.isError ? "error" : "result"}] ${block.value.text}`);
      return;
    case "other":
      writeDim(out, `[${block.value.description}]`);
      return;
    default:
      writeDim(out, "[something of a newer server]");
  }
}

function writeDim(out: Output, text: string): void {
  const shown = text.length > toolTextShown ? `${text.slice(0, toolTextShown)} …` : text;
  for (const line of wrap(oneLine(shown), out.columns - 4)) out.line(out.paint("dim", `    ${line}`));
}
