/** What the parts of one import call share: lines with their records, the tally, and how a line is blamed. */
import { invalidArgument, isReveriedError, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { RestoreOutcome } from "../../ports/restore.ts";
import type { ServiceDeps } from "../deps.ts";
import type { TransferRecord } from "./records.ts";

export type ImportDeps = Pick<
  ServiceDeps,
  "memories" | "sessions" | "dreams" | "restore" | "bus" | "clock" | "digest"
>;

/** Each throws `resource_exhausted` where the tenant has no room for one more. */
export interface ImportQuotas {
  readonly stores: (tenant: string) => Promise<void>;
  readonly sessions: (tenant: string) => Promise<void>;
}

export interface ImportCall {
  readonly deps: ImportDeps;
  readonly quotas: ImportQuotas;
  readonly tenant: string;
  readonly now: number;
  /** Counts one record. */
  count(outcome: "written" | "present"): void;
}

type Kind = TransferRecord["kind"];
type OfKind<K extends Kind> = Extract<TransferRecord, { readonly kind: K }>;

/** The value of a record with the number of its line. */
export interface Line<K extends Kind = Kind> {
  readonly line: number;
  readonly value: OfKind<K>["value"];
}

export interface NumberedRecord {
  readonly line: number;
  readonly record: TransferRecord;
}

/** A line that cannot be taken, and why. */
export interface Refusal {
  readonly line: number;
  readonly error: ReveriedError;
}

/** The records of one kind out of many, in order. */
export function linesOf<K extends Kind>(records: readonly NumberedRecord[], kind: K): Line<K>[] {
  // A parse edge: the kind was just looked at.
  return records.flatMap(({ line, record }) =>
    record.kind === kind ? [{ line, value: record.value as OfKind<K>["value"] }] : [],
  );
}

/**
 * Does `work` for each line, up to `atOnce` together, and answers with the first line that is refused. All lines before that
 * one are done then, and perhaps some behind it, which repeating them shows as present. What is nobody's fault is thrown.
 */
export async function eachLine<K extends Kind>(
  lines: readonly Line<K>[],
  atOnce: number,
  work: (line: Line<K>) => Promise<void>,
): Promise<Refusal | null> {
  for (let first = 0; first < lines.length; first += atOnce) {
    const some = lines.slice(first, first + atOnce);
    const refusals = await Promise.allSettled(some.map((line) => refusalOf(line, work)));
    for (const outcome of refusals) if (outcome.status === "rejected") throw outcome.reason;
    for (const outcome of refusals) {
      if (outcome.status === "fulfilled" && outcome.value !== null) return outcome.value;
    }
  }
  return null;
}

async function refusalOf<K extends Kind>(
  line: Line<K>,
  work: (line: Line<K>) => Promise<void>,
): Promise<Refusal | null> {
  try {
    await work(line);
    return null;
  } catch (error) {
    if (!isReveriedError(error) || error.kind === "unavailable" || error.kind === "internal") throw error;
    return refusal(line.line, error);
  }
}

/** The error told of the line, for whoever has the file before them. */
export function refusal(line: number, { kind, message, details, cause }: ReveriedError): Refusal {
  // A bound of a single value is something wrong with the line, not with the call.
  const told = kind === "too_large" ? "invalid_argument" : kind;
  const options = { details: { ...details, field: "lines" }, cause };
  return { line, error: new ReveriedError(told, `line ${line}: ${message}`, options) };
}

/** Counts what became of a record; throws when something else is there. */
export function settle(call: ImportCall, what: string, outcome: RestoreOutcome): void {
  if (outcome !== "differs") {
    call.count(outcome);
    return;
  }
  throw new ReveriedError(
    "failed_precondition",
    `${what} is there already and differs; import into a tenant that does not have it`,
  );
}

/** What a record names comes before it in every export, so an import that is repeated began too late. */
export function notThere(field: string, what: string): ReveriedError {
  return invalidArgument(
    field,
    `${what} is not there; its own line comes first, so go on from an earlier line`,
  );
}

/** Looks each thing up once in a call: lines of one thing follow each other. */
export function remembered<T>(load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (key) => {
    const found = known.get(key) ?? load(key);
    known.set(key, found);
    return found;
  };
}

/** The store a record belongs to, which must have come before. */
export async function storeOf(
  stores: (id: string) => Promise<MemoryStore | null>,
  field: string,
  id: string,
): Promise<MemoryStore> {
  const store = await stores(id);
  if (store === null) throw notThere(field, `memory store ${id}`);
  return store;
}

/** How many lines are written at once where their order does not matter. */
export const inAnyOrder: number = limits.transferWritesAtOnce;
export const inOrder = 1;
