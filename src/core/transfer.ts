/** How an export is framed: which records there are, and the hash that runs through its lines. */
import type { Sha256 } from "./memory.ts";

export const exportFormat = "reveried-export";
/** Raised when an older reveried could not import what is written now. */
export const exportVersion = 1;

/** What a tenant is made of, in the order in which an export first names each. */
export const recordKinds = [
  "content",
  "bucket",
  "head",
  "store",
  "revision",
  "version",
  "session",
  "events",
  "dream",
  "change",
] as const;
export type RecordKind = (typeof recordKinds)[number];

export type RecordCounts = Readonly<Record<RecordKind, number>>;

export const noRecords: RecordCounts = {
  content: 0,
  bucket: 0,
  head: 0,
  store: 0,
  revision: 0,
  version: 0,
  session: 0,
  events: 0,
  dream: 0,
  change: 0,
};

/** The hash before the first line. */
export const noLinesHash = "0".repeat(64);

/**
 * The hash of all lines so far, from that of the lines before and the next line without its line end. A chain, because it
 * can be taken up again from 64 digits, which a hash over the whole file cannot.
 */
export function nextLinesHash(hash: string, line: string, sha256: Sha256): string {
  return sha256(`${hash}\n${line}`);
}

/** The kind a line says it is of, or null. Every record is written with its kind first. */
export function kindOfLine(line: string): string | null {
  return /^\{"kind":"([a-z]{1,32})"[,}]/.exec(line)?.[1] ?? null;
}
