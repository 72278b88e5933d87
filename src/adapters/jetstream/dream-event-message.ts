/** A dream event as the wire's `dream.v1.DreamEvent`. */
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type DreamEvent, DreamEventKind, DreamEventSchema } from "../../../gen/dream/v1/dream_event_pb.ts";
import { DreamStatus, DreamType } from "../../../gen/dream/v1/dream_pb.ts";
import type { DreamStatus as CoreStatus, DreamType as CoreType } from "../../core/dream.ts";
import type { DreamEventKind as CoreKind } from "../../core/dream-event.ts";
import type { EventMessage } from "../../ports/event-bus.ts";

const kinds = {
  created: DreamEventKind.CREATED,
  started: DreamEventKind.STARTED,
  released: DreamEventKind.RELEASED,
  deferred: DreamEventKind.DEFERRED,
  completed: DreamEventKind.COMPLETED,
  failed: DreamEventKind.FAILED,
  canceled: DreamEventKind.CANCELED,
  archived: DreamEventKind.ARCHIVED,
} satisfies Record<CoreKind, DreamEventKind>;

const statuses = {
  pending: DreamStatus.PENDING,
  running: DreamStatus.RUNNING,
  completed: DreamStatus.COMPLETED,
  failed: DreamStatus.FAILED,
  canceled: DreamStatus.CANCELED,
} satisfies Record<CoreStatus, DreamStatus>;

const types = {
  omni: DreamType.OMNI,
  consolidate: DreamType.CONSOLIDATE,
  agent: DreamType.AGENT,
  card_refresh: DreamType.CARD_REFRESH,
} satisfies Record<CoreType, DreamType>;

export function toDreamEvent({ tenant, dreamId, dreamType, model, event }: EventMessage): DreamEvent {
  return create(DreamEventSchema, {
    tenant,
    dreamId,
    number: event.number,
    kind: kinds[event.kind],
    occurredAt: timestampFromMs(event.at),
    fromStatus: event.from === null ? DreamStatus.UNSPECIFIED : statuses[event.from],
    toStatus: statuses[event.to],
    attempt: event.attempt,
    // A reason cut to its bound may end in half a character, which no UTF-8 can carry.
    reason: event.reason.toWellFormed(),
    ...(event.error === null
      ? {}
      : { error: { type: event.error.type, message: event.error.message.toWellFormed() } }),
    outputMemoryStoreId: event.outputStoreId ?? "",
    dreamType: types[dreamType],
    model: model.toWellFormed(),
  });
}
