/** Stores, their history and their parts as records show them. */
import { checkContent, checkLine, checkMetadata, checkName, checkText } from "../../core/check.ts";
import type { CollectionKey } from "../../core/dream.ts";
import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import {
  type Bucket,
  bucketOf,
  comparePaths,
  type Head,
  type MemoryEntry,
  type MemoryStore,
  makeBucket,
  makeHead,
  type Sha256,
  type StoreOrigin,
} from "../../core/memory.ts";
import {
  type Actor,
  type MemoryVersion,
  memoryOperations,
  type StoreRevision,
} from "../../core/memory-version.ts";
import { checkProtectedPaths } from "../../core/protected-paths.ts";
import {
  checked,
  integer,
  listOf,
  nullable,
  objectOf,
  oneOf,
  type Shape,
  textOf,
  textsByName,
} from "./shape.ts";
import { callerId, count, hash, origin, ownId, path, peerName, positive, time } from "./values.ts";

export interface Content {
  readonly hash: string;
  readonly text: string;
}

/** A text under its own hash. */
export function contentShape(sha256: Sha256): Shape<Content> {
  const text = textOf((field, value) => void checkContent(field, value, limits.memoryContentBytes));
  return checked(objectOf<Content>({ hash, text }), (field, content) => {
    if (sha256(content.text) !== content.hash) throw notItsHash(field, "the text");
  });
}

const entry = objectOf<MemoryEntry>({
  path,
  memoryId: ownId,
  versionId: ownId,
  originStoreId: ownId,
  contentHash: hash,
  sizeBytes: integer(0, limits.memoryContentBytes),
  version: positive,
  createdAt: time,
  updatedAt: time,
});

/** Entries of one place, sorted by path, under the hash that follows from them. */
export function bucketShape(sha256: Sha256): Shape<Bucket> {
  const entries = listOf(entry, { min: 1, max: limits.memoriesPerStore });
  return checked(objectOf<Bucket>({ hash, entries }), (field, bucket) => {
    const place = bucketOf(bucket.entries[0]?.path ?? "");
    for (const [index, { path: at }] of bucket.entries.entries()) {
      const before = bucket.entries[index - 1]?.path;
      if (before !== undefined && comparePaths(before, at) >= 0) {
        throw invalidArgument(`${field}.entries[${index}].path`, "must come after the path before it");
      }
      if (bucketOf(at) !== place) {
        throw invalidArgument(`${field}.entries[${index}].path`, "belongs to another bucket than the first");
      }
    }
    if (makeBucket(bucket.entries, sha256).hash !== bucket.hash) throw notItsHash(field, "the entries");
  });
}

/** Which bucket is where, under the hash that follows; whether the buckets are there is for the import to see. */
export function headShape(sha256: Sha256): Shape<Head> {
  const bucketHash = textOf((field, text) => {
    if (text !== "") hash.decode(field, text);
  });
  const shape = objectOf<Head>({
    hash,
    buckets: listOf(bucketHash, { min: limits.headBuckets, max: limits.headBuckets }),
    entryCount: integer(0, limits.memoriesPerStore),
    totalBytes: integer(0, limits.storeBytes),
  });
  return checked(shape, (field, head) => {
    const made = makeHead(head.buckets, head.entryCount, head.totalBytes, sha256);
    if (made.hash !== head.hash) throw notItsHash(field, "the buckets");
  });
}

export const collection = objectOf<CollectionKey>({
  workspaceId: peerName,
  observer: textOf((field, text) => checkLine(field, text, limits.peerNameLength)),
  observed: textOf((field, text) => checkLine(field, text, limits.peerNameLength)),
});

const protectedPaths = listOf(
  textOf((field, text) => checkText(field, text, limits.pathBytes + 1)),
  { max: limits.protectedPathsPerStore },
);

export type StoreRecord = Omit<MemoryStore, "tenant">;

export const storeShape: Shape<StoreRecord> = objectOf<StoreRecord>({
  id: ownId,
  name: textOf((field, text) => checkName(field, text, limits.nameLength)),
  description: textOf((field, text) => checkText(field, text, limits.descriptionLength)),
  metadata: textsByName(checkMetadata),
  collection: nullable(collection),
  protectedPaths: checked(protectedPaths, checkProtectedPaths),
  head: hash,
  revision: count,
  origin: nullable(objectOf<StoreOrigin>({ storeId: nullable(ownId), head: hash })),
  edition: positive,
  createdAt: time,
  updatedAt: time,
  archivedAt: nullable(time),
});

const actor = nullable(objectOf<Actor>({ kind: oneOf(["api_key", "session", "dream"]), id: callerId }));

export const revisionShape: Shape<StoreRevision> = objectOf<StoreRevision>({
  storeId: ownId,
  // 0 is that of what the store began with, once a version of that was redacted.
  number: count,
  id: ownId,
  origin: nullable(origin),
  actor,
  at: time,
  base: hash,
  next: hash,
});

const version = objectOf<MemoryVersion>({
  storeId: ownId,
  id: ownId,
  memoryId: ownId,
  revision: count,
  number: count,
  operation: oneOf(memoryOperations),
  path: nullable(path),
  contentHash: nullable(hash),
  sizeBytes: nullable(integer(0, limits.memoryContentBytes)),
  version: positive,
  actor,
  createdAt: time,
  redactedAt: nullable(time),
  redactedBy: actor,
});

/** What a version has follows from what it did and whether it was redacted. */
export const versionShape: Shape<MemoryVersion> = checked(version, (field, read) => {
  const redacted = read.redactedAt !== null;
  const hasText = !redacted && read.operation !== "deleted";
  if ((read.path === null) !== redacted) {
    throw invalidArgument(`${field}.path`, redacted ? "must be null when redacted" : "must not be null");
  }
  if ((read.contentHash !== null) !== hasText || (read.sizeBytes !== null) !== hasText) {
    const must = hasText ? "must not be null" : "must be null when deleted or redacted";
    throw invalidArgument(`${field}.content_hash`, `and size_bytes ${must}`);
  }
  if (!redacted && read.redactedBy !== null) {
    throw invalidArgument(`${field}.redacted_by`, "must be null unless redacted");
  }
});

function notItsHash(field: string, what: string) {
  return invalidArgument(`${field}.hash`, `is not the hash of ${what}`);
}
