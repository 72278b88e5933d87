/** Single fields between `dream.v1` and the core. */
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { invalidArgument } from "../../core/errors.ts";

/** The years 1 to 9999, which is what google.protobuf.Timestamp may say. */
const timestampMinMs = -62_135_596_800_000;
const timestampMaxMs = 253_402_300_799_999;

/** Unix milliseconds as a timestamp; undefined, which leaves the field out, for null. */
export function toTimestamp(ms: number): { seconds: bigint; nanos: number };
export function toTimestamp(ms: number | null): { seconds: bigint; nanos: number } | undefined;
export function toTimestamp(ms: number | null): { seconds: bigint; nanos: number } | undefined {
  if (ms === null) return undefined;
  const seconds = Math.floor(ms / 1_000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}

/** Unix milliseconds, finer parts cut off; null for an absent field. `invalid_argument` outside the years 1 to 9999. */
export function fromTimestamp(field: string, timestamp: Timestamp | undefined): number | null {
  if (timestamp === undefined) return null;
  const ms = timestampMs(timestamp);
  const nanosFit = timestamp.nanos >= 0 && timestamp.nanos < 1_000_000_000;
  if (!nanosFit || !(ms >= timestampMinMs && ms <= timestampMaxMs)) {
    throw invalidArgument(field, "is not a time between the years 1 and 9999");
  }
  return Math.floor(ms);
}

/** A number of the wire that must be exact; `invalid_argument` for one no list is that long. */
export function fromInt64(field: string, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw invalidArgument(field, "is out of range");
  return number;
}

/** Absent and empty mean the same in a filter. */
export function orNull(text: string): string | null {
  return text === "" ? null : text;
}
