/** Sessions and their events as records show them. */
import { byteLength, checkContent, checkLine, checkMetadata, checkName } from "../../core/check.ts";
import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { type Block, type Session, type SessionEvent, trusts } from "../../core/session.ts";
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
  textsByName,
  unionOf,
} from "./shape.ts";
import { callerId, ownId, peerName, positive, saidTime, time } from "./values.ts";

export type SessionRecord = Omit<Session, "tenant">;

const tag = textOf((field, text) => checkName(field, text, limits.tagLength));

export const sessionShape: Shape<SessionRecord> = objectOf<SessionRecord>(
  {
    id: ownId,
    kind: oneOf(["conversation", "dream"]),
    dreamId: nullable(ownId),
    title: textOf((field, text) => checkLine(field, text, limits.nameLength)),
    agentId: nullable(callerId),
    workspaceId: nullable(peerName),
    memoryStoreIds: checked(listOf(ownId, { max: limits.storesPerSession }), noneTwice),
    tags: checked(listOf(tag, { max: limits.tagsPerSession }), noneTwice),
    metadata: textsByName(checkMetadata),
    lastEvent: integer(0, limits.eventsPerSession),
    edition: positive,
    createdAt: time,
    updatedAt: time,
    archivedAt: nullable(time),
  },
  { kind: "session_kind" },
);

const words = textOf((field, text) => void checkContent(field, text, limits.eventTextBytes));

const block = unionOf<Block, "type">("type", {
  text: objectOf({ text: words }),
  tool_use: objectOf({ toolUseId: words, name: words, input: words }),
  tool_result: objectOf({ toolUseId: words, text: words, isError: flag }),
  other: objectOf({ description: words }),
});

export type EventRecord = Omit<SessionEvent, "sessionId">;

const event = objectOf<EventRecord>({
  number: integer(1, limits.eventsPerSession),
  id: callerId,
  speaker: peerName,
  trust: oneOf(trusts),
  blocks: listOf(block, { max: limits.blocksPerEvent }),
  at: nullable(saidTime),
  createdAt: time,
});

/** Events of one session in a row. */
export interface EventsRecord {
  readonly sessionId: string;
  readonly events: readonly EventRecord[];
}

const events = objectOf<EventsRecord>({
  sessionId: ownId,
  events: listOf(checked(event, checkSize), { min: 1, max: limits.transferEventsPerRecord }),
});

export const eventsShape: Shape<EventsRecord> = checked(events, (field, { events: list }) => {
  const first = list[0]?.number ?? 0;
  const gap = list.findIndex(({ number }, index) => number !== first + index);
  if (gap !== -1)
    throw invalidArgument(`${field}.events[${gap}].number`, "must be one more than the one before");
  noneTwice(
    `${field}.events.id`,
    list.map(({ id }) => id),
  );
});

/** How many bytes of text the event has; what the service itself bounds. */
export function eventBytes({ blocks }: { readonly blocks: readonly Block[] }): number {
  return blocks.reduce(
    (sum, one) => sum + blockTexts(one).reduce((bytes, text) => bytes + byteLength(text), 0),
    0,
  );
}

function checkSize(field: string, read: EventRecord): void {
  const max = limits.eventTextBytes;
  if (eventBytes(read) > max)
    throw invalidArgument(`${field}.blocks`, `must be at most ${max} bytes of text`, max);
}

function blockTexts(one: Block): readonly string[] {
  switch (one.type) {
    case "text":
      return [one.text];
    case "tool_use":
      return [one.toolUseId, one.name, one.input];
    case "tool_result":
      return [one.toolUseId, one.text];
    case "other":
      return [one.description];
  }
}

function noneTwice(field: string, list: readonly string[]): void {
  if (new Set(list).size < list.length) throw invalidArgument(field, "must not name anything twice");
}
