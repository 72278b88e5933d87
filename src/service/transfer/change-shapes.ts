/** Recorded changes of a dream as records show them. What an engine wrote in its own words is bounded by the line alone. */
import type { Edit, RecordedChange, Source } from "../../core/change-set.ts";
import { limits } from "../../core/limits.ts";
import { trusts } from "../../core/session.ts";
import { flag, integer, listOf, nullable, objectOf, oneOf, type Shape, unionOf } from "./shape.ts";
import { anyText, hash, ownId, path, positive, saidTime } from "./values.ts";

const flagsMax = 100;

const source = unionOf<Source, "kind">("kind", {
  event: objectOf({
    sessionId: ownId,
    eventNumber: positive,
    eventId: anyText,
    speaker: anyText,
    at: nullable(saidTime),
    trust: oneOf(trusts),
    quote: anyText,
  }),
  memory: objectOf({
    path,
    memoryId: ownId,
    versionId: ownId,
    trust: oneOf(trusts),
    quote: anyText,
  }),
});

const edit = objectOf<Edit>({
  kind: oneOf(["add", "remove", "replace", "merge", "supersede", "move"]),
  before: nullable(anyText),
  after: nullable(anyText),
  reason: anyText,
  sources: listOf(source, { max: limits.sourcesPerEdit }),
});

const change = objectOf<RecordedChange>({
  kind: oneOf(["create", "update", "delete", "rename"]),
  path,
  toPath: nullable(path),
  beforeHash: nullable(hash),
  afterHash: nullable(hash),
  baseVersionId: nullable(ownId),
  conflict: flag,
  reason: anyText,
  edits: listOf(edit, { max: limits.editsPerChange }),
  trust: oneOf(trusts),
  flags: listOf(anyText, { max: flagsMax }),
});

/** A change with where it is kept. */
export interface ChangeRecord {
  readonly dreamId: string;
  readonly attempt: number;
  readonly index: number;
  readonly change: RecordedChange;
}

export const changeShape: Shape<ChangeRecord> = objectOf<ChangeRecord>({
  dreamId: ownId,
  attempt: positive,
  index: integer(0, limits.changesPerDream),
  change,
});
