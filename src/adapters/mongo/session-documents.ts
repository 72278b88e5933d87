/** Sessions and batches of their events as documents. */
import type {
  Block,
  NewSessionEvent,
  Session,
  SessionEvent,
  SessionKind,
  Trust,
} from "../../core/session.ts";
import {
  fromDate,
  fromPairs,
  keyOf,
  type MaybeDeleted,
  type Pair,
  sortable,
  toDate,
  toPairs,
} from "./documents.ts";

export interface SessionDocument extends MaybeDeleted {
  readonly _id: string;
  readonly tenant: string;
  readonly session_id: string;
  readonly kind: SessionKind;
  readonly dream_id: string | null;
  readonly title: string;
  readonly agent_id: string | null;
  readonly workspace_id: string | null;
  readonly memory_store_ids: readonly string[];
  readonly tags: readonly string[];
  readonly metadata: readonly Pair[];
  /** Batches above this number are not seen by readers. */
  readonly last_event: number;
  readonly edition: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly archived_at: Date | null;
}

/**
 * The events of one append: one document, so it is stored whole or not at all. Its key ends in the number of its
 * first event, so of two appends that would take the same numbers one is refused.
 */
export interface BatchDocument {
  readonly _id: string;
  readonly tenant: string;
  readonly session_id: string;
  readonly first: number;
  readonly last: number;
  readonly event_ids: readonly string[];
  readonly events: readonly EventDocument[];
  readonly created_at: Date;
}

interface EventDocument {
  readonly speaker: string;
  readonly trust: Trust;
  readonly at: Date | null;
  readonly blocks: readonly BlockDocument[];
}

type BlockDocument =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "tool_use";
      readonly tool_use_id: string;
      readonly name: string;
      readonly input: string;
    }
  | {
      readonly type: "tool_result";
      readonly tool_use_id: string;
      readonly text: string;
      readonly is_error: boolean;
    }
  | { readonly type: "other"; readonly description: string };

export function toSessionDocument(session: Session): SessionDocument {
  return {
    _id: keyOf(session),
    tenant: session.tenant,
    session_id: session.id,
    kind: session.kind,
    dream_id: session.dreamId,
    title: session.title,
    agent_id: session.agentId,
    workspace_id: session.workspaceId,
    memory_store_ids: session.memoryStoreIds,
    tags: session.tags,
    metadata: toPairs(session.metadata),
    last_event: session.lastEvent,
    edition: session.edition,
    created_at: new Date(session.createdAt),
    updated_at: new Date(session.updatedAt),
    archived_at: toDate(session.archivedAt),
  };
}

export function fromSessionDocument(document: SessionDocument): Session {
  return {
    id: document.session_id,
    tenant: document.tenant,
    kind: document.kind,
    dreamId: document.dream_id,
    title: document.title,
    agentId: document.agent_id,
    workspaceId: document.workspace_id,
    memoryStoreIds: document.memory_store_ids,
    tags: document.tags,
    metadata: fromPairs(document.metadata),
    lastEvent: document.last_event,
    edition: document.edition,
    createdAt: document.created_at.getTime(),
    updatedAt: document.updated_at.getTime(),
    archivedAt: fromDate(document.archived_at),
  };
}

/** The key of the batch whose first event has this number; keys of one session sort by it. */
export function batchKey(key: { readonly tenant: string; readonly id: string }, first: number): string {
  return `${keyOf(key)}/${sortable(first)}`;
}

export function toBatchDocument(
  session: { readonly tenant: string; readonly id: string },
  first: number,
  events: readonly NewSessionEvent[],
  now: number,
): BatchDocument {
  return {
    _id: batchKey(session, first),
    tenant: session.tenant,
    session_id: session.id,
    first,
    last: first + events.length - 1,
    event_ids: events.map((event) => event.id),
    events: events.map(({ speaker, trust, at, blocks }) => ({
      speaker,
      trust,
      at: toDate(at),
      blocks: blocks.map(toBlock),
    })),
    created_at: new Date(now),
  };
}

export function fromBatchDocument(document: BatchDocument): SessionEvent[] {
  const { session_id, first, event_ids, events, created_at } = document;
  return events.map(({ speaker, trust, at, blocks }, index) => ({
    id: event_ids[index] ?? "",
    speaker,
    trust,
    blocks: blocks.map(fromBlock),
    at: fromDate(at),
    sessionId: session_id,
    number: first + index,
    createdAt: created_at.getTime(),
  }));
}

function toBlock(block: Block): BlockDocument {
  switch (block.type) {
    case "tool_use":
      return { type: block.type, tool_use_id: block.toolUseId, name: block.name, input: block.input };
    case "tool_result":
      return {
        type: block.type,
        tool_use_id: block.toolUseId,
        text: block.text,
        is_error: block.isError,
      };
    default:
      return block;
  }
}

function fromBlock(block: BlockDocument): Block {
  switch (block.type) {
    case "tool_use":
      return { type: block.type, toolUseId: block.tool_use_id, name: block.name, input: block.input };
    case "tool_result":
      return {
        type: block.type,
        toolUseId: block.tool_use_id,
        text: block.text,
        isError: block.is_error,
      };
    default:
      return block;
  }
}
