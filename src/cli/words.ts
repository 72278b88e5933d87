/** Numbers of `dream.v1` in the words that people and options use. */
import type { DescEnum } from "@bufbuild/protobuf";
import type { GenEnum } from "@bufbuild/protobuf/codegenv2";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { type DreamStatus, DreamStatusSchema } from "../../gen/dream/v1/dream_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { count } from "./output.ts";

/** The word of a value: `completed` for `DREAM_STATUS_COMPLETED`; `unknown` for one of a newer server. */
export function enumWord(schema: DescEnum, value: number): string {
  return schema.value[value]?.localName.toLowerCase() ?? "unknown";
}

export function statusWord(status: DreamStatus): string {
  return enumWord(DreamStatusSchema, status);
}

/** The value of a word. Throws `invalid_argument` naming the option and the words there are. */
export function enumValue<T extends number>(schema: GenEnum<T>, option: string, word: string): T {
  const values = schema.values.filter(({ number }) => number !== 0);
  const found = values.find(({ localName }) => localName.toLowerCase() === word);
  // The numbers of a schema are the values of its type.
  if (found !== undefined) return found.number as T;
  const known = values.map(({ localName }) => localName.toLowerCase()).join(", ");
  throw new ReveriedError("invalid_argument", `--${option}: ${JSON.stringify(word)} is none of: ${known}`);
}

/** `2026-03-02 09:15:00Z`, or a dash. */
export function timeText(time: Timestamp | undefined): string {
  if (time === undefined) return "-";
  return timestampDate(time)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

/** `2026-03-02`, or nothing. */
export function dateText(time: Timestamp | undefined): string {
  return time === undefined ? "" : timestampDate(time).toISOString().slice(0, 10);
}

/** A whole number from an option. Throws `invalid_argument` naming the option and its bounds. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new ReveriedError("invalid_argument", `--${option} must be a whole number from ${min} to ${max}`);
}

/** `2 created, 5 updated`, or that nothing changed. */
export function changesText(summary: {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly renamed: number;
  readonly conflicts: number;
}): string {
  const parts = [
    [summary.created, "created"],
    [summary.updated, "updated"],
    [summary.deleted, "deleted"],
    [summary.renamed, "renamed"],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  if (summary.conflicts > 0) told.push(`${count(summary.conflicts, "conflict")} left alone`);
  return told.length === 0 ? "nothing to change" : told.join(", ");
}

/** `512 B`, `1.2 kB`, `3.4 MB`. */
export function bytesText(bytes: number | bigint): string {
  const number = Number(bytes);
  if (number < 1_000) return `${number} B`;
  if (number < 999_950) return `${(number / 1_000).toFixed(1)} kB`;
  return `${(number / 1_000_000).toFixed(1)} MB`;
}
