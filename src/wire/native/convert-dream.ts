import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DreamEventSchema } from "../../../gen/dream/v1/dream_event_pb.ts";
import type { DreamProgressSchema, DreamSchema, UsageSchema } from "../../../gen/dream/v1/dream_pb.ts";
import type {
  CreateDreamRequest as CreateDreamMessage,
  ListDreamsRequest as ListDreamsMessage,
  ScheduleDreamRequest,
  TriggerDreamRequest,
  WatchDreamResponseSchema,
} from "../../../gen/dream/v1/dream_service_pb.ts";
import {
  type Dream,
  isFinal,
  outputStoreId,
  type Progress,
  totalUsage,
  type Usage,
} from "../../core/dream.ts";
import type { DreamEvent } from "../../core/dream-event.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { CreateDreamRequest } from "../../service/dreams/create-dream.ts";
import type { ListDreamsRequest } from "../../service/dreams/list-dreams.ts";
import type { CollectionDreamRequest } from "../../service/dreams/schedule-dream.ts";
import { currentProgress, type DreamUpdate } from "../../service/dreams/watch-dream.ts";
import { dreamEventKinds, dreamStatuses, dreamTypes, outputBehaviors, wordOf } from "./enums.ts";
import { fromTimestamp, orNull, toTimestamp } from "./fields.ts";

/** The dream with its true status; its output is named once it completed, its progress while it runs. */
export function toDream(dream: Dream): MessageInitShape<typeof DreamSchema> {
  const progress = currentProgress(dream);
  const { sessions } = dream.inputs;
  return {
    id: dream.id,
    status: dreamStatuses[dream.status],
    type: dreamTypes[dream.type],
    model: dream.model,
    ...(dream.instructions === null ? {} : { instructions: dream.instructions }),
    inputMemoryStoreId: dream.inputs.memoryStoreId,
    sessionIds:
      dream.frozen?.sessions.map((one) => one.id) ?? (sessions.kind === "ids" ? [...sessions.ids] : []),
    outputBehavior: outputBehaviors[dream.outputBehavior],
    outputMemoryStoreId: dream.status === "completed" ? (outputStoreId(dream) ?? "") : "",
    sessionId: dream.begun ? (dream.ids?.sessionId ?? "") : "",
    usage: toUsage(totalUsage(dream)),
    ...(dream.status === "failed" ? { error: { ...dream.error } } : {}),
    ...(dream.status === "completed" ? { summary: { ...dream.summary } } : {}),
    ...(progress === null ? {} : { progress: toProgress(dream, progress) }),
    ...(dream.collection === null ? {} : { collection: { ...dream.collection } }),
    createdAt: toTimestamp(dream.createdAt),
    ...(dream.status === "running" ? { startedAt: toTimestamp(dream.startedAt) } : {}),
    ...(isFinal(dream) ? { endedAt: toTimestamp(dream.endedAt) } : {}),
    ...(dream.archivedAt === null ? {} : { archivedAt: toTimestamp(dream.archivedAt) }),
    ...(dream.status === "pending" && dream.notBefore > 0 ? { notBefore: toTimestamp(dream.notBefore) } : {}),
    waitReason: dream.status === "pending" ? dream.waitReason : "",
    attempt: dream.attempt,
    lastEventNumber: dream.seq,
  };
}

export function toWatchResponse(update: DreamUpdate): MessageInitShape<typeof WatchDreamResponseSchema> {
  return update.kind === "event"
    ? { update: { case: "event", value: toDreamEvent(update.dream, update.event) } }
    : { update: { case: "progress", value: toProgress(update.dream, update.progress) } };
}

function toDreamEvent(dream: Dream, event: DreamEvent): MessageInitShape<typeof DreamEventSchema> {
  return {
    tenant: dream.tenant,
    dreamId: dream.id,
    number: event.number,
    kind: dreamEventKinds[event.kind],
    occurredAt: toTimestamp(event.at),
    ...(event.from === null ? {} : { fromStatus: dreamStatuses[event.from] }),
    toStatus: dreamStatuses[event.to],
    attempt: event.attempt,
    reason: event.reason,
    ...(event.error === null ? {} : { error: { ...event.error } }),
    outputMemoryStoreId: event.outputStoreId ?? "",
    dreamType: dreamTypes[dream.type],
    model: dream.model,
  };
}

function toProgress(dream: Dream, progress: Progress): MessageInitShape<typeof DreamProgressSchema> {
  return {
    stage: progress.stage,
    done: BigInt(progress.done),
    total: BigInt(progress.total),
    reportedAt: toTimestamp(progress.at),
    usage: toUsage(totalUsage(dream)),
  };
}

function toUsage(usage: Usage): MessageInitShape<typeof UsageSchema> {
  return {
    inputTokens: BigInt(usage.inputTokens),
    outputTokens: BigInt(usage.outputTokens),
    cacheCreationInputTokens: BigInt(usage.cacheCreationInputTokens),
    cacheReadInputTokens: BigInt(usage.cacheReadInputTokens),
  };
}

export function fromCreateDream(request: CreateDreamMessage): CreateDreamRequest {
  if (request.sessionSelector !== undefined)
    throw notServed("session_selector", "name the sessions in session_ids");
  if (request.dryRun) throw notServed("dry_run", "leave it out");
  return {
    inputMemoryStoreId: request.inputMemoryStoreId,
    sessionIds: request.sessionIds,
    model: request.model,
    instructions: request.instructions ?? null,
    outputBehavior: wordOf("output_behavior", outputBehaviors, request.outputBehavior, "create_new"),
    type: wordOf("type", dreamTypes, request.type, "omni"),
  };
}

export function fromListDreams(request: ListDreamsMessage): ListDreamsRequest {
  const statuses = request.statuses.map((status) => wordOf("statuses", dreamStatuses, status, null));
  return {
    pageSize: request.pageSize,
    pageToken: request.pageToken,
    filter: {
      statuses: [...new Set(statuses)],
      includeArchived: request.includeArchived,
      createdAfter: fromTimestamp("created_after", request.createdAfter),
      createdBefore: fromTimestamp("created_before", request.createdBefore),
      memoryStoreId: orNull(request.inputMemoryStoreId),
    },
  };
}

export function fromCollectionDream(
  request: ScheduleDreamRequest | TriggerDreamRequest,
): CollectionDreamRequest {
  return {
    workspaceId: request.workspaceId,
    observer: request.observer,
    observed: request.observed ?? null,
    type: wordOf("dream_type", dreamTypes, request.dreamType, "omni"),
    sessionId: request.sessionId ?? null,
  };
}

function notServed(field: string, instead: string): ReveriedError {
  return new ReveriedError("unimplemented", `${field}: is not served by this version; ${instead}`, {
    details: { field },
  });
}
