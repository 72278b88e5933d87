/** Memory stores, their parts and recorded changes as documents. */
import type { Edit, RecordedChange, Source } from "../../core/change-set.ts";
import type { Bucket, Head, MemoryEntry, MemoryStore } from "../../core/memory.ts";
import type { Trust } from "../../core/session.ts";
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
import { type CollectionDocument, fromCollection, toCollection } from "./dream-parts.ts";
import type { LastDocument } from "./history-documents.ts";

export interface StoreDocument extends MaybeDeleted {
  readonly _id: string;
  readonly tenant: string;
  readonly store_id: string;
  readonly name: string;
  readonly description: string;
  readonly metadata: readonly Pair[];
  /** Absent, not null, for a store that is no collection's: the unique index skips it by that. */
  readonly collection?: CollectionDocument;
  readonly protected_paths: readonly string[];
  readonly head: string;
  readonly revision: number;
  /** The newest revision; absent while there is none, or when it is no longer kept. */
  readonly last?: LastDocument;
  readonly origin: { readonly store_id: string | null; readonly head: string } | null;
  readonly edition: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly archived_at: Date | null;
}

/** What all immutable parts have. The key is `<tenant>/<hash>`. */
export interface Part {
  readonly _id: string;
  readonly touched_at: Date;
}

export interface HeadDocument extends Part {
  readonly buckets: readonly string[];
  readonly entry_count: number;
  readonly total_bytes: number;
}

export interface BucketDocument extends Part {
  readonly entries: readonly EntryDocument[];
}

export interface ContentDocument extends Part {
  readonly text: string;
}

interface EntryDocument {
  readonly path: string;
  readonly memory_id: string;
  readonly version_id: string;
  readonly origin_store_id: string;
  readonly content_hash: string;
  readonly size_bytes: number;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** The key is `<tenant>/<dream>/<attempt>/<index>`. */
export interface ChangeDocument extends ChangePlace {
  readonly _id: string;
  readonly kind: RecordedChange["kind"];
  readonly path: string;
  readonly to_path: string | null;
  readonly before_hash: string | null;
  readonly after_hash: string | null;
  readonly base_version_id: string | null;
  readonly conflict: boolean;
  readonly reason: string;
  readonly trust: Trust;
  readonly flags: readonly string[];
  readonly edits: readonly EditDocument[];
}

/** Where a change is kept, in fields too, because keys do not sort attempts by number. */
export interface ChangePlace {
  readonly tenant: string;
  readonly dream_id: string;
  readonly attempt: number;
  readonly index: number;
}

interface EditDocument extends Omit<Edit, "sources"> {
  readonly sources: readonly SourceDocument[];
}

type SourceDocument =
  | {
      readonly kind: "event";
      readonly session_id: string;
      readonly event_number: number;
      readonly event_id: string;
      readonly speaker: string;
      readonly at: Date | null;
      readonly trust: Trust;
      readonly quote: string;
    }
  | {
      readonly kind: "memory";
      readonly path: string;
      readonly memory_id: string;
      readonly version_id: string;
      readonly trust: Trust;
      readonly quote: string;
    };

export function toStoreDocument(store: MemoryStore): StoreDocument {
  return {
    _id: keyOf(store),
    tenant: store.tenant,
    store_id: store.id,
    name: store.name,
    description: store.description,
    metadata: toPairs(store.metadata),
    ...(store.collection !== null && { collection: toCollection(store.collection) }),
    protected_paths: store.protectedPaths,
    head: store.head,
    revision: store.revision,
    origin: store.origin === null ? null : { store_id: store.origin.storeId, head: store.origin.head },
    edition: store.edition,
    created_at: new Date(store.createdAt),
    updated_at: new Date(store.updatedAt),
    archived_at: toDate(store.archivedAt),
  };
}

export function fromStoreDocument(document: StoreDocument): MemoryStore {
  return {
    id: document.store_id,
    tenant: document.tenant,
    name: document.name,
    description: document.description,
    metadata: fromPairs(document.metadata),
    collection: fromCollection(document.collection),
    protectedPaths: document.protected_paths,
    head: document.head,
    revision: document.revision,
    origin:
      document.origin === null ? null : { storeId: document.origin.store_id, head: document.origin.head },
    edition: document.edition,
    createdAt: document.created_at.getTime(),
    updatedAt: document.updated_at.getTime(),
    archivedAt: fromDate(document.archived_at),
  };
}

export function toHeadFields(head: Head): Omit<HeadDocument, keyof Part> {
  return { buckets: head.buckets, entry_count: head.entryCount, total_bytes: head.totalBytes };
}

export function fromHeadDocument(hash: string, document: HeadDocument): Head {
  const { buckets, entry_count, total_bytes } = document;
  return { hash, buckets, entryCount: entry_count, totalBytes: total_bytes };
}

export function toBucketFields(bucket: Bucket): Omit<BucketDocument, keyof Part> {
  return { entries: bucket.entries.map(toEntry) };
}

export function fromBucketDocument(hash: string, document: BucketDocument): Bucket {
  return { hash, entries: document.entries.map(fromEntry) };
}

function toEntry(entry: MemoryEntry): EntryDocument {
  return {
    path: entry.path,
    memory_id: entry.memoryId,
    version_id: entry.versionId,
    origin_store_id: entry.originStoreId,
    content_hash: entry.contentHash,
    size_bytes: entry.sizeBytes,
    version: entry.version,
    created_at: new Date(entry.createdAt),
    updated_at: new Date(entry.updatedAt),
  };
}

function fromEntry(document: EntryDocument): MemoryEntry {
  return {
    path: document.path,
    memoryId: document.memory_id,
    versionId: document.version_id,
    originStoreId: document.origin_store_id,
    contentHash: document.content_hash,
    sizeBytes: document.size_bytes,
    version: document.version,
    createdAt: document.created_at.getTime(),
    updatedAt: document.updated_at.getTime(),
  };
}

/** What the keys of all changes of an attempt begin with. */
export function changePrefix(tenant: string, dreamId: string, attempt: number): string {
  return `${keyOf({ tenant, id: dreamId })}/${attempt}/`;
}

export function toChangeDocument(place: ChangePlace, change: RecordedChange): ChangeDocument {
  const { toPath, beforeHash, afterHash, baseVersionId, edits, ...same } = change;
  return {
    _id: changePrefix(place.tenant, place.dream_id, place.attempt) + sortable(place.index),
    ...place,
    ...same,
    to_path: toPath,
    before_hash: beforeHash,
    after_hash: afterHash,
    base_version_id: baseVersionId,
    edits: edits.map((edit) => ({ ...edit, sources: edit.sources.map(toSource) })),
  };
}

export function fromChangeDocument(document: ChangeDocument): RecordedChange {
  const { to_path, before_hash, after_hash, base_version_id, edits, ...rest } = document;
  const { _id, tenant, dream_id, attempt, index, ...same } = rest;
  return {
    ...same,
    toPath: to_path,
    beforeHash: before_hash,
    afterHash: after_hash,
    baseVersionId: base_version_id,
    edits: edits.map((edit) => ({ ...edit, sources: edit.sources.map(fromSource) })),
  };
}

function toSource(source: Source): SourceDocument {
  if (source.kind === "memory") {
    const { memoryId, versionId, ...same } = source;
    return { ...same, memory_id: memoryId, version_id: versionId };
  }
  const { sessionId, eventNumber, eventId, at, ...same } = source;
  return {
    ...same,
    session_id: sessionId,
    event_number: eventNumber,
    event_id: eventId,
    at: toDate(at),
  };
}

function fromSource(document: SourceDocument): Source {
  if (document.kind === "memory") {
    const { memory_id, version_id, ...same } = document;
    return { ...same, memoryId: memory_id, versionId: version_id };
  }
  const { session_id, event_number, event_id, at, ...same } = document;
  return {
    ...same,
    sessionId: session_id,
    eventNumber: event_number,
    eventId: event_id,
    at: fromDate(at),
  };
}
