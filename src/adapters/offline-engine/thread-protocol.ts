import { type ErrorDetails, type ErrorKind, isReveriedError, ReveriedError } from "../../core/errors.ts";
import type { SessionEvent } from "../../core/session.ts";
import type { EngineInput, EngineProgress, EngineResult } from "../../ports/engine.ts";

/** What of the input can travel to a thread: all but the two ways to read. */
export type ThreadInput = Omit<EngineInput, "readMemories" | "readEvents">;

/** From the host to a thread. A thread works on one dream at a time. */
export type ToThread =
  | {
      readonly kind: "start";
      readonly run: number;
      readonly input: ThreadInput;
      readonly maxTokens: number;
      /** One number; not 0 once the dream is to stop. Shared, so that a thread deep in a loop can see it. */
      readonly stop: Int32Array;
    }
  | { readonly kind: "texts"; readonly run: number; readonly texts: readonly string[] }
  | { readonly kind: "events"; readonly run: number; readonly events: readonly SessionEvent[] }
  | { readonly kind: "unreadable"; readonly run: number; readonly error: ThreadError }
  /** No dream will come any more. */
  | { readonly kind: "leave" };

/** From a thread to the host. It asks for one thing at a time and waits for the answer. */
export type FromThread =
  | { readonly kind: "need_texts"; readonly run: number; readonly paths: readonly string[] }
  | {
      readonly kind: "need_events";
      readonly run: number;
      readonly sessionId: string;
      readonly after: number;
    }
  | { readonly kind: "progress"; readonly run: number; readonly progress: EngineProgress }
  | { readonly kind: "done"; readonly run: number; readonly result: EngineResult }
  | { readonly kind: "failed"; readonly run: number; readonly error: ThreadError };

/** An error as it crosses: a `ReveriedError` with all it carries, anything else with its text alone. */
export type ThreadError =
  | {
      readonly type: "reveried";
      readonly kind: ErrorKind;
      readonly message: string;
      readonly details: ErrorDetails;
    }
  | { readonly type: "other"; readonly message: string; readonly stack: string };

export function packError(error: unknown): ThreadError {
  if (isReveriedError(error)) {
    return { type: "reveried", kind: error.kind, message: error.message, details: error.details };
  }
  if (error instanceof Error) return { type: "other", message: error.message, stack: error.stack ?? "" };
  return { type: "other", message: String(error), stack: "" };
}

export function unpackError(error: ThreadError): ReveriedError {
  if (error.type === "reveried")
    return new ReveriedError(error.kind, error.message, { details: error.details });
  return new ReveriedError("internal", "the offline engine failed; the dream can be tried again", {
    cause: error.stack === "" ? error.message : error.stack,
  });
}
