/** What runs in a thread of the offline engine: waits for a dream, asks the host for its texts, answers with the changes. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { ReveriedError } from "../../core/errors.ts";
import type { SessionEvent } from "../../core/session.ts";
import { createPace } from "./pace.ts";
import { runPipeline } from "./pipeline.ts";
import { type FromThread, packError, type ToThread, unpackError } from "./thread-protocol.ts";

type Answer = Exclude<ToThread, { readonly kind: "start" | "leave" }>;

function serve(port: MessagePort): void {
  let waiting: { readonly run: number; resolve(answer: Answer): void } | null = null;
  const tell = (message: FromThread) => port.postMessage(message);
  const ask = (question: FromThread) =>
    new Promise<Answer>((resolve) => {
      waiting = { run: question.run, resolve };
      tell(question);
    });
  port.on("message", (message: ToThread) => {
    if (message.kind === "start") void work(message, ask, tell);
    else if (message.kind === "leave") port.close();
    // An answer may come late, for a dream that was stopped.
    else if (waiting?.run === message.run) {
      waiting.resolve(message);
      waiting = null;
    }
  });
}

async function work(
  { run, input, maxTokens, stop }: Extract<ToThread, { readonly kind: "start" }>,
  ask: (question: FromThread) => Promise<Answer>,
  tell: (message: FromThread) => void,
): Promise<void> {
  const pace = createPace(() => {
    if (Atomics.load(stop, 0) !== 0) throw new ReveriedError("canceled", "the dream was stopped");
    return undefined;
  });
  try {
    const result = await runPipeline(
      {
        ...input,
        readMemories: async (paths) => textsOf(await ask({ kind: "need_texts", run, paths })),
        readEvents: async (sessionId, after) =>
          eventsOf(await ask({ kind: "need_events", run, sessionId, after })),
      },
      maxTokens,
      { pace, report: (progress) => tell({ kind: "progress", run, progress }) },
    );
    tell({ kind: "done", run, result });
  } catch (error) {
    tell({ kind: "failed", run, error: packError(error) });
  }
}

function textsOf(answer: Answer): readonly string[] {
  if (answer.kind === "unreadable") throw unpackError(answer.error);
  if (answer.kind !== "texts") throw new ReveriedError("internal", `asked for texts, got ${answer.kind}`);
  return answer.texts;
}

function eventsOf(answer: Answer): readonly SessionEvent[] {
  if (answer.kind === "unreadable") throw unpackError(answer.error);
  if (answer.kind !== "events") throw new ReveriedError("internal", `asked for events, got ${answer.kind}`);
  return answer.events;
}

if (parentPort !== null) serve(parentPort);
