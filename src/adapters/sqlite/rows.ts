/** Rows to core types and back. The casts are the parse edge: only this program writes these tables. */
import type { Dream, Usage } from "../../core/dream.ts";
import { assertSound, canMove } from "../../core/dream-transitions.ts";
import type { Bucket, Head, MemoryStore } from "../../core/memory.ts";
import type { Session, SessionEvent } from "../../core/session.ts";

/** What a read of a dream selects. */
export const dreamColumns = "state, beat, published_to, progress, usage";

interface LiveRow {
  readonly beat: number;
  readonly published_to: number;
  readonly progress: string | null;
  readonly usage: string;
}

/** The dream in a row of `dreamColumns`; asserts that it is sound. */
export function dreamFromRow(row: object): Dream {
  const { state } = row as { readonly state: string };
  const dream = { ...JSON.parse(state), live: liveFromRow(row) } as Dream;
  assertSound(dream);
  return dream;
}

/** The live fields in a row that has at least those. */
export function liveFromRow(row: object): Dream["live"] {
  const { beat, published_to, progress, usage } = row as LiveRow;
  return {
    beat,
    progress: progress === null ? null : JSON.parse(progress),
    usageByAttempt: usageFromText(usage),
    publishedTo: published_to,
  };
}

export function usageFromText(text: string): readonly Usage[] {
  return text === "[]" ? [] : (JSON.parse(text) as Usage[]);
}

/** JSON of all that a save writes. */
export function stateText(dream: Dream): string {
  const { live: _, ...state } = dream;
  return JSON.stringify(state);
}

/** When the dream may be claimed: null for never, as things are. */
export function claimableFrom(dream: Dream): number | null {
  if (!canMove(dream.status, "claim")) return null;
  return dream.status === "pending" ? dream.notBefore : 0;
}

export const storeColumns =
  "tenant, id, name, description, metadata, workspace_id, observer, observed, protected_paths, head, revision, " +
  "origin_store_id, origin_head, edition, created_at, updated_at, archived_at";

interface StoreRow {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly metadata: string;
  readonly workspace_id: string | null;
  readonly observer: string;
  readonly observed: string;
  readonly protected_paths: string;
  readonly head: string;
  readonly revision: number;
  readonly origin_store_id: string | null;
  readonly origin_head: string | null;
  readonly edition: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly archived_at: number | null;
}

export function storeFromRow(row: object): MemoryStore {
  const r = row as StoreRow;
  return {
    id: r.id,
    tenant: r.tenant,
    name: r.name,
    description: r.description,
    metadata: JSON.parse(r.metadata),
    collection:
      r.workspace_id === null
        ? null
        : { workspaceId: r.workspace_id, observer: r.observer, observed: r.observed },
    protectedPaths: JSON.parse(r.protected_paths),
    head: r.head,
    revision: r.revision,
    origin: r.origin_head === null ? null : { storeId: r.origin_store_id, head: r.origin_head },
    edition: r.edition,
    createdAt: r.created_at,
    updatedAt: r.updated_at,
    archivedAt: r.archived_at,
  };
}

export function headFromRow(row: object): Head {
  const r = row as { hash: string; buckets: string; entry_count: number; total_bytes: number };
  return {
    hash: r.hash,
    buckets: JSON.parse(r.buckets),
    entryCount: r.entry_count,
    totalBytes: r.total_bytes,
  };
}

export function bucketFromRow(row: object): Bucket {
  const r = row as { hash: string; entries: string };
  return { hash: r.hash, entries: JSON.parse(r.entries) };
}

export const sessionColumns =
  "s.tenant, s.id, s.kind, s.dream_id, s.title, s.agent_id, s.workspace_id, s.memory_store_ids, s.tags, s.metadata, " +
  "s.last_event, s.edition, s.created_at, s.updated_at, s.archived_at";

interface SessionRow {
  readonly tenant: string;
  readonly id: string;
  readonly kind: Session["kind"];
  readonly dream_id: string | null;
  readonly title: string;
  readonly agent_id: string | null;
  readonly workspace_id: string | null;
  readonly memory_store_ids: string;
  readonly tags: string;
  readonly metadata: string;
  readonly last_event: number;
  readonly edition: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly archived_at: number | null;
}

export function sessionFromRow(row: object): Session {
  const r = row as SessionRow;
  return {
    id: r.id,
    tenant: r.tenant,
    kind: r.kind,
    dreamId: r.dream_id,
    title: r.title,
    agentId: r.agent_id,
    workspaceId: r.workspace_id,
    memoryStoreIds: JSON.parse(r.memory_store_ids),
    tags: JSON.parse(r.tags),
    metadata: JSON.parse(r.metadata),
    lastEvent: r.last_event,
    edition: r.edition,
    createdAt: r.created_at,
    updatedAt: r.updated_at,
    archivedAt: r.archived_at,
  };
}

export const eventColumns = "number, id, speaker, trust, blocks, at, created_at";

interface EventRow {
  readonly number: number;
  readonly id: string;
  readonly speaker: string;
  readonly trust: SessionEvent["trust"];
  readonly blocks: string;
  readonly at: number | null;
  readonly created_at: number;
}

export function eventFromRow(sessionId: string, row: object): SessionEvent {
  const r = row as EventRow;
  return {
    id: r.id,
    speaker: r.speaker,
    trust: r.trust,
    blocks: JSON.parse(r.blocks),
    at: r.at,
    sessionId,
    number: r.number,
    createdAt: r.created_at,
  };
}
