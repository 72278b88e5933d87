/** The parts of one head as records: texts before the bucket that names them, buckets before the head. */
import { limits } from "../../core/limits.ts";
import { type Bucket, emptyHead, type MemoryEntry } from "../../core/memory.ts";
import type { ServiceDeps } from "../deps.ts";
import type { TransferRecord } from "./records.ts";
import type { SentHeads } from "./sent-heads.ts";

export type HeadDeps = Pick<ServiceDeps, "memories" | "digest">;

/** How far in a head: the bucket that is next or under way, and how many of its entries are done. Behind the head: one more than there are buckets. */
export interface HeadPlace {
  readonly bucket: number;
  readonly entry: number;
}

export const startOfHead: HeadPlace = { bucket: 0, entry: 0 };

export interface HeadRecord {
  readonly record: TransferRecord;
  readonly place: HeadPlace;
}

/** Null: all of it is sent, now or before. Else what is missing from the storage, and then the head itself was not sent. */
export type MissingPart = string | null;

/** Whether a text that is missing keeps a head from being sent. An old one may have been redacted. */
export type Texts = "all" | "kept";

/** Reads a head and what it names, and yields what was not sent yet, from a place on. */
export async function* exportHead(
  deps: HeadDeps,
  tenant: string,
  sent: SentHeads,
  hash: string,
  wanted: Texts,
  from: HeadPlace,
): AsyncGenerator<HeadRecord, MissingPart, undefined> {
  if (hash === emptyHead(deps.digest.sha256).hash || sent.has(hash)) return null;
  if (from.bucket > limits.headBuckets) return null;
  const head = await deps.memories.getHead({ tenant, hash });
  if (head === null) return `head ${hash}`;
  const known = sent.knownOf(head);
  let isWhole = true;
  for (const [index, bucketHash] of head.buckets.entries()) {
    if (index < from.bucket || bucketHash === "" || known.hasBucket(bucketHash)) continue;
    const [bucket] = await deps.memories.getBuckets({ tenant, hashes: [bucketHash] });
    if (bucket === undefined) return `bucket ${bucketHash}`;
    const there = await known.contentsAt(index);
    const start = index === from.bucket ? from.entry : 0;
    for (const batch of batchesOf(bucket, there, start)) {
      const hashes = batch.map(({ contentHash }) => contentHash);
      const texts = await deps.memories.getContents({ tenant, hashes });
      for (const { position, path, contentHash } of batch) {
        const text = texts.get(contentHash);
        if (text === undefined) {
          if (wanted === "all") return `the text of ${JSON.stringify(path)} (${contentHash})`;
          isWhole = false;
          continue;
        }
        const record: TransferRecord = { kind: "content", value: { hash: contentHash, text } };
        yield { record, place: { bucket: index, entry: position + 1 } };
      }
    }
    yield { record: { kind: "bucket", value: bucket }, place: { bucket: index + 1, entry: 0 } };
  }
  if (isWhole) sent.add(head);
  yield { record: { kind: "head", value: head }, place: { bucket: limits.headBuckets + 1, entry: 0 } };
  return null;
}

interface UnsentEntry extends MemoryEntry {
  /** Its place in the bucket. */
  readonly position: number;
}

/** Entries from `start` on whose texts are to be sent, each text once, in batches that fit in memory. */
function batchesOf({ entries }: Bucket, there: ReadonlySet<string>, start: number): UnsentEntry[][] {
  const seen = new Set(there);
  const batches: UnsentEntry[][] = [];
  let batch: UnsentEntry[] = [];
  let bytes = 0;
  for (const [position, entry] of entries.entries()) {
    if (seen.has(entry.contentHash)) continue;
    seen.add(entry.contentHash);
    if (position < start) continue;
    if (batch.length === limits.transferReadsAtOnce || bytes > limits.transferAnswerBytes) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push({ ...entry, position });
    bytes += entry.sizeBytes;
  }
  return batch.length === 0 ? batches : [...batches, batch];
}
