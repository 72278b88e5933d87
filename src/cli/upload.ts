/** Puts notes and transcripts into a server, in batches that its bounds allow. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Trust } from "../../gen/dream/v1/dream_pb.ts";
import type {
  CreateSessionRequestSchema,
  NewSessionEventSchema,
} from "../../gen/dream/v1/session_service_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { derivedId, idPrefixes } from "../core/ids.ts";
import { limits } from "../core/limits.ts";
import { type Block, blockText } from "../core/session.ts";
import type { Clients } from "./clients.ts";
import type { Note } from "./files/notes.ts";
import { readTranscript, type SkippedEntry, type TranscriptSession } from "./files/transcript.ts";
import type { TranscriptEvent } from "./files/transcript-event.ts";

/** Text in one call: half of what a request may have, which leaves room for what surrounds it. */
const batchBytes = limits.requestBodyBytes / 2;
/** Text of all sessions that waits for its batch. */
const waitingBytesMax = 4 * batchBytes;

export interface UploadDeps {
  readonly clients: Clients;
  readonly sha256: (text: string) => string;
  readonly signal: AbortSignal;
}

/** Writes the notes as memories of the store; `onBatch` is told how many there are so far. Answers with how many there were. */
export async function uploadNotes(
  { clients, signal }: UploadDeps,
  memoryStoreId: string,
  notes: AsyncIterable<Note> | Iterable<Note>,
  onBatch: (written: number) => void = () => {},
): Promise<number> {
  let batch: Note[] = [];
  let bytes = 0;
  let total = 0;
  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    await clients.stores.putMemories({ memoryStoreId, memories: batch }, { signal });
    total += batch.length;
    batch = [];
    bytes = 0;
    onBatch(total);
  }
  for await (const { path, content } of notes) {
    const size = Buffer.byteLength(content);
    if (batch.length === limits.putMemoriesPerCall || bytes + size > batchBytes) await flush();
    batch.push({ path, content });
    bytes += size;
  }
  await flush();
  return total;
}

export interface UploadTranscriptsRequest {
  readonly files: readonly string[];
  /** What a session is made with, by the title that its file gives it. */
  readonly newSession: (title: string) => MessageInitShape<typeof CreateSessionRequestSchema>;
  /** Called with each session as it is made, before it has events. */
  readonly onOpen?: (id: string) => void;
  /** Called with each session once all its events are stored. */
  readonly onSession?: (session: UploadedSession) => void;
  /** Leaves out what is not understood instead of failing; `onSkip` is told of each. */
  readonly lenient: boolean;
  readonly onSkip: (skipped: SkippedEntry) => void;
  readonly onFile: (done: number, events: number) => void;
}

export interface UploadedSession {
  readonly id: string;
  readonly title: string;
  readonly events: number;
  readonly file: string;
}

export interface UploadedTranscripts {
  readonly sessions: readonly UploadedSession[];
  readonly events: number;
}

/** Makes a session of each one in the files, in their order. */
export async function uploadTranscripts(
  deps: UploadDeps,
  request: UploadTranscriptsRequest,
): Promise<UploadedTranscripts> {
  const { files, lenient, onSkip, onSession = () => {} } = request;
  const sessions: UploadedSession[] = [];
  let events = 0;
  for (const [index, file] of files.entries()) {
    const open = new Map<TranscriptSession, OpenSession>();
    let waitingBytes = 0;
    for await (const { session, event } of readTranscript(file, { lenient, onSkip })) {
      let target = open.get(session);
      if (target === undefined) {
        target = await openSession(deps, request, session.title);
        open.set(session, target);
      }
      waitingBytes += await add(deps, target, event);
      if (waitingBytes > waitingBytesMax) {
        for (const one of open.values()) waitingBytes -= await flushEvents(deps, one);
      }
      events += 1;
      if (events % limits.eventsPerAppend === 0) request.onFile(index, events);
    }
    for (const one of open.values()) {
      await flushEvents(deps, one);
      const made = { id: one.id, title: one.title, events: one.events, file };
      sessions.push(made);
      onSession(made);
    }
    request.onFile(index + 1, events);
  }
  return { sessions, events };
}

interface OpenSession {
  readonly id: string;
  readonly title: string;
  batch: MessageInitShape<typeof NewSessionEventSchema>[];
  bytes: number;
  /** Events so far; the ids of events follow from it. */
  events: number;
}

async function openSession(
  { clients, signal }: UploadDeps,
  { newSession, onOpen }: UploadTranscriptsRequest,
  givenTitle: string,
): Promise<OpenSession> {
  const { session } = await clients.sessions.createSession(newSession(givenTitle), { signal });
  if (session === undefined) throw new ReveriedError("internal", "the server answered without a session");
  onOpen?.(session.id);
  return { id: session.id, title: session.title, batch: [], bytes: 0, events: 0 };
}

/** Answers with by how many bytes what waits has grown. */
async function add(deps: UploadDeps, target: OpenSession, event: TranscriptEvent): Promise<number> {
  const size = event.blocks.reduce((sum, block) => sum + Buffer.byteLength(blockText(block)), 0);
  const full = target.batch.length === limits.eventsPerAppend || target.bytes + size > batchBytes;
  const flushed = full ? await flushEvents(deps, target) : 0;
  target.events += 1;
  // The same event has the same id however often it is sent, so a repeated call appends nothing twice.
  const id = derivedId(idPrefixes.sessionEvent, deps.sha256, target.id, String(target.events));
  target.batch.push({ id, ...toNewEvent(event) });
  target.bytes += size;
  return size - flushed;
}

/** Answers with how many bytes no longer wait. */
async function flushEvents({ clients, signal }: UploadDeps, target: OpenSession): Promise<number> {
  const { id: sessionId, batch, bytes } = target;
  if (batch.length === 0) return 0;
  target.batch = [];
  target.bytes = 0;
  await clients.sessions.appendSessionEvents({ sessionId, events: batch }, { signal });
  return bytes;
}

const trusts = {
  user: Trust.USER,
  assistant: Trust.ASSISTANT,
  tool: Trust.TOOL,
  imported: Trust.IMPORTED,
} as const;

function toNewEvent({
  speaker,
  trust,
  blocks,
  at,
}: TranscriptEvent): MessageInitShape<typeof NewSessionEventSchema> {
  return {
    speaker,
    trust: trusts[trust],
    blocks: blocks.map(toBlock),
    ...(at === null ? {} : { saidAt: timestampFromMs(at) }),
  };
}

function toBlock(block: Block) {
  switch (block.type) {
    case "text":
      return { block: { case: "text" as const, value: { text: block.text } } };
    case "tool_use": {
      const { toolUseId, name, input } = block;
      return { block: { case: "toolUse" as const, value: { toolUseId, name, inputJson: input } } };
    }
    case "tool_result": {
      const { toolUseId, text, isError } = block;
      return { block: { case: "toolResult" as const, value: { toolUseId, text, isError } } };
    }
    case "other":
      return { block: { case: "other" as const, value: { description: block.description } } };
  }
}
