/**
 * The records of an export. Each is one line of JSON with its kind first; the shapes say what else it has. No record names
 * a tenant: an export is imported into the tenant of whoever imports it.
 *
 * - `begin`: format and version.
 * - `content`, `bucket`, `head`: the parts of stores, each under its hash and before what names it.
 * - `store`: after the parts of its head and of the head it began with.
 * - `revision`, `version`: the history of a store, revisions first. The texts of a version come before it, and the heads of a
 *   revision that can be reverted before that one.
 * - `session`, and its `events` in order.
 * - `dream`, after the heads that it still needs, and its `change`s with their texts.
 * - `end`: how many records of each kind there were, and the hash of all lines before it (`nextLinesHash`).
 */
import { invalidArgument } from "../../core/errors.ts";
import type { Bucket, Head, Sha256 } from "../../core/memory.ts";
import type { MemoryVersion, StoreRevision } from "../../core/memory-version.ts";
import { exportFormat, exportVersion, type RecordCounts, recordKinds } from "../../core/transfer.ts";
import { type ChangeRecord, changeShape } from "./change-shapes.ts";
import { type DreamRecord, dreamShape } from "./dream-shapes.ts";
import {
  bucketShape,
  type Content,
  contentShape,
  headShape,
  revisionShape,
  type StoreRecord,
  storeShape,
  versionShape,
} from "./memory-shapes.ts";
import { type EventsRecord, eventsShape, type SessionRecord, sessionShape } from "./session-shapes.ts";
import { checked, integer, objectOf, quoted, type Shape, textOf } from "./shape.ts";
import { count, hash } from "./values.ts";

interface RecordValues {
  readonly begin: { readonly format: string; readonly version: number };
  readonly content: Content;
  readonly bucket: Bucket;
  readonly head: Head;
  readonly store: StoreRecord;
  readonly revision: StoreRevision;
  readonly version: MemoryVersion;
  readonly session: SessionRecord;
  readonly events: EventsRecord;
  readonly dream: DreamRecord;
  readonly change: ChangeRecord;
  readonly end: { readonly counts: RecordCounts; readonly hash: string };
}

type Kind = keyof RecordValues;
type RecordOf<K extends Kind> = { readonly kind: K; readonly value: RecordValues[K] };
/** A record in the types of the core. */
export type TransferRecord = { [K in Kind]: RecordOf<K> }[Kind];

export interface RecordCodec {
  /** The line without its end. */
  encode(record: TransferRecord): string;
  /** Throws a `ReveriedError` that names the field for anything that is not a sound record. */
  decode(line: string): TransferRecord;
}

/** Writes and reads the records of one tenant. */
export function createRecordCodec(sha256: Sha256, tenant: string): RecordCodec {
  const shapes: { readonly [K in Kind]: Shape<RecordValues[K]> } = {
    begin: beginShape,
    content: contentShape(sha256),
    bucket: bucketShape(sha256),
    head: headShape(sha256),
    store: storeShape,
    revision: revisionShape,
    version: versionShape,
    session: sessionShape,
    events: eventsShape,
    dream: dreamShape(tenant),
    change: changeShape,
    end: endShape,
  };
  const kinds = new Set(Object.keys(shapes));
  // A parse edge: a record's value is of its kind, which TypeScript does not follow through a union.
  const shapeOf = (kind: string) => shapes[kind as Kind] as Shape<unknown>;
  return {
    encode: ({ kind, value }) => {
      const fields = shapeOf(kind).encode(value);
      return JSON.stringify({ kind, ...(fields as Readonly<Record<string, unknown>>) });
    },
    decode(line) {
      const { kind, fields } = parseLine(line);
      if (!kinds.has(kind)) throw invalidArgument("kind", `${quoted(kind)} is no kind of record`);
      return { kind, value: shapeOf(kind).decode(kind, fields) } as TransferRecord;
    },
  };
}

const begin = objectOf<RecordValues["begin"]>({
  format: textOf((field, text) => {
    if (text !== exportFormat) throw invalidArgument(field, `must be ${exportFormat}`);
  }),
  version: integer(1),
});

const beginShape = checked(begin, (field, { version }) => {
  if (version <= exportVersion) return;
  throw invalidArgument(
    `${field}.version`,
    `is ${version}, and this reveried knows versions up to ${exportVersion}; import with a newer one`,
  );
});

const counts = objectOf<RecordCounts>(
  // A parse edge: these are all the names of `RecordCounts`.
  Object.fromEntries(recordKinds.map((kind) => [kind, count])) as Record<keyof RecordCounts, Shape<number>>,
);
const endShape = objectOf<RecordValues["end"]>({ counts, hash });

function parseLine(line: string): { readonly kind: string; readonly fields: object } {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw invalidArgument("record", line === "" ? "is an empty line" : "is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalidArgument("record", "must be a JSON object");
  }
  const { kind, ...fields } = json as Readonly<Record<string, unknown>>;
  if (typeof kind !== "string") throw invalidArgument("record", "must have a kind");
  return { kind, fields };
}
