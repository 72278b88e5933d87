/** The parts of a dream's document, each with its way there and back. */
import {
  type AttemptIds,
  type CollectionKey,
  type Commit,
  type DreamInputs,
  type DreamStatus,
  type DreamSummary,
  type FrozenInputs,
  noUsage,
  type Progress,
  type Usage,
} from "../../core/dream.ts";
import type { DreamEvent, DreamEventKind } from "../../core/dream-event.ts";

export interface IdsDocument {
  readonly output_store_id: string;
  readonly session_id: string;
}

export interface ProgressDocument extends Omit<Progress, "at"> {
  readonly at: Date;
}

export interface InputsDocument {
  readonly memory_store_id: string;
  readonly sessions:
    | { readonly kind: "ids"; readonly ids: readonly string[] }
    | { readonly kind: "workspace"; readonly workspace_id: string; readonly max: number };
}

export interface CollectionDocument {
  readonly workspace_id: string;
  readonly observer: string;
  readonly observed: string;
}

export interface FrozenDocument {
  readonly head: string;
  readonly sessions: readonly { readonly id: string; readonly last_event: number }[];
}

export interface SummaryDocument extends Omit<DreamSummary, "sessionsRead" | "eventsRead" | "memoriesRead"> {
  readonly sessions_read: number;
  readonly events_read: number;
  readonly memories_read: number;
}

export interface CommitDocument {
  /** Absent in documents of schema version 1. */
  readonly id?: string;
  readonly store_id: string;
  readonly base: string;
  readonly next: string;
  readonly summary: SummaryDocument;
}

export interface UsageDocument {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
}

export interface EventDocument {
  readonly number: number;
  readonly kind: DreamEventKind;
  readonly at: Date;
  readonly from: DreamStatus | null;
  readonly to: DreamStatus;
  readonly attempt: number;
  readonly reason: string;
  readonly error: { readonly type: string; readonly message: string } | null;
  readonly output_store_id: string | null;
}

export function toInputs({ memoryStoreId, sessions }: DreamInputs): InputsDocument {
  const memory_store_id = memoryStoreId;
  if (sessions.kind === "ids") return { memory_store_id, sessions };
  const { workspaceId, max } = sessions;
  return { memory_store_id, sessions: { kind: "workspace", workspace_id: workspaceId, max } };
}

export function fromInputs({ memory_store_id, sessions }: InputsDocument): DreamInputs {
  const memoryStoreId = memory_store_id;
  if (sessions.kind === "ids") return { memoryStoreId, sessions };
  const { workspace_id, max } = sessions;
  return { memoryStoreId, sessions: { kind: "workspace", workspaceId: workspace_id, max } };
}

export function toCollection({ workspaceId, observer, observed }: CollectionKey): CollectionDocument {
  return { workspace_id: workspaceId, observer, observed };
}

export function fromCollection(document: CollectionDocument | undefined): CollectionKey | null {
  if (document === undefined) return null;
  const { workspace_id, observer, observed } = document;
  return { workspaceId: workspace_id, observer, observed };
}

export function toFrozen({ head, sessions }: FrozenInputs): FrozenDocument {
  return { head, sessions: sessions.map(({ id, lastEvent }) => ({ id, last_event: lastEvent })) };
}

export function fromFrozen(document: FrozenDocument | undefined): FrozenInputs | null {
  if (document === undefined) return null;
  const sessions = document.sessions.map(({ id, last_event }) => ({ id, lastEvent: last_event }));
  return { head: document.head, sessions };
}

export function toIds({ outputStoreId, sessionId }: AttemptIds): IdsDocument {
  return { output_store_id: outputStoreId, session_id: sessionId };
}

export function fromIds(document: IdsDocument | undefined): AttemptIds | null {
  if (document === undefined) return null;
  return { outputStoreId: document.output_store_id, sessionId: document.session_id };
}

export function toSummary(summary: DreamSummary): SummaryDocument {
  const { sessionsRead, eventsRead, memoriesRead, ...same } = summary;
  return { ...same, sessions_read: sessionsRead, events_read: eventsRead, memories_read: memoriesRead };
}

export function fromSummary(document: SummaryDocument): DreamSummary {
  const { sessions_read, events_read, memories_read, ...same } = document;
  return { ...same, sessionsRead: sessions_read, eventsRead: events_read, memoriesRead: memories_read };
}

export function toCommit({ id, storeId, base, next, summary }: Commit): CommitDocument {
  return { id, store_id: storeId, base, next, summary: toSummary(summary) };
}

export function fromCommit(document: CommitDocument | undefined): Commit | null {
  if (document === undefined) return null;
  const { id = "", store_id, base, next, summary } = document;
  return { id, storeId: store_id, base, next, summary: fromSummary(summary) };
}

export function toProgress(progress: Progress): ProgressDocument {
  return { ...progress, at: new Date(progress.at) };
}

export function fromProgress(document: ProgressDocument | undefined): Progress | null {
  return document === undefined ? null : { ...document, at: document.at.getTime() };
}

export function toUsage(usage: Usage): UsageDocument {
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cache_creation_input_tokens: usage.cacheCreationInputTokens,
    cache_read_input_tokens: usage.cacheReadInputTokens,
  };
}

export function toUsages(usages: readonly Usage[]): Record<string, UsageDocument> {
  return Object.fromEntries(usages.map((usage, index) => [String(index + 1), toUsage(usage)]));
}

/** By attempt, the first at index 0; an attempt that reported nothing used nothing. */
export function fromUsages(documents: Readonly<Record<string, UsageDocument>>): Usage[] {
  const attempts = Math.max(0, ...Object.keys(documents).map(Number));
  return Array.from({ length: attempts }, (_, index) => fromUsage(documents[String(index + 1)]));
}

function fromUsage(document: UsageDocument | undefined): Usage {
  if (document === undefined) return noUsage;
  return {
    inputTokens: document.input_tokens,
    outputTokens: document.output_tokens,
    cacheCreationInputTokens: document.cache_creation_input_tokens,
    cacheReadInputTokens: document.cache_read_input_tokens,
  };
}

export function toEvent(event: DreamEvent): EventDocument {
  const { outputStoreId, at, ...same } = event;
  return { ...same, at: new Date(at), output_store_id: outputStoreId };
}

export function fromEvent(document: EventDocument): DreamEvent {
  const { output_store_id, at, ...same } = document;
  return { ...same, at: at.getTime(), outputStoreId: output_store_id };
}
