/** Revisions and versions of stores as documents; a field that does not apply is absent, so that partial indexes skip it. */
import type {
  Actor,
  MemoryOperation,
  MemoryVersion,
  NewVersion,
  StoreCommit,
  StoreRevision,
} from "../../core/memory-version.ts";
import type { StoreKey } from "../../ports/memory-store.ts";
import { fromDate, keyOf, sortable } from "./documents.ts";

interface ActorDocument {
  readonly kind: Actor["kind"];
  readonly id: string;
}

/** A commit that was made, as it stands in the store's document while it is the newest. */
export interface LastDocument {
  readonly number: number;
  readonly commit_id: string;
  readonly origin?: string;
  readonly base: string;
  readonly next: string;
  readonly actor: ActorDocument | null;
  readonly at: Date;
}

/** A row of the log. The key is `<tenant>/<store>/<number>`. */
export interface RevisionDocument extends LastDocument {
  readonly _id: string;
  readonly tenant: string;
  readonly store_id: string;
}

/** The key is `<tenant>/<store>/<commit>/<number>`. Written before its commit is made, so it does not say which revision. */
export interface VersionDocument {
  readonly _id: string;
  readonly tenant: string;
  readonly store_id: string;
  readonly commit_id: string;
  /** Its place in the commit. */
  readonly number: number;
  readonly version_id: string;
  readonly memory_id: string;
  readonly operation: MemoryOperation;
  readonly path?: string;
  readonly content_hash?: string;
  readonly size_bytes?: number;
  readonly version: number;
  readonly actor: ActorDocument | null;
  readonly created_at: Date;
  readonly redacted_at?: Date;
  readonly redacted_by?: ActorDocument;
}

/** What a redaction takes from a version. */
export const redactedFields = { path: 1, content_hash: 1, size_bytes: 1 } as const;

export function revisionKey({ tenant, storeId }: StoreKey, number: number): string {
  return `${keyOf({ tenant, id: storeId })}/${sortable(number)}`;
}

/** What the keys of all versions of a commit begin with. */
export function commitPrefix({ tenant, storeId }: StoreKey, commitId: string): string {
  return `${keyOf({ tenant, id: storeId })}/${commitId}/`;
}

export function versionKey(key: StoreKey, commitId: string, number: number): string {
  return `${commitPrefix(key, commitId)}${sortable(number)}`;
}

export function toLast(
  number: number,
  commit: StoreCommit,
  { base, next }: { readonly base: string; readonly next: string },
): LastDocument {
  return {
    number,
    commit_id: commit.id,
    ...(commit.origin !== null && { origin: commit.origin }),
    base,
    next,
    actor: commit.actor,
    at: new Date(commit.at),
  };
}

export function toRow(key: StoreKey, last: LastDocument): RevisionDocument {
  return { _id: revisionKey(key, last.number), tenant: key.tenant, store_id: key.storeId, ...last };
}

export function fromLast(storeId: string, last: LastDocument): StoreRevision {
  return {
    id: last.commit_id,
    origin: last.origin ?? null,
    actor: last.actor,
    at: last.at.getTime(),
    storeId,
    number: last.number,
    base: last.base,
    next: last.next,
  };
}

export function toStagedVersion(
  key: StoreKey,
  commit: StoreCommit,
  number: number,
  version: NewVersion,
): VersionDocument {
  return {
    _id: versionKey(key, commit.id, number),
    tenant: key.tenant,
    store_id: key.storeId,
    commit_id: commit.id,
    number,
    ...toFields(version),
    actor: commit.actor,
    created_at: new Date(commit.at),
  };
}

/** A version as another storage had it. */
export function toVersionDocument(tenant: string, commitId: string, version: MemoryVersion): VersionDocument {
  const key = { tenant, storeId: version.storeId };
  return {
    _id: versionKey(key, commitId, version.number),
    tenant,
    store_id: version.storeId,
    commit_id: commitId,
    number: version.number,
    ...toFields(version),
    actor: version.actor,
    created_at: new Date(version.createdAt),
    ...(version.redactedAt !== null && { redacted_at: new Date(version.redactedAt) }),
    ...(version.redactedBy !== null && { redacted_by: version.redactedBy }),
  };
}

function toFields({
  id,
  memoryId,
  operation,
  path,
  contentHash,
  sizeBytes,
  version,
}: NewVersion | MemoryVersion) {
  return {
    version_id: id,
    memory_id: memoryId,
    operation,
    ...(path !== null && { path }),
    ...(contentHash !== null && { content_hash: contentHash }),
    ...(sizeBytes !== null && { size_bytes: sizeBytes }),
    version,
  };
}

export function fromVersionDocument(document: VersionDocument, revision: number): MemoryVersion {
  return {
    id: document.version_id,
    storeId: document.store_id,
    memoryId: document.memory_id,
    revision,
    number: document.number,
    operation: document.operation,
    path: document.path ?? null,
    contentHash: document.content_hash ?? null,
    sizeBytes: document.size_bytes ?? null,
    version: document.version,
    actor: document.actor,
    createdAt: document.created_at.getTime(),
    redactedAt: fromDate(document.redacted_at ?? null),
    redactedBy: document.redacted_by ?? null,
  };
}
