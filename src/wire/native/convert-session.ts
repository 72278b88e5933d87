import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  Block as BlockMessage,
  BlockSchema,
  SessionEventSchema,
  SessionSchema,
} from "../../../gen/dream/v1/session_pb.ts";
import type {
  CreateSessionRequest as CreateSessionMessage,
  ListSessionsRequest as ListSessionsMessage,
  NewSessionEvent as NewSessionEventMessage,
  UpdateSessionRequest as UpdateSessionMessage,
} from "../../../gen/dream/v1/session_service_pb.ts";
import { invalidArgument } from "../../core/errors.ts";
import type { Block, NewSessionEvent, Session, SessionEvent, Trust } from "../../core/session.ts";
import type { CreateSessionRequest } from "../../service/sessions/create-session.ts";
import type { ListSessionsRequest } from "../../service/sessions/list-sessions.ts";
import type { UpdateSessionRequest } from "../../service/sessions/update-session.ts";
import { trusts, wordOf } from "./enums.ts";
import { fromTimestamp, orNull, toTimestamp } from "./fields.ts";

export function toSession(session: Session): MessageInitShape<typeof SessionSchema> {
  return {
    id: session.id,
    title: session.title,
    agentId: session.agentId ?? "",
    workspaceId: session.workspaceId ?? "",
    memoryStoreIds: [...session.memoryStoreIds],
    tags: [...session.tags],
    metadata: { ...session.metadata },
    lastEventNumber: BigInt(session.lastEvent),
    dreamId: session.dreamId ?? "",
    createdAt: toTimestamp(session.createdAt),
    updatedAt: toTimestamp(session.updatedAt),
    ...(session.archivedAt === null ? {} : { archivedAt: toTimestamp(session.archivedAt) }),
  };
}

export function toSessionEvent(event: SessionEvent): MessageInitShape<typeof SessionEventSchema> {
  return {
    id: event.id,
    number: BigInt(event.number),
    speaker: event.speaker,
    trust: trusts[event.trust],
    blocks: event.blocks.map(toBlock),
    ...(event.at === null ? {} : { saidAt: toTimestamp(event.at) }),
    createdAt: toTimestamp(event.createdAt),
  };
}

function toBlock(block: Block): MessageInitShape<typeof BlockSchema> {
  switch (block.type) {
    case "text":
      return { block: { case: "text", value: { text: block.text } } };
    case "tool_use": {
      const { toolUseId, name, input } = block;
      return { block: { case: "toolUse", value: { toolUseId, name, inputJson: input } } };
    }
    case "tool_result": {
      const { toolUseId, text, isError } = block;
      return { block: { case: "toolResult", value: { toolUseId, text, isError } } };
    }
    case "other":
      return { block: { case: "other", value: { description: block.description } } };
  }
}

export function fromCreateSession(request: CreateSessionMessage): CreateSessionRequest {
  return {
    title: request.title,
    agentId: orNull(request.agentId),
    workspaceId: orNull(request.workspaceId),
    memoryStoreIds: request.memoryStoreIds,
    tags: request.tags,
    metadata: request.metadata,
  };
}

export function fromListSessions(request: ListSessionsMessage): ListSessionsRequest {
  return {
    pageSize: request.pageSize,
    pageToken: request.pageToken,
    filter: {
      includeArchived: request.includeArchived,
      workspaceId: orNull(request.workspaceId),
      memoryStoreId: orNull(request.memoryStoreId),
      agentId: orNull(request.agentId),
      tag: orNull(request.tag),
    },
  };
}

export function fromUpdateSession(request: UpdateSessionMessage): UpdateSessionRequest {
  const { id, title, metadata, tags } = request;
  return { id, title: title ?? null, metadata, tags: tags?.tags ?? null };
}

/** `index` is the place in the call, for messages. */
export function fromNewSessionEvent(event: NewSessionEventMessage, index: number): NewSessionEvent {
  const field = `events[${index}]`;
  if (event.text !== "" && event.blocks.length > 0) {
    throw invalidArgument(`${field}.text`, "must not be given together with blocks");
  }
  return {
    id: event.id,
    speaker: event.speaker,
    trust: wordOf(`${field}.trust`, trusts, event.trust, trustOfSpeaker(event.speaker)),
    blocks:
      event.text === ""
        ? event.blocks.map((block, at) => fromBlock(`${field}.blocks[${at}]`, block))
        : [{ type: "text", text: event.text }],
    at: fromTimestamp(`${field}.said_at`, event.saidAt),
  };
}

function trustOfSpeaker(speaker: string): Trust {
  return speaker === "assistant" || speaker === "tool" ? speaker : "user";
}

function fromBlock(field: string, { block }: BlockMessage): Block {
  switch (block.case) {
    case "text":
      return { type: "text", text: block.value.text };
    case "toolUse": {
      const { toolUseId, name, inputJson } = block.value;
      return { type: "tool_use", toolUseId, name, input: inputJson };
    }
    case "toolResult": {
      const { toolUseId, text, isError } = block.value;
      return { type: "tool_result", toolUseId, text, isError };
    }
    case "other":
      return { type: "other", description: block.value.description };
    case undefined:
      throw invalidArgument(field, "must be text, tool_use, tool_result or other");
  }
}
