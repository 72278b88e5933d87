import { type Dream, isFinal, type Progress } from "../../core/dream.ts";
import type { DreamEvent } from "../../core/dream-event.ts";
import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { ServiceDeps } from "../deps.ts";
import { findDream } from "./get-dream.ts";

export interface WatchDreamRequest {
  readonly id: string;
  /** Only events with a greater number. */
  readonly afterEventNumber: number;
}

export type DreamUpdate =
  | { readonly kind: "event"; readonly dream: Dream; readonly event: DreamEvent }
  | { readonly kind: "progress"; readonly dream: Dream; readonly progress: Progress };

/**
 * The dream's events so far, then live, each once and in order, with the latest progress between them; ends after the
 * events of a final dream, or when the signal aborts. History always comes from the storage, so a lost or doubled hint
 * costs at most `limits.watchPollMs`.
 */
export type WatchDream = (
  principal: Principal,
  request: WatchDreamRequest,
  signal: AbortSignal,
) => AsyncIterable<DreamUpdate>;

export function createWatchDream(deps: Pick<ServiceDeps, "dreams" | "bus" | "clock">): WatchDream {
  return async function* watch(principal, { id, afterEventNumber }, signal) {
    if (afterEventNumber < 0) throw invalidArgument("after_event_number", "must not be negative");
    await findDream(deps, principal, id);
    let hint = new AbortController();
    let hinted = false;
    const topic = { kind: "dream", tenant: principal.tenant, dreamId: id } as const;
    const onHint = () => {
      hinted = true;
      hint.abort();
    };
    // Without hints the storage is still looked at.
    const unlisten = await deps.bus.listen(topic, onHint).catch(() => () => {});
    try {
      let last = afterEventNumber;
      let reported: Progress | null = null;
      while (!signal.aborted) {
        // The flag falls before the read: what is told during it is looked at once more.
        hinted = false;
        hint = new AbortController();
        const dream = await findDream(deps, principal, id);
        for (const event of dream.events) {
          if (event.number <= last) continue;
          last = event.number;
          yield { kind: "event", dream, event };
        }
        if (isFinal(dream)) return;
        const progress = currentProgress(dream);
        if (progress !== null && progress.at !== reported?.at) {
          reported = progress;
          yield { kind: "progress", dream, progress };
        }
        if (!hinted) await deps.clock.sleep(limits.watchPollMs, AbortSignal.any([signal, hint.signal]));
      }
    } finally {
      unlisten();
    }
  };
}

/** The progress of the attempt that is running now; what an earlier attempt reported is history. */
export function currentProgress(dream: Dream): Progress | null {
  const { progress } = dream.live;
  return dream.status === "running" && progress?.attempt === dream.attempt ? progress : null;
}
