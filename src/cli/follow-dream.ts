import { type Dream, DreamStatus } from "../../gen/dream/v1/dream_pb.ts";
import type { WatchDreamResponse } from "../../gen/dream/v1/dream_service_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import type { Clients } from "./clients.ts";

export type DreamUpdate = WatchDreamResponse["update"];

/** Follows a dream to its end and answers with how it is then. The signal ends the following, not the dream. */
export async function followDream(
  { dreams }: Clients,
  request: { readonly id: string; readonly after: number },
  options: { readonly signal: AbortSignal; readonly onUpdate: (update: DreamUpdate) => void },
): Promise<Dream> {
  const { signal, onUpdate } = options;
  let last = request.after;
  for (;;) {
    let moved = false;
    for await (const { update } of dreams.watchDream(
      { id: request.id, afterEventNumber: last },
      { signal },
    )) {
      if (update.case === "event") last = update.value.number;
      moved = true;
      onUpdate(update);
    }
    const dream = await theDream(dreams.getDream({ id: request.id }, { signal }));
    // A stream may come to the end of its longest time before the dream does.
    if (isFinal(dream) || !moved) return dream;
  }
}

/** The dream of an answer; that it is there is what the API promises. */
export async function theDream(answer: Promise<{ readonly dream?: Dream | undefined }>): Promise<Dream> {
  const { dream } = await answer;
  if (dream === undefined) throw new ReveriedError("internal", "the server answered without a dream");
  return dream;
}

export function isFinal({ status }: Dream): boolean {
  return status === DreamStatus.COMPLETED || status === DreamStatus.FAILED || status === DreamStatus.CANCELED;
}

/** Throws for a dream that did not complete, in the words of its error. */
export function checkCompleted(dream: Dream): void {
  if (dream.status === DreamStatus.COMPLETED) return;
  if (dream.status === DreamStatus.CANCELED)
    throw new ReveriedError("internal", `dream ${dream.id} was canceled`);
  const { type = "unknown", message = "" } = dream.error ?? {};
  throw new ReveriedError("internal", `dream ${dream.id} failed (${type}): ${message}`);
}
