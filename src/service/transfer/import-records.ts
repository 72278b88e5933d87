/** Takes lines of an export into the caller's tenant. */
import { byteLength } from "../../core/check.ts";
import { invalidArgument, isReveriedError, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import { createQuota } from "../quota.ts";
import {
  type ImportCall,
  type ImportDeps,
  linesOf,
  type NumberedRecord,
  type Refusal,
  refusal,
} from "./import-call.ts";
import { importChanges, importDreams } from "./import-dreams.ts";
import { importBuckets, importContents, importHeads } from "./import-parts.ts";
import { importEvents, importSessions } from "./import-sessions.ts";
import { importRevisions, importStores, importVersions } from "./import-stores.ts";
import { createRecordCodec, type TransferRecord } from "./records.ts";

export interface ImportRecordsRequest {
  /** Whole lines in the order of the export. */
  readonly lines: string;
  /** The number of the first of them in the whole export, from 1; 0 means 1. */
  readonly firstLine: number;
}

export interface ImportedRecords {
  /** Records written by this call. */
  readonly written: number;
  /** Records that were there already, gone on since or not. */
  readonly present: number;
}

/**
 * Writes what is not there yet and changes nothing that is, so an import that broke off is repeated from any earlier line.
 * `invalid_argument` names the line and what is wrong with it, and the lines before it are kept; `failed_precondition` when a
 * thing of that id is there and is neither the same nor what the same became since.
 */
export type ImportRecords = (principal: Principal, request: ImportRecordsRequest) => Promise<ImportedRecords>;

export function createImportRecords(deps: ImportDeps): ImportRecords {
  const quotas = {
    stores: createQuota((query) => deps.memories.count(query), {
      what: "memory stores",
      max: limits.storesPerTenant,
      instead: "delete some",
    }),
    sessions: createQuota((query) => deps.sessions.count(query), {
      what: "sessions",
      max: limits.sessionsPerTenant,
      instead: "delete some",
    }),
  };
  return async ({ tenant }, { lines, firstLine }) => {
    const first = firstLine === 0 ? 1 : firstLine;
    const { records, refused } = readLines(deps, tenant, splitLines(lines, first), first);
    const done = { written: 0, present: 0 };
    const call: ImportCall = {
      deps,
      quotas,
      tenant,
      now: deps.clock.now(),
      count(outcome) {
        done[outcome] += 1;
      },
    };
    const firstRefused = await importAll(call, records, refused);
    if (firstRefused !== null) throw firstRefused.error;
    return done;
  };
}

function splitLines(text: string, firstLine: number): string[] {
  if (!Number.isSafeInteger(firstLine) || firstLine < 1)
    throw invalidArgument("first_line", "must be at least 1");
  if (text === "") throw invalidArgument("lines", "must not be empty");
  const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  const max = lines.length === 1 ? limits.transferLineBytes : limits.transferCallBytes;
  const size = text.length > max ? text.length : byteLength(text);
  if (size <= max) return lines;
  const what = lines.length === 1 ? "a line" : "several lines in one call";
  throw new ReveriedError("too_large", `lines: ${what} may have ${max} bytes, not ${size}`, {
    details: { field: "lines", limit: max },
  });
}

interface ReadLines {
  readonly records: readonly NumberedRecord[];
  /** The line behind the last record, when it is none. */
  readonly refused: Refusal | null;
}

/** The records up to the first line that is none. */
function readLines(
  deps: Pick<ImportDeps, "digest">,
  tenant: string,
  lines: readonly string[],
  firstLine: number,
): ReadLines {
  const codec = createRecordCodec(deps.digest.sha256, tenant);
  const records: NumberedRecord[] = [];
  for (const [index, text] of lines.entries()) {
    const line = firstLine + index;
    try {
      const record = codec.decode(text);
      checkPlace(line, record, index === lines.length - 1);
      records.push({ line, record });
    } catch (error) {
      if (!isReveriedError(error)) throw error;
      return { records, refused: refusal(line, error) };
    }
  }
  return { records, refused: null };
}

/** An export begins and ends once. */
function checkPlace(line: number, { kind }: TransferRecord, isLast: boolean): void {
  if ((line === 1) !== (kind === "begin")) {
    throw invalidArgument("kind", "line 1 of an export, and no other, is of the kind begin");
  }
  if (kind === "end" && !isLast) throw invalidArgument("kind", "nothing follows a record of the kind end");
}

/**
 * Parts first, since only other parts come before them; then each kind in one go. That is the order of an export, but for several
 * stores, sessions or dreams in one call, whose order among each other does not matter.
 */
const phases: readonly ((call: ImportCall, records: readonly NumberedRecord[]) => Promise<Refusal | null>)[] =
  [
    (call, records) => importContents(call, linesOf(records, "content")),
    (call, records) => importBuckets(call, linesOf(records, "bucket")),
    (call, records) => importHeads(call, linesOf(records, "head")),
    (call, records) => importStores(call, linesOf(records, "store")),
    (call, records) => importRevisions(call, linesOf(records, "revision")),
    (call, records) => importVersions(call, linesOf(records, "version")),
    (call, records) => importSessions(call, linesOf(records, "session")),
    (call, records) => importEvents(call, linesOf(records, "events")),
    (call, records) => importDreams(call, linesOf(records, "dream")),
    (call, records) => importChanges(call, linesOf(records, "change")),
  ];

/** Answers with the first line that was refused: all before it are in, of whatever kind. */
async function importAll(
  call: ImportCall,
  all: readonly NumberedRecord[],
  unread: Refusal | null,
): Promise<Refusal | null> {
  let refused = unread;
  let records = all;
  for (const phase of phases) {
    const found = await phase(call, records);
    if (found === null) continue;
    refused = found;
    records = records.filter(({ line }) => line < found.line);
  }
  return refused;
}
