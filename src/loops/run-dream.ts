/**
 * One dream through its engine: inputs frozen, changes made, output staged, the dream ended under its fence. Whatever
 * happens here, nothing is shown unless the last fenced write goes through.
 */
import assert from "node:assert";
import { checkChanges } from "../core/change-set.ts";
import { byteLength } from "../core/check.ts";
import { type Commit, type DreamSummary, isFinal, type RunningDream } from "../core/dream.ts";
import { applyMove, type Move } from "../core/dream-transitions.ts";
import { isReveriedError, ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { backoffMs } from "../core/retry.ts";
import { raceAbort } from "../lib/abort.ts";
import type { Engine, EngineResult } from "../ports/engine.ts";
import type { Log } from "../ports/log.ts";
import type { ServiceDeps } from "../service/deps.ts";
import { announceDream } from "../service/dreams/accept-dream.ts";
import { beginDream, engineInput, inputGone } from "../service/dreams/begin-dream.ts";
import { finishCommit } from "../service/dreams/finish-commit.ts";
import { stageChanges } from "../service/dreams/stage-changes.ts";
import { halt, keepLease, type Lease } from "./keep-lease.ts";

export interface RunDreamDeps extends ServiceDeps {
  readonly log: Log;
  /** The engine for a model name; throws `invalid_argument` when the name is no longer configured. */
  readonly engineFor: (model: string) => Promise<Engine>;
}

/** Takes a claimed dream to its end, or gives it back. Throws only when the storage is away or a bug was met. */
export type RunDream = (claimed: RunningDream, shutdown: AbortSignal) => Promise<void>;

export function createRunDream(deps: RunDreamDeps): RunDream {
  return async (claimed, shutdown) => {
    const lease = keepLease(deps, claimed, shutdown);
    try {
      await work(deps, claimed, lease);
    } catch (error) {
      const move = moveFor(deps, claimed, error);
      if (move !== null) await endWith(deps, claimed, move);
    } finally {
      await lease.end();
    }
    await putAwayPipeline(deps, claimed);
    announceDream(deps, claimed);
  };
}

/** The dream's own transcript is archived with its end. Left open by a crash it does no harm: no list shows it. */
async function putAwayPipeline(deps: RunDreamDeps, { tenant, id, ids }: RunningDream): Promise<void> {
  const dream = await deps.dreams.get({ tenant, id });
  if (dream === null || ids === null || !isFinal(dream)) return;
  await deps.sessions.archive({ tenant, id: ids.sessionId, now: deps.clock.now() });
}

async function work(deps: RunDreamDeps, claimed: RunningDream, lease: Lease): Promise<void> {
  if (claimed.attempt > limits.claimsMax) {
    throw new ReveriedError(
      "resource_exhausted",
      `the dream was started more than ${limits.claimsMax} times`,
      {
        details: { reason: "too_many_attempts" },
      },
    );
  }
  if (claimed.commit !== null) {
    await finishCommit(deps, claimed);
    return;
  }
  const dream = await beginDream(deps, claimed);
  if (dream === null) throw halt("fenced");
  if (!claimed.begun) announceDream(deps, dream);
  const result = await runEngine(deps, dream, lease);
  const staged = await stage(deps, dream, result);
  if (staged.next === staged.base) {
    await endWith(deps, claimed, { name: "complete", now: deps.clock.now(), summary: staged.summary });
    return;
  }
  const committed: RunningDream = { ...dream, commit: staged, revision: dream.revision + 1 };
  const saved = await deps.dreams.save({ read: dream, next: committed, guardBeat: false });
  if (saved.outcome !== "saved") throw halt("fenced");
  await finishCommit(deps, committed);
}

async function runEngine(deps: RunDreamDeps, dream: RunningDream, lease: Lease): Promise<EngineResult> {
  const engine = await deps.engineFor(dream.model);
  const input = await engineInput(deps, dream);
  const result = await raceAbort(
    engine.consolidate(input, { signal: lease.signal, report: lease.report }),
    lease.signal,
  );
  checkChanges(result.changes, byteLength);
  lease.report({ stage: "writing", done: 0, total: result.changes.length, usage: result.usage });
  // The last usage is written before the dream ends, so that the end itself never has to.
  await lease.flush();
  lease.signal.throwIfAborted();
  return result;
}

/** The output as a head that nobody sees yet; `next` equals `base` when there is nothing to show. */
async function stage(deps: RunDreamDeps, dream: RunningDream, result: EngineResult): Promise<Commit> {
  assert(dream.ids !== null && dream.frozen !== null, "begin gave the ids and froze the inputs");
  const storeId = dream.ids.outputStoreId;
  const store = await deps.memories.get({ tenant: dream.tenant, id: storeId });
  if (store === null || store.archivedAt !== null) {
    const what = store === null ? "was deleted" : "was archived";
    throw inputGone(
      "input_memory_store_unavailable",
      `memory store ${storeId} ${what} before the dream ended`,
    );
  }
  const staged = await stageChanges(deps, dream, result.changes, store);
  const read = await deps.heads.load(dream.tenant, dream.frozen.head);
  const summary: DreamSummary = {
    ...staged.counts,
    sessionsRead: dream.frozen.sessions.length,
    eventsRead: result.eventsRead,
    memoriesRead: read.entryCount,
    message: result.message,
  };
  return { id: staged.commitId, storeId, base: store.head, next: staged.head, summary };
}

/** Makes the last move of a run, unless the right to the dream has passed on or somebody finished it. */
async function endWith(deps: RunDreamDeps, claimed: RunningDream, move: Move): Promise<void> {
  const { tenant, id, fence } = claimed;
  for (let tries = 0; tries < limits.casAttempts; tries += 1) {
    const read = await deps.dreams.get({ tenant, id });
    if (read === null || read.status !== "running" || read.fence !== fence) return;
    if (read.commit !== null) {
      await finishCommit(deps, read);
      return;
    }
    const saved = await deps.dreams.save({ read, next: applyMove(read, move), guardBeat: false });
    if (saved.outcome === "saved") return;
  }
}

/** What becomes of a dream whose run ended with an error; null when it is not this worker's any more. */
function moveFor(deps: RunDreamDeps, dream: RunningDream, error: unknown): Move | null {
  const now = deps.clock.now();
  if (!isReveriedError(error) || error.kind === "internal") {
    deps.log.error("a dream failed of an unexpected error", {
      dream: dream.id,
      attempt: dream.attempt,
      cause: error,
    });
    const message = "the dream failed of an internal error; the server's log has the cause under its id";
    return { name: "fail", now, error: { type: "internal_error", message } };
  }
  const { reason } = error.details;
  if (reason === "fenced") return null;
  if (reason === "shutdown")
    return { name: "release", now, reason: "the worker shut down", lost: "no", notBefore: 0 };
  // Counted from the first deferral: how long a dream waited for its turn, or worked, is no fault of the provider.
  const deferrals = dream.events.filter((event) => event.kind === "deferred");
  const deadlineMs = dream.origin === null ? limits.deferDeadlineMs : limits.deferDeadlineAutomaticMs;
  if (error.kind === "unavailable" && now - (deferrals[0]?.at ?? now) < deadlineMs) {
    const backoff = { initialMs: limits.deferBackoffMs, maxMs: limits.deferBackoffMaxMs };
    const notBefore = now + backoffMs(deferrals.length + 1, deps.random.fraction(), backoff);
    return { name: "defer", now, reason: error.message, notBefore };
  }
  return { name: "fail", now, error: { type: reason ?? dreamErrorType(error), message: error.message } };
}

function dreamErrorType(error: ReveriedError): string {
  return error.kind === "deadline_exceeded" ? "timeout" : error.kind;
}
