/** Every collection, by what is in it. Names are those of the shell. */
import type { Collection, Db } from "mongodb";
import type { Tombstone } from "./documents.ts";
import type { DreamDocument } from "./dream-document.ts";
import type { RevisionDocument, VersionDocument } from "./history-documents.ts";
import type { ChangeDocument, Part, StoreDocument } from "./memory-documents.ts";
import type { BatchDocument, SessionDocument } from "./session-documents.ts";
import type { CounterDocument } from "./turns.ts";

export interface Collections {
  readonly dreams: Collection<DreamDocument>;
  readonly turns: Collection<CounterDocument>;
  readonly stores: Collection<StoreDocument>;
  /** The same collection as `stores`, for what is deleted there. */
  readonly storeTombstones: Collection<Tombstone>;
  readonly revisions: Collection<RevisionDocument>;
  readonly versions: Collection<VersionDocument>;
  readonly heads: Collection<Part>;
  readonly buckets: Collection<Part>;
  readonly contents: Collection<Part>;
  readonly changes: Collection<ChangeDocument>;
  readonly sessions: Collection<SessionDocument>;
  /** The same collection as `sessions`, for what is deleted there. */
  readonly sessionTombstones: Collection<Tombstone>;
  readonly batches: Collection<BatchDocument>;
}

export function collectionsOf(db: Db): Collections {
  return {
    dreams: db.collection("dreams"),
    turns: db.collection("turns"),
    stores: db.collection("memory_stores"),
    storeTombstones: db.collection("memory_stores"),
    revisions: db.collection("store_revisions"),
    versions: db.collection("memory_versions"),
    heads: db.collection("memory_heads"),
    buckets: db.collection("memory_buckets"),
    contents: db.collection("memory_contents"),
    changes: db.collection("dream_changes"),
    sessions: db.collection("sessions"),
    sessionTombstones: db.collection("sessions"),
    batches: db.collection("session_batches"),
  };
}
