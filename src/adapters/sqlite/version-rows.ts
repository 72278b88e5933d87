/** Rows of a store's history to core types and back. The casts are the parse edge, as in `rows.ts`. */
import type { Actor, MemoryVersion, StoreRevision } from "../../core/memory-version.ts";

export const revisionColumns = "store_id, number, commit_id, origin, base, next, actor_kind, actor_id, at";

interface RevisionRow {
  readonly store_id: string;
  readonly number: number;
  readonly commit_id: string;
  readonly origin: string | null;
  readonly base: string;
  readonly next: string;
  readonly actor_kind: Actor["kind"] | null;
  readonly actor_id: string;
  readonly at: number;
}

export function revisionFromRow(row: object): StoreRevision {
  const r = row as RevisionRow;
  return {
    storeId: r.store_id,
    number: r.number,
    id: r.commit_id,
    origin: r.origin,
    base: r.base,
    next: r.next,
    actor: actorFrom(r.actor_kind, r.actor_id),
    at: r.at,
  };
}

/** What a read of a version selects, from the version as `v` and the revision it came with as `r`. */
export const versionColumns =
  "v.id, v.store_id, v.memory_id, r.number AS revision, v.number, v.operation, v.path, v.content_hash, v.size_bytes, " +
  "v.version, v.actor_kind, v.actor_id, v.created_at, v.redacted_at, v.redacted_by_kind, v.redacted_by_id";

/** A version is shown by the revision of its commit, and by nothing before. */
export const madeBy = "r.tenant = v.tenant AND r.store_id = v.store_id AND r.commit_id = v.commit_id";

interface VersionRow {
  readonly id: string;
  readonly store_id: string;
  readonly memory_id: string;
  readonly revision: number;
  readonly number: number;
  readonly operation: MemoryVersion["operation"];
  readonly path: string | null;
  readonly content_hash: string | null;
  readonly size_bytes: number | null;
  readonly version: number;
  readonly actor_kind: Actor["kind"] | null;
  readonly actor_id: string;
  readonly created_at: number;
  readonly redacted_at: number | null;
  readonly redacted_by_kind: Actor["kind"] | null;
  readonly redacted_by_id: string;
}

export function versionFromRow(row: object): MemoryVersion {
  const r = row as VersionRow;
  return {
    id: r.id,
    storeId: r.store_id,
    memoryId: r.memory_id,
    revision: r.revision,
    number: r.number,
    operation: r.operation,
    path: r.path,
    contentHash: r.content_hash,
    sizeBytes: r.size_bytes,
    version: r.version,
    actor: actorFrom(r.actor_kind, r.actor_id),
    createdAt: r.created_at,
    redactedAt: r.redacted_at,
    redactedBy: actorFrom(r.redacted_by_kind, r.redacted_by_id),
  };
}

function actorFrom(kind: Actor["kind"] | null, id: string): Actor | null {
  return kind === null ? null : { kind, id };
}
