import assert from "node:assert";
import { cutText } from "./check.ts";
import type {
  AttemptIds,
  CanceledDream,
  CollectionKey,
  Dream,
  DreamError,
  DreamInputs,
  DreamStatus,
  DreamSummary,
  DreamType,
  OutputBehavior,
  PendingDream,
} from "./dream.ts";
import { isFinal, outputStoreId } from "./dream.ts";
import type { DreamEvent, DreamEventKind } from "./dream-event.ts";
import { ReveriedError } from "./errors.ts";
import { limits } from "./limits.ts";

interface Transition {
  readonly from: readonly DreamStatus[];
  /** `null`: the status stays what it was. */
  readonly to: DreamStatus | null;
  readonly event: DreamEventKind;
  readonly by: string;
}

/** Every move a dream can make. `docs/states.md` is drawn from this table. */
export const transitions = {
  claim: { from: ["pending"], to: "running", event: "started", by: "worker" },
  release: { from: ["running"], to: "pending", event: "released", by: "worker at shutdown, or reaper" },
  defer: { from: ["running"], to: "pending", event: "deferred", by: "worker" },
  complete: {
    from: ["running"],
    to: "completed",
    event: "completed",
    by: "worker, or whoever meets a commit",
  },
  fail: { from: ["running"], to: "failed", event: "failed", by: "worker, or reaper" },
  cancel: { from: ["pending", "running"], to: "canceled", event: "canceled", by: "a person" },
  archive: { from: ["completed", "failed", "canceled"], to: null, event: "archived", by: "a person" },
} as const satisfies Record<string, Transition>;

export type MoveName = keyof typeof transitions;

/** A move with the facts that it alone needs; `now` is Unix milliseconds, read once by the caller. */
export type Move =
  | { readonly name: "claim"; readonly now: number; readonly workerId: string; readonly ids: AttemptIds }
  | {
      readonly name: "release";
      readonly now: number;
      readonly reason: string;
      readonly lost: "no" | "shared" | "alone";
      /** Unix milliseconds; 0 for at once. */
      readonly notBefore: number;
    }
  | { readonly name: "defer"; readonly now: number; readonly reason: string; readonly notBefore: number }
  | { readonly name: "complete"; readonly now: number; readonly summary: DreamSummary }
  | { readonly name: "fail"; readonly now: number; readonly error: DreamError }
  | { readonly name: "cancel"; readonly now: number }
  | { readonly name: "archive"; readonly now: number };

export interface NewDreamFacts {
  readonly id: string;
  readonly tenant: string;
  readonly now: number;
  readonly type: DreamType;
  readonly model: string;
  readonly instructions: string | null;
  readonly inputs: DreamInputs;
  readonly outputBehavior: OutputBehavior;
  readonly collection: CollectionKey | null;
  readonly origin: string | null;
  readonly holds: readonly string[];
  readonly wants: readonly string[];
}

/** The dream as it is at `create`, with its first event. */
export function newDream(facts: NewDreamFacts): PendingDream {
  const { now, ...given } = facts;
  return {
    ...given,
    createdAt: now,
    archivedAt: null,
    seq: 1,
    revision: 1,
    fence: 0,
    attempt: 0,
    leasesLost: 0,
    leasesLostAlone: 0,
    frozen: null,
    ids: null,
    begun: false,
    commit: null,
    events: [
      {
        number: 1,
        kind: "created",
        at: now,
        from: null,
        to: "pending",
        attempt: 0,
        reason: "",
        error: null,
        outputStoreId: null,
      },
    ],
    live: { beat: 0, progress: null, usageByAttempt: [], publishedTo: 0 },
    status: "pending",
    notBefore: 0,
    waitReason: "",
  };
}

/** Whether the table allows the move from this status. */
export function canMove(status: DreamStatus, name: MoveName): boolean {
  const from: readonly DreamStatus[] = transitions[name].from;
  return from.includes(status);
}

/**
 * The dream after the move, its new event appended; nothing is written. Throws `failed_precondition` when the table
 * does not allow the move from the dream's status. The caller saves the result under the guard of what it read.
 */
export function applyMove(dream: Dream, move: Move): Dream {
  assertSound(dream);
  if (!canMove(dream.status, move.name)) throw moveRefused(dream, move.name);
  const next = moved(dream, move);
  const event: DreamEvent = {
    number: dream.seq + 1,
    kind: transitions[move.name].event,
    at: move.now,
    from: dream.status,
    to: next.status,
    attempt: next.attempt,
    reason: "reason" in move ? cutText(move.reason, limits.reasonLength) : "",
    error: next.status === "failed" && move.name === "fail" ? next.error : null,
    outputStoreId: outputStoreId(next),
  };
  return {
    ...next,
    seq: dream.seq + 1,
    revision: dream.revision + 1,
    events: [...dream.events, event],
  };
}

/** What must hold of every dream that is read or about to be written; only a bug can break it. */
export function assertSound(dream: Dream): void {
  assert(dream.seq >= 1, "a dream has at least its created event");
  assert(dream.revision >= dream.seq, "every event came with a write");
  assert(dream.events.at(-1)?.number === dream.seq, "seq is the number of the last event");
  assert(dream.live.publishedTo <= dream.seq, "nothing is published before it happened");
  assert(dream.attempt <= dream.fence, "each attempt raised the fence");
  if (isFinal(dream)) assert(dream.holds.length === 0, "a final dream holds nothing");
  if (dream.status === "running") assert(dream.wants.length === 0, "a running dream waits for no hold");
  if (dream.begun)
    assert(dream.frozen !== null && dream.ids !== null, "begin froze the inputs and named the ids");
}

/** Says which move was refused in which status, and what would be allowed. */
export function moveRefused(dream: Dream, name: MoveName): ReveriedError {
  const allowed = transitions[name].from.join(" or ");
  return new ReveriedError(
    "failed_precondition",
    `cannot ${name} dream ${dream.id}: it is ${dream.status}, and only a dream that is ${allowed} can be`,
    { details: { field: "id" } },
  );
}

function moved(dream: Dream, move: Move): Dream {
  switch (move.name) {
    case "claim":
      return {
        ...strip(dream),
        status: "running",
        startedAt: move.now,
        workerId: move.workerId,
        fence: dream.fence + 1,
        attempt: dream.attempt + 1,
        ids: dream.ids ?? move.ids,
        holds: [...dream.holds, ...dream.wants],
        wants: [],
      };
    case "release":
      return {
        ...strip(dream),
        status: "pending",
        notBefore: move.notBefore,
        waitReason: move.notBefore > 0 ? cutText(move.reason, limits.reasonLength) : "",
        fence: dream.fence + 1,
        leasesLost: dream.leasesLost + (move.lost === "no" ? 0 : 1),
        leasesLostAlone: dream.leasesLostAlone + (move.lost === "alone" ? 1 : 0),
      };
    case "defer":
      return {
        ...strip(dream),
        status: "pending",
        notBefore: move.notBefore,
        waitReason: cutText(move.reason, limits.reasonLength),
        fence: dream.fence + 1,
      };
    case "complete":
      return {
        ...strip(dream),
        status: "completed",
        endedAt: move.now,
        summary: move.summary,
        holds: [],
        wants: [],
      };
    case "fail":
      return {
        ...strip(dream),
        status: "failed",
        endedAt: move.now,
        error: { type: move.error.type, message: cutText(move.error.message, limits.errorMessageLength) },
        holds: [],
        wants: [],
      };
    case "cancel": {
      const canceled: CanceledDream = {
        ...strip(dream),
        status: "canceled",
        endedAt: move.now,
        fence: dream.fence + 1,
        holds: [],
        wants: [],
      };
      return canceled;
    }
    case "archive":
      return { ...dream, archivedAt: move.now };
  }
}

/** The fields every status has, without those of the status that is left. */
function strip(dream: Dream) {
  return {
    id: dream.id,
    tenant: dream.tenant,
    type: dream.type,
    model: dream.model,
    instructions: dream.instructions,
    inputs: dream.inputs,
    outputBehavior: dream.outputBehavior,
    collection: dream.collection,
    origin: dream.origin,
    createdAt: dream.createdAt,
    archivedAt: dream.archivedAt,
    seq: dream.seq,
    revision: dream.revision,
    fence: dream.fence,
    attempt: dream.attempt,
    leasesLost: dream.leasesLost,
    leasesLostAlone: dream.leasesLostAlone,
    holds: dream.holds,
    wants: dream.wants,
    frozen: dream.frozen,
    ids: dream.ids,
    begun: dream.begun,
    commit: dream.commit,
    events: dream.events,
    live: dream.live,
  };
}
