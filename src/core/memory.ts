import type { CollectionKey } from "./dream.ts";
import { derivedId, idPrefixes } from "./ids.ts";
import { limits } from "./limits.ts";

export type Sha256 = (text: string) => string;

export interface MemoryStore {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Set for Honcho's collections; unique within the tenant. */
  readonly collection: CollectionKey | null;
  /** Paths that dreams do not write; one ending in "/" covers what lies below it. */
  readonly protectedPaths: readonly string[];
  /** Hash of the head the store shows now. */
  readonly head: string;
  /** How often the head was switched; the number of the last revision. */
  readonly revision: number;
  /** What the store held before its first revision; null: nothing. */
  readonly origin: StoreOrigin | null;
  /** Raised by each write of what is neither head nor revision; the guard of those writes. */
  readonly edition: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly archivedAt: number | null;
}

/** The head a store began with: a copy of another store's, or (null) memories older than the store's history. */
export interface StoreOrigin {
  readonly storeId: string | null;
  readonly head: string;
}

/** One memory as a bucket lists it. Text lives apart, under `contentHash`. */
export interface MemoryEntry {
  readonly path: string;
  /** The ids as of `originStoreId`; a clone shows ids of its own, see `memoryIdIn`. */
  readonly memoryId: string;
  readonly versionId: string;
  readonly originStoreId: string;
  /** SHA-256 of the UTF-8 bytes, 64 lowercase hex digits. */
  readonly contentHash: string;
  readonly sizeBytes: number;
  /** 1 for the first version, one more for each change. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** An immutable set of entries whose paths hash to one place, sorted by path; its key is the hash of its own content. */
export interface Bucket {
  readonly hash: string;
  readonly entries: readonly MemoryEntry[];
}

/** An immutable picture of a whole store: 64 bucket hashes, "" for an empty bucket; its key is the hash of those. */
export interface Head {
  readonly hash: string;
  readonly buckets: readonly string[];
  readonly entryCount: number;
  readonly totalBytes: number;
}

/** Which bucket a path belongs to: FNV-1a over its UTF-16 units. Changing this orphans every stored head. */
export function bucketOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i += 1) {
    hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % limits.headBuckets;
}

export function makeBucket(entries: readonly MemoryEntry[], sha256: Sha256): Bucket {
  const sorted = entries.toSorted((a, b) => comparePaths(a.path, b.path));
  if (sorted.length === 0) return { hash: "", entries: [] };
  const rows = sorted.map((e) => [
    e.path,
    e.memoryId,
    e.versionId,
    e.originStoreId,
    e.contentHash,
    e.sizeBytes,
    e.version,
    e.createdAt,
    e.updatedAt,
  ]);
  return { hash: sha256(JSON.stringify(rows)), entries: sorted };
}

export function makeHead(
  buckets: readonly string[],
  entryCount: number,
  totalBytes: number,
  sha256: Sha256,
): Head {
  return { hash: sha256(buckets.join("\n")), buckets, entryCount, totalBytes };
}

/** The head of a store without memories. */
export function emptyHead(sha256: Sha256): Head {
  return makeHead(
    Array.from({ length: limits.headBuckets }, () => ""),
    0,
    0,
    sha256,
  );
}

/** Byte order of UTF-16 units: the same on every machine and in every locale. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The id a memory has in a store: its own where it was written, a derived one in every clone. */
export function memoryIdIn(storeId: string, entry: MemoryEntry, sha256: Sha256): string {
  if (entry.originStoreId === storeId) return entry.memoryId;
  return derivedId(idPrefixes.memory, sha256, storeId, entry.memoryId);
}

export function versionIdIn(storeId: string, entry: MemoryEntry, sha256: Sha256): string {
  if (entry.originStoreId === storeId) return entry.versionId;
  return derivedId(idPrefixes.memoryVersion, sha256, storeId, entry.versionId);
}
