/** A dream as a document: readable names, times as dates; a field that does not apply is absent, never null. */
import assert from "node:assert";
import type { ObjectId } from "mongodb";
import type { Dream, DreamStatus, DreamType, OutputBehavior } from "../../core/dream.ts";
import { assertSound } from "../../core/dream-transitions.ts";
import { fromDate, keyOf } from "./documents.ts";
import {
  type CollectionDocument,
  type CommitDocument,
  type EventDocument,
  type FrozenDocument,
  fromCollection,
  fromCommit,
  fromEvent,
  fromFrozen,
  fromIds,
  fromInputs,
  fromProgress,
  fromSummary,
  fromUsages,
  type IdsDocument,
  type InputsDocument,
  type ProgressDocument,
  type SummaryDocument,
  toCollection,
  toCommit,
  toEvent,
  toFrozen,
  toIds,
  toInputs,
  toProgress,
  toSummary,
  toUsages,
  type UsageDocument,
} from "./dream-parts.ts";

/** The dream's own state: what a guarded write replaces. The optional ones are absent unless they apply. */
export interface StateFields {
  readonly type: DreamType;
  readonly model: string;
  readonly inputs: InputsDocument;
  readonly output_behavior: OutputBehavior;
  readonly created_at: Date;
  readonly status: DreamStatus;
  readonly seq: number;
  readonly revision: number;
  readonly fence: number;
  readonly attempt: number;
  readonly leases_lost: number;
  readonly leases_lost_alone: number;
  readonly begun: boolean;
  readonly events: readonly EventDocument[];
  readonly instructions?: string;
  readonly collection?: CollectionDocument;
  readonly origin?: string;
  readonly archived_at?: Date;
  readonly holds?: readonly string[];
  readonly wants?: readonly string[];
  readonly frozen?: FrozenDocument;
  readonly ids?: IdsDocument;
  readonly commit?: CommitDocument;
  readonly not_before?: Date;
  readonly wait_reason?: string;
  readonly started_at?: Date;
  readonly worker_id?: string;
  readonly ended_at?: Date;
  readonly summary?: SummaryDocument;
  readonly error?: { readonly type: string; readonly message: string };
}

/** Fields written beside the state: by renewals and the relay, never by a guarded write. */
interface LiveFields {
  readonly beat: number;
  readonly progress?: ProgressDocument;
  /** By attempt, from "1" on. Not a list, so that each number can be raised by maximum in any order. */
  readonly usage_by_attempt: Readonly<Record<string, UsageDocument>>;
  readonly published_to: number;
  /** When the oldest unsent event happened; absent when all are sent. */
  readonly relay_due?: Date;
  readonly parked_until: Date;
}

export interface DreamDocument extends StateFields, LiveFields {
  readonly _id: string;
  readonly tenant: string;
  readonly dream_id: string;
  /** Its turn among the pending, and its id: unique, and in the order in which they are claimed. */
  readonly claim_key: string;
  /** Names the write of the last claim, so that a claim whose answer was lost knows its own. */
  readonly claim_mark?: ObjectId;
}

/** Those of the state that a dream may be without, in step with `StateFields`. */
const optionalFields = [
  "instructions",
  "collection",
  "origin",
  "archived_at",
  "holds",
  "wants",
  "frozen",
  "ids",
  "commit",
  "not_before",
  "wait_reason",
  "started_at",
  "worker_id",
  "ended_at",
  "summary",
  "error",
] as const satisfies readonly (keyof StateFields)[];

/** The document of a dream that is not stored yet. */
export function newDocument(dream: Dream, claimKey: string): DreamDocument {
  const { live } = dream;
  const unsent = dream.events.find((event) => event.number > live.publishedTo);
  return {
    _id: keyOf(dream),
    tenant: dream.tenant,
    dream_id: dream.id,
    claim_key: claimKey,
    ...toState(dream),
    beat: live.beat,
    ...(live.progress !== null && { progress: toProgress(live.progress) }),
    usage_by_attempt: toUsages(live.usageByAttempt),
    published_to: live.publishedTo,
    ...(unsent !== undefined && { relay_due: new Date(unsent.at) }),
    parked_until: new Date(0),
  };
}

/** The update that writes the whole state and leaves the live fields alone; empty fields are removed, never emptied. */
export function stateUpdate(dream: Dream): { $set: StateFields; $unset: Record<string, 1> } {
  const $set = toState(dream);
  const absent = optionalFields.filter((name) => $set[name] === undefined);
  return { $set, $unset: Object.fromEntries(absent.map((name) => [name, 1] as const)) };
}

function toState(dream: Dream): StateFields {
  const { instructions, collection, origin, archivedAt, holds, wants, frozen, ids, commit } = dream;
  return {
    type: dream.type,
    model: dream.model,
    inputs: toInputs(dream.inputs),
    output_behavior: dream.outputBehavior,
    created_at: new Date(dream.createdAt),
    status: dream.status,
    seq: dream.seq,
    revision: dream.revision,
    fence: dream.fence,
    attempt: dream.attempt,
    leases_lost: dream.leasesLost,
    leases_lost_alone: dream.leasesLostAlone,
    begun: dream.begun,
    events: dream.events.map(toEvent),
    ...(instructions !== null && { instructions }),
    ...(collection !== null && { collection: toCollection(collection) }),
    ...(origin !== null && { origin }),
    ...(archivedAt !== null && { archived_at: new Date(archivedAt) }),
    ...(holds.length > 0 && { holds }),
    ...(wants.length > 0 && { wants }),
    ...(frozen !== null && { frozen: toFrozen(frozen) }),
    ...(ids !== null && { ids: toIds(ids) }),
    ...(commit !== null && { commit: toCommit(commit) }),
    ...statusFields(dream),
  };
}

function statusFields(dream: Dream): Partial<StateFields> {
  switch (dream.status) {
    case "pending":
      return { not_before: new Date(dream.notBefore), wait_reason: dream.waitReason };
    case "running":
      return { started_at: new Date(dream.startedAt), worker_id: dream.workerId };
    case "completed":
      return { ended_at: new Date(dream.endedAt), summary: toSummary(dream.summary) };
    case "failed":
      return { ended_at: new Date(dream.endedAt), error: dream.error };
    case "canceled":
      return { ended_at: new Date(dream.endedAt) };
  }
}

/** The dream that a document holds. Fails an assert when the document is not what this file writes. */
export function toDream(document: DreamDocument): Dream {
  const base = {
    id: document.dream_id,
    tenant: document.tenant,
    type: document.type,
    model: document.model,
    instructions: document.instructions ?? null,
    inputs: fromInputs(document.inputs),
    outputBehavior: document.output_behavior,
    collection: fromCollection(document.collection),
    origin: document.origin ?? null,
    createdAt: document.created_at.getTime(),
    archivedAt: fromDate(document.archived_at ?? null),
    seq: document.seq,
    revision: document.revision,
    fence: document.fence,
    attempt: document.attempt,
    leasesLost: document.leases_lost,
    leasesLostAlone: document.leases_lost_alone,
    holds: document.holds ?? [],
    wants: document.wants ?? [],
    frozen: fromFrozen(document.frozen),
    ids: fromIds(document.ids),
    begun: document.begun,
    commit: fromCommit(document.commit),
    events: document.events.map(fromEvent),
    live: {
      beat: document.beat,
      progress: fromProgress(document.progress),
      usageByAttempt: fromUsages(document.usage_by_attempt),
      publishedTo: document.published_to,
    },
  };
  const dream = withStatus(base, document);
  assertSound(dream);
  return dream;
}

type Base = Omit<Extract<Dream, { status: "canceled" }>, "status" | "endedAt">;

function withStatus(base: Base, { status, ...document }: DreamDocument): Dream {
  switch (status) {
    case "pending":
      return {
        ...base,
        status,
        notBefore: present(document.not_before).getTime(),
        waitReason: present(document.wait_reason),
      };
    case "running":
      return {
        ...base,
        status,
        startedAt: present(document.started_at).getTime(),
        workerId: present(document.worker_id),
      };
    case "completed":
      return {
        ...base,
        status,
        endedAt: present(document.ended_at).getTime(),
        summary: fromSummary(present(document.summary)),
      };
    case "failed":
      return {
        ...base,
        status,
        endedAt: present(document.ended_at).getTime(),
        error: present(document.error),
      };
    case "canceled":
      return { ...base, status, endedAt: present(document.ended_at).getTime() };
  }
}

function present<T>(value: T | undefined): T {
  assert(value !== undefined, "a stored dream has the fields of its status");
  return value;
}
