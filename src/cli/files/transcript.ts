import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { isReveriedError, type ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { chatMessages, readConversation } from "./chat-messages.ts";
import { createClaudeCode, isClaudeCodeLine } from "./claude-code.ts";
import { fileError, shownPath, translateFileError } from "./file-error.ts";
import { jsonFaultLine } from "./json-fault.ts";
import { speakerLines } from "./speaker-lines.ts";
import { peekText, splitLines, type TextLine, type TextStart } from "./text-lines.ts";
import {
  type Entry,
  type EntryFormat,
  isJsonObject,
  type JsonObject,
  type TranscriptEvent,
} from "./transcript-event.ts";

/** One session of a file. Every event of a session comes with the same object. */
export interface TranscriptSession {
  /** 0 for the first session met in the file. */
  readonly index: number;
  /** The id that the file gives it, such as Claude Code's `sessionId`, or null. */
  readonly nativeId: string | null;
  /** What the file calls it, else the file's name without its ending. At most `limits.nameLength` characters. */
  readonly title: string;
  readonly format: EntryFormat["name"];
}

export interface TranscriptItem {
  readonly session: TranscriptSession;
  readonly event: TranscriptEvent;
}

/** A line, or an item of an array, that was skipped under `lenient`: the error it would have been. */
export interface SkippedEntry {
  readonly message: string;
}

export interface TranscriptProgress {
  /** Lines read so far. */
  readonly lines: number;
  /** Bytes read so far. */
  readonly bytes: number;
}

export interface ReadTranscriptOptions {
  /** Skips what is not understood instead of failing; `onSkip` is told of each. False when absent. */
  readonly lenient?: boolean;
  readonly onSkip?: (skipped: SkippedEntry) => void;
  /** Called after each line of a file of lines, and once for a file that is one array or object. */
  readonly onLine?: (progress: TranscriptProgress) => void;
}

interface Reading {
  readonly name: string;
  readonly options: ReadTranscriptOptions;
  readonly format: { current: EntryFormat | null };
  readonly sessions: Map<string, TranscriptSession>;
}

const readBytes = 65_536;
const openingBracket = 0x5b;
const lineBounds = { lineBytes: limits.transcriptLineBytes, firstLineBytes: limits.transcriptDocumentBytes };
const documentBounds = {
  lineBytes: limits.transcriptDocumentBytes,
  firstLineBytes: limits.transcriptDocumentBytes,
  endAtLonger: true,
};
const expected =
  'expected {"speaker", "text", "at"} lines, chat messages {"role", "content"} of Anthropic or OpenAI, or a Claude Code session';

/**
 * Reads one transcript file, recognised by its content: JSON Lines of `{speaker, text, at}`; chat messages of
 * Anthropic or OpenAI as an array, as an object with `messages`, or one a line; Claude Code's session files.
 *
 * Yields events in the order of the file; when it holds several sessions their events may be mixed. Files of lines are
 * streamed, holding one line of at most `limits.transcriptLineBytes`; an array or a single object is held whole, up to
 * `limits.transcriptDocumentBytes`. No event is over `limits.eventTextBytes` or `limits.blocksPerEvent`; an entry
 * without words gives none. A known file without any message yields nothing.
 *
 * Throws `invalid_argument`, in one line that names file and line, for a file that cannot be opened, is empty, is no
 * UTF-8 text or has an unknown shape; and, unless `lenient`, for the first entry that is not understood.
 */
export async function* readTranscript(
  path: string,
  options: ReadTranscriptOptions = {},
): AsyncGenerator<TranscriptItem, void, undefined> {
  yield* readTranscriptBytes(fileBytes(path), path, options);
}

/** The same for bytes that come from anywhere; `path` names them in titles and errors. */
export async function* readTranscriptBytes(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
  options: ReadTranscriptOptions = {},
): AsyncGenerator<TranscriptItem, void, undefined> {
  const reading: Reading = { name: path, options, format: { current: null }, sessions: new Map() };
  const start = await peekText(bytes, shownPath(path));
  if (start.firstByte === null) {
    throw fileError(shownPath(path), "is empty; a transcript needs at least one message");
  }
  if (start.firstByte === openingBracket) {
    yield* readDocument(reading, [], splitLines(start, documentBounds));
  } else {
    yield* readLines(reading, start);
  }
  if (reading.format.current === null) throw fileError(shownPath(path), `no message was found; ${expected}`);
}

async function* fileBytes(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    if ((await handle.stat()).isDirectory())
      throw fileError(shownPath(path), "is a folder; name the files in it");
    for (;;) {
      // A fresh buffer each time: parts of lines are kept until their line is whole.
      const buffer = Buffer.allocUnsafe(readBytes);
      const { bytesRead } = await handle.read(buffer, 0, readBytes, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw translateFileError(path, error);
  } finally {
    await handle?.close();
  }
}

async function* readLines(
  reading: Reading,
  start: TextStart,
): AsyncGenerator<TranscriptItem, void, undefined> {
  // A file is refused at such a line, unless what is behind it is wanted all the same.
  const lines = splitLines(start, { ...lineBounds, endAtLonger: reading.options.lenient !== true });
  let isFirst = true;
  for await (const line of lines) {
    if (line.text === null || line.text.trim() !== "") {
      if (isFirst && line.text !== null && opensDocument(line.text)) {
        const blank = Array.from({ length: line.number - 1 }, () => "");
        yield* readDocument(reading, [...blank, line.text], lines);
        return;
      }
      yield* readLine(reading, line);
      isFirst = false;
    }
    reading.options.onLine?.({ lines: line.number, bytes: line.endByte });
  }
}

function* readLine(reading: Reading, line: TextLine): Generator<TranscriptItem, void, undefined> {
  const place = `${shownPath(reading.name)}:${line.number}`;
  const value = attempt(reading, () => {
    if (line.text === null) throw fileError(place, line.problem);
    return parseLine(line.text, place);
  });
  if (value !== null) yield* readValue(reading, value, place);
}

/** A first line that opens an object and leaves it open begins a document that is written over several lines. */
function opensDocument(line: string): boolean {
  const text = line.trim();
  return text.startsWith("{") && /[[{,]$/.test(text);
}

/** An array or an object that is the whole file: the lines read before and those to come. */
async function* readDocument(
  reading: Reading,
  before: readonly string[],
  lines: AsyncIterable<TextLine>,
): AsyncGenerator<TranscriptItem, void, undefined> {
  const place = shownPath(reading.name);
  const parts = [...before];
  let bytes = 0;
  for await (const line of lines) {
    bytes = line.endByte;
    if (bytes > limits.transcriptDocumentBytes) throw documentTooLarge(place);
    if (line.text === null) throw fileError(`${place}:${line.number}`, line.problem);
    parts.push(line.text);
  }
  const value = parseDocument(parts.join("\n"), place);
  reading.options.onLine?.({ lines: parts.length, bytes });
  if (!Array.isArray(value)) {
    yield* readValue(reading, value, place);
    return;
  }
  if (value.length === 0)
    throw fileError(place, "is an empty array; a transcript needs at least one message");
  for (const [index, item] of value.entries()) yield* readValue(reading, item, `${place}: item ${index + 1}`);
}

/** One line or item, which is a message or a whole conversation. */
function* readValue(
  reading: Reading,
  value: unknown,
  place: string,
): Generator<TranscriptItem, void, undefined> {
  if (!isJsonObject(value) || !Array.isArray(value.messages)) {
    const entry = attempt(reading, () => readEntry(reading, value, place));
    if (entry !== null) yield* itemsOf(reading, entry);
    return;
  }
  const conversation = attempt(reading, () => readConversation(value, place));
  if (conversation === null) return;
  const of = { sessionKey: place, nativeId: conversation.nativeId, title: conversation.title };
  reading.format.current ??= chatMessages;
  yield* itemsOf(reading, { ...of, events: conversation.systemEvents });
  for (const [index, message] of conversation.messages.entries()) {
    const entry = attempt(reading, () => readEntry(reading, message, `${place}: message ${index + 1}`));
    if (entry !== null) yield* itemsOf(reading, { ...of, events: entry.events });
  }
}

function readEntry(reading: Reading, value: unknown, place: string): Entry {
  if (!isJsonObject(value)) throw fileError(place, `not an object; ${expected}`);
  const format = reading.format.current ?? recognise(value, place);
  const entry = format.read(value, place);
  reading.format.current = format;
  return entry;
}

function recognise(value: JsonObject, place: string): EntryFormat {
  const named = typeof value.speaker === "string" || typeof value.role === "string";
  if (named && ("text" in value || !("role" in value))) return speakerLines;
  if (named) return chatMessages;
  if (isClaudeCodeLine(value)) return createClaudeCode();
  throw fileError(place, `unknown shape; ${expected}`);
}

function* itemsOf(reading: Reading, entry: Entry): Generator<TranscriptItem, void, undefined> {
  if (entry.events.length === 0) return;
  const { nativeId } = entry;
  let session = reading.sessions.get(entry.sessionKey);
  if (session === undefined) {
    const index = reading.sessions.size;
    const title = shortened(entry.title ?? titleFromFile(reading.name, nativeId, index));
    session = { index, nativeId, title, format: reading.format.current?.name ?? "chat_messages" };
    reading.sessions.set(entry.sessionKey, session);
  }
  for (const event of entry.events) yield { session, event };
}

/** Runs a step of one entry; under `lenient` a refusal is told to `onSkip` and the answer is null. */
function attempt<T>(reading: Reading, step: () => T): T | null {
  try {
    return step();
  } catch (error) {
    if (reading.options.lenient !== true || !isReveriedError(error)) throw error;
    reading.options.onSkip?.({ message: error.message });
    return null;
  }
}

function parseLine(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fileError(place, `the line is not valid JSON; ${expected}`);
  }
}

function parseDocument(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const where = `${place}:${jsonFaultLine(text)}`;
    throw fileError(where, "the array or object is not valid JSON; correct it, or write one message a line");
  }
}

function documentTooLarge(place: string): ReveriedError {
  const max = limits.transcriptDocumentBytes;
  const todo = "convert it to JSON Lines, one message a line (jq -c '.[]')";
  return fileError(place, `one array or object of more than ${max} bytes cannot be held in memory; ${todo}`);
}

function titleFromFile(path: string, nativeId: string | null, index: number): string {
  const name = basename(path).replace(/\.(jsonl|json|ndjson)$/i, "");
  if (index === 0 && (nativeId === null || nativeId === name)) return name;
  return `${name} (${nativeId ?? index + 1})`;
}

function shortened(title: string): string {
  return [...title.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").toWellFormed()]
    .slice(0, limits.nameLength)
    .join("");
}
