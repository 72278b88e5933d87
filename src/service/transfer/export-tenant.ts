/** Everything of a tenant as lines of JSON: backup, and move to another storage. */
import { byteLength } from "../../core/check.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import { exportFormat, exportVersion, nextLinesHash } from "../../core/transfer.ts";
import type { ServiceDeps } from "../deps.ts";
import {
  decodeCursor,
  type ExportPlace,
  type ExportState,
  encodeCursor,
  exportSteps,
  startOfStep,
} from "./cursor.ts";
import { dreamsStep } from "./export-dreams.ts";
import { sessionsStep } from "./export-sessions.ts";
import type { ExportStep, Records } from "./export-step.ts";
import { storesStep } from "./export-stores.ts";
import { oldestFirst } from "./oldest-first.ts";
import { createRecordCodec, type TransferRecord } from "./records.ts";
import { createSentHeads, type SentHeads } from "./sent-heads.ts";

const thingsPage = 100;

export interface ExportTenantRequest {
  /** The cursor to go on behind; empty for the beginning. */
  readonly after: string;
}

export interface ExportAnswer {
  /** Whole lines. */
  readonly lines: string;
  /** What to give as `after` to go on behind these. */
  readonly cursor: string;
}

/**
 * All records of the tenant, in an order in which they can be imported. Each store and each session is as it was at one moment;
 * what is made meanwhile may be left out. Any cursor goes on exactly behind its lines, unless the store under way
 * changed since: that one is sent again from its beginning.
 */
export type ExportTenant = (
  principal: Principal,
  request: ExportTenantRequest,
  signal: AbortSignal,
) => AsyncIterable<ExportAnswer>;

type Deps = Pick<ServiceDeps, "memories" | "sessions" | "dreams" | "digest">;

/** `answerBytes`: an answer ends behind the line that reaches it. */
export function createExportTenant(
  deps: Deps,
  { answerBytes }: { readonly answerBytes: number } = { answerBytes: limits.transferAnswerBytes },
): ExportTenant {
  return async function* exportTenant({ tenant }, { after }, signal) {
    const { sha256 } = deps.digest;
    const begun = decodeCursor(deps.digest, tenant, after);
    const sent = await createSentHeads(deps, tenant, begun.heads);
    const codec = createRecordCodec(sha256, tenant);
    let { counts, hash }: Pick<ExportState, "counts" | "hash"> = begun;
    let lines: string[] = [];
    let bytes = 0;
    for await (const { record, place } of allRecords(deps, tenant, sent, begun.place, () => ({
      counts,
      hash,
    }))) {
      if (signal.aborted) return;
      const line = codec.encode(record);
      bytes += checkLine(line, record);
      lines.push(line);
      if (record.kind !== "end") hash = nextLinesHash(hash, line, sha256);
      if (record.kind !== "begin" && record.kind !== "end") {
        counts = { ...counts, [record.kind]: counts[record.kind] + 1 };
      }
      if (bytes < answerBytes && record.kind !== "end") continue;
      const cursor = encodeCursor(deps.digest, tenant, { place, counts, hash, heads: sent.hashes() });
      yield { lines: `${lines.join("\n")}\n`, cursor };
      lines = [];
      bytes = 0;
    }
  };
}

interface Placed {
  readonly record: TransferRecord;
  readonly place: ExportPlace;
}

/** From a place on; what `soFar` answers goes into the last record. */
async function* allRecords(
  deps: Deps,
  tenant: string,
  sent: SentHeads,
  from: ExportPlace,
  soFar: () => Pick<ExportState, "counts" | "hash">,
): AsyncGenerator<Placed, void, undefined> {
  for (let step = from.step; step < exportSteps.length; step += 1) {
    const place = step === from.step ? from : startOfStep(step);
    const next = startOfStep(step + 1);
    switch (exportSteps[step]) {
      case "begin":
        yield {
          record: { kind: "begin", value: { format: exportFormat, version: exportVersion } },
          place: next,
        };
        break;
      case "stores":
        yield* things(storesStep(deps, tenant, sent), place);
        break;
      case "conversations":
        yield* things(sessionsStep(deps, tenant, "conversation"), place);
        break;
      case "dreamSessions":
        yield* things(sessionsStep(deps, tenant, "dream"), place);
        break;
      case "dreams":
        yield* things(dreamsStep(deps, tenant, sent), place);
        break;
      case "end":
        yield { record: { kind: "end", value: soFar() }, place: next };
        break;
    }
  }
}

/** The thing under way from where it is, then those made after it. */
async function* things<T extends { readonly id: string; readonly createdAt: number }>(
  step: ExportStep<T>,
  from: ExportPlace,
): AsyncGenerator<Placed, void, undefined> {
  async function* one({ id, createdAt }: T, records: Records): AsyncGenerator<Placed, void, undefined> {
    for await (const { record, mark, at } of records) {
      yield { record, place: { step: from.step, createdAt, id, mark, at } };
    }
  }
  if (from.at.length > 0) {
    const thing = await step.get(from.id);
    if (thing !== null) yield* one(thing, step.goOn(thing, from));
  }
  const position = from.id === "" ? null : { createdAt: from.createdAt, id: from.id };
  for await (const thing of oldestFirst(step.list, position, thingsPage))
    yield* one(thing, step.begin(thing));
}

/** The size of a line with its end. Refused when no import could take it: the export would be of no use. */
function checkLine(line: string, { kind, value }: TransferRecord): number {
  const bytes = byteLength(line) + 1;
  const max = limits.transferLineBytes;
  if (bytes <= max) return bytes;
  const of = "dreamId" in value ? `${kind} of dream ${value.dreamId}` : `${kind} record`;
  throw new ReveriedError("too_large", `a ${of} takes ${bytes} bytes, more than the ${max} of a line`, {
    details: { limit: max },
  });
}
