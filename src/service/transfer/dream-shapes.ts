/** Dreams as records show them. A dream that is read back must be one that the table of moves could have made. */
import { checkName, checkText } from "../../core/check.ts";
import {
  type AttemptIds,
  type Commit,
  type Dream,
  type DreamError,
  type DreamInputs,
  type DreamLive,
  type DreamSummary,
  dreamStatuses,
  dreamTypes,
  type FrozenInputs,
  isFinal,
  onceHold,
  type Progress,
  type SessionSelection,
  storeHold,
  type Usage,
} from "../../core/dream.ts";
import { type DreamEvent, dreamEventKinds } from "../../core/dream-event.ts";
import { transitions } from "../../core/dream-transitions.ts";
import { invalidArgument, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { collection } from "./memory-shapes.ts";
import {
  checked,
  flag,
  integer,
  listOf,
  nullable,
  objectOf,
  oneOf,
  type Shape,
  textOf,
  unionOf,
} from "./shape.ts";
import {
  anyText,
  count,
  hash,
  origin,
  ownId,
  peerName,
  positive,
  smallCount,
  textUpTo,
  time,
} from "./values.ts";

/** Each attempt makes two or three, and attempts are bounded; a person can add a few. */
const eventsMax = 10_000;
const holdsMax = 16;

type WithoutTenant<D> = D extends unknown ? Omit<D, "tenant"> : never;
export type DreamRecord = WithoutTenant<Dream>;

const sessions = unionOf<SessionSelection, "kind">("kind", {
  ids: objectOf({ ids: listOf(ownId, { max: limits.sessionsPerDream }) }),
  workspace: objectOf({ workspaceId: peerName, max: integer(1, limits.sessionsPerDream) }),
});

const frozen = objectOf<FrozenInputs>({
  head: hash,
  sessions: listOf(objectOf({ id: ownId, lastEvent: count }), { max: limits.sessionsPerDream }),
});

const summary = objectOf<DreamSummary>({
  created: smallCount,
  updated: smallCount,
  deleted: smallCount,
  renamed: smallCount,
  conflicts: smallCount,
  sessionsRead: smallCount,
  eventsRead: smallCount,
  memoriesRead: smallCount,
  message: anyText,
});

const error = objectOf<DreamError>({ type: anyText, message: anyText });

const event = objectOf<DreamEvent>({
  number: smallCount,
  kind: oneOf(dreamEventKinds),
  at: time,
  from: nullable(oneOf(dreamStatuses)),
  to: oneOf(dreamStatuses),
  attempt: smallCount,
  reason: anyText,
  error: nullable(error),
  outputStoreId: nullable(ownId),
});

const usage = objectOf<Usage>({
  inputTokens: count,
  outputTokens: count,
  cacheCreationInputTokens: count,
  cacheReadInputTokens: count,
});

const live = objectOf<DreamLive>({
  beat: count,
  progress: nullable(
    objectOf<Progress>({ attempt: smallCount, stage: anyText, done: count, total: count, at: time }),
  ),
  usageByAttempt: listOf(usage, { max: eventsMax }),
  publishedTo: smallCount,
});

/** A hold names its tenant within the key; a record does not, so that a tenant may take another name. */
function holds(tenant: string): Shape<readonly string[]> {
  const kinds = {
    store: (key: string) => storeHold(tenant, key),
    once: (key: string) => onceHold(tenant, key),
  };
  const record = objectOf<{ kind: keyof typeof kinds; key: string }>({
    kind: oneOf(["store", "once"]),
    key: textOf((field, text) => checkName(field, text, 8 * limits.peerNameLength)),
  });
  const hold: Shape<string> = {
    encode(held) {
      for (const kind of ["store", "once"] as const) {
        const prefix = kinds[kind]("");
        if (held.startsWith(prefix)) return record.encode({ kind, key: held.slice(prefix.length) });
      }
      throw new ReveriedError("internal", "a dream has a hold of a kind that no export knows");
    },
    decode(field, json) {
      const { kind, key } = record.decode(field, json);
      return kinds[kind](key);
    },
  };
  return listOf(hold, { max: holdsMax });
}

/** A dream of this tenant. */
export function dreamShape(tenant: string): Shape<DreamRecord> {
  const base = {
    id: ownId,
    type: oneOf(dreamTypes),
    model: textOf((field, text) => checkName(field, text, limits.modelNameLength)),
    instructions: nullable(textUpTo(limits.instructionsLength)),
    inputs: objectOf<DreamInputs>({ memoryStoreId: ownId, sessions }),
    outputBehavior: oneOf(["create_new", "update_existing"]),
    collection: nullable(collection),
    origin: nullable(origin),
    createdAt: time,
    archivedAt: nullable(time),
    seq: smallCount,
    revision: positive,
    fence: count,
    attempt: smallCount,
    leasesLost: count,
    leasesLostAlone: count,
    holds: holds(tenant),
    wants: holds(tenant),
    frozen: nullable(frozen),
    ids: nullable(objectOf<AttemptIds>({ outputStoreId: ownId, sessionId: ownId })),
    begun: flag,
    commit: nullable(objectOf<Commit>({ id: ownId, storeId: ownId, base: hash, next: hash, summary })),
    events: listOf(event, { min: 1, max: eventsMax }),
    live,
  };
  const shape = unionOf<DreamRecord, "status">("status", {
    pending: objectOf({ ...base, notBefore: time, waitReason: anyText }),
    running: objectOf({ ...base, startedAt: time, workerId: anyText }),
    completed: objectOf({ ...base, endedAt: time, summary }),
    failed: objectOf({ ...base, endedAt: time, error }),
    canceled: objectOf({ ...base, endedAt: time }),
  });
  return checked(shape, (field, dream) => {
    checkEvents(field, dream);
    checkSound(field, { ...dream, tenant });
  });
}

/** The events must be a walk through the table of moves that ends where the dream is. */
function checkEvents(field: string, { events, status, seq }: DreamRecord): void {
  let at: DreamEvent["from"] = null;
  for (const [index, { number, kind, from, to }] of events.entries()) {
    const name = `${field}.events[${index}]`;
    if (number !== index + 1) throw invalidArgument(`${name}.number`, `must be ${index + 1}`);
    if (from !== at) throw invalidArgument(`${name}.from`, `must be ${at ?? "null"}`);
    if (!isMove(kind, from, to))
      throw invalidArgument(name, `no move is ${kind} from ${from ?? "nothing"} to ${to}`);
    at = to;
  }
  if (at !== status) throw invalidArgument(`${field}.status`, `must be ${at}, as the last event says`);
  if (seq !== events.length) throw invalidArgument(`${field}.seq`, `must be ${events.length}`);
}

function isMove(kind: DreamEvent["kind"], from: DreamEvent["from"], to: DreamEvent["to"]): boolean {
  if (kind === "created") return from === null && to === "pending";
  return Object.values(transitions).some((move) => {
    const allowed: readonly unknown[] = move.from;
    return move.event === kind && allowed.includes(from) && (move.to ?? from) === to;
  });
}

/** What `assertSound` asserts, for a dream that somebody else wrote, and that nothing is counted before it began. */
function checkSound(field: string, dream: Dream): void {
  const must = (holdsTrue: boolean, name: string, what: string) => {
    if (!holdsTrue) throw invalidArgument(`${field}.${name}`, what);
  };
  const running = dream.status === "running";
  must(dream.revision >= dream.seq, "revision", "must be at least seq");
  must(dream.live.publishedTo <= dream.seq, "live.published_to", "must be at most seq");
  must(dream.attempt <= dream.fence, "attempt", "must be at most fence");
  must(
    dream.live.usageByAttempt.length <= dream.attempt,
    "live.usage_by_attempt",
    "has more than the attempts",
  );
  must(!isFinal(dream) || dream.holds.length === 0, "holds", "must be empty once it ended");
  must(!running || dream.wants.length === 0, "wants", "must be empty while it runs");
  must(!running || (dream.ids !== null && dream.attempt > 0), "ids", "must be given while it runs");
  must(!dream.begun || (dream.frozen !== null && dream.ids !== null), "begun", "needs frozen and ids");
  must(dream.commit === null || dream.begun, "commit", "needs begun");
  const keys = [...dream.holds, ...dream.wants];
  must(new Set(keys).size === keys.length, "holds", "must name nothing twice");
  checkText(`${field}.instructions`, dream.instructions ?? "", limits.instructionsLength);
}
