/**
 * Keeps a worker's right to a dream while its engine runs: a renewal once a second shows progress and usage, raises the
 * beat, and is how a cancel is noticed for sure (a hint on the bus only makes it sooner).
 */
import { noUsage, type Progress, type RunningDream, type Usage } from "../core/dream.ts";
import { isReveriedError, ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { EngineProgress } from "../ports/engine.ts";
import type { ServiceDeps } from "../service/deps.ts";
import { checkInputs } from "../service/dreams/begin-dream.ts";

/** Why a run ends without its dream ending: another has the right to it now, or this process stops. */
export type Halt = "fenced" | "shutdown";

export function halt(reason: Halt): ReveriedError {
  return new ReveriedError("canceled", `the run was halted: ${reason}`, { details: { reason } });
}

export interface Lease {
  /** Aborts with a `Halt`, or the error that the dream shall fail with. */
  readonly signal: AbortSignal;
  /** Remembers progress and usage for the next renewal. */
  report(progress: EngineProgress): void;
  /** Writes usage that no renewal has written yet. Aborts the signal when the lease is lost. */
  flush(): Promise<void>;
  /** Stops renewing. */
  end(): Promise<void>;
}

export type LeaseDeps = Pick<ServiceDeps, "dreams" | "memories" | "sessions" | "bus" | "clock">;

export function keepLease(deps: LeaseDeps, dream: RunningDream, shutdown: AbortSignal): Lease {
  const { clock, bus } = deps;
  const { tenant, id, fence, attempt } = dream;
  const abort = new AbortController();
  const ended = new AbortController();
  let latest: Omit<Progress, "at"> | null = null;
  let usage: Usage = noUsage;
  let writtenUsage: Usage = noUsage;

  const onShutdown = () => abort.abort(halt("shutdown"));
  shutdown.addEventListener("abort", onShutdown, { once: true });
  if (shutdown.aborted) onShutdown();

  async function renew(): Promise<void> {
    const progress = latest === null ? null : { ...latest, at: clock.now() };
    const reported = usage;
    latest = null;
    try {
      const { outcome } = await deps.dreams.renew({ tenant, id, fence, attempt, progress, usage: reported });
      if (outcome === "fenced") abort.abort(halt("fenced"));
      else writtenUsage = reported;
    } catch (error) {
      stopUnlessAway(error);
    }
  }

  /** A storage that is away for a moment is no reason to stop: if it lasts, a reaper takes the dream. */
  function stopUnlessAway(error: unknown): void {
    if (!isReveriedError(error) || error.kind !== "unavailable") abort.abort(error);
  }

  async function beat(): Promise<void> {
    await clock.sleep(limits.progressIntervalMs, ended.signal);
    if (ended.signal.aborted) return;
    let nap = new AbortController();
    // Only a dream that lasts is worth a subscription; a short one is over before a cancel could hurry it.
    const unlisten = await bus
      .listen({ kind: "dream", tenant, dreamId: id }, () => nap.abort())
      .catch(() => () => {});
    let checkedMs = clock.monotonic();
    while (!ended.signal.aborted && !abort.signal.aborted) {
      nap = new AbortController();
      await renew();
      if (clock.monotonic() - checkedMs >= limits.beatIntervalMs) {
        checkedMs = clock.monotonic();
        await checkInputs(deps, dream).catch(stopUnlessAway);
      }
      await clock.sleep(limits.progressIntervalMs, AbortSignal.any([ended.signal, abort.signal, nap.signal]));
    }
    unlisten();
  }

  const beating = beat();
  return {
    signal: abort.signal,
    report(progress) {
      latest = { attempt, stage: progress.stage, done: progress.done, total: progress.total };
      usage = progress.usage;
    },
    async flush() {
      if (usage !== writtenUsage) await renew();
    },
    async end() {
      ended.abort();
      shutdown.removeEventListener("abort", onShutdown);
      await beating;
    },
  };
}
