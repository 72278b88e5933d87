import type { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Block, NewSessionEvent, Trust } from "../../core/session.ts";
import { fileError } from "./file-error.ts";
import { parseRfc3339 } from "./rfc3339.ts";

/** An event of a session as a file tells it; who stores it gives it an id. */
export type TranscriptEvent = Omit<NewSessionEvent, "id">;

export type JsonObject = Readonly<Record<string, unknown>>;

/** What one line of a file, or one item of its array, says. */
export interface Entry {
  /** Which session of the file it belongs to; the same key is the same session. */
  readonly sessionKey: string;
  /** The id that the source gives the session, or null. */
  readonly nativeId: string | null;
  /** A title that the source gives the session, or null. */
  readonly title: string | null;
  /** Empty when the entry carries no words of a conversation. */
  readonly events: readonly TranscriptEvent[];
}

/** One of the known shapes. `place` is `file:line` for errors. Throws `invalid_argument` for an entry that is not of its shape. */
export interface EntryFormat {
  readonly name: "speaker_lines" | "chat_messages" | "claude_code";
  read(value: JsonObject, place: string): Entry;
}

/** Below this a number of milliseconds lies before March 1973, so it was meant as seconds. */
const smallestMs = 100_000_000_000;
/** The end of the year 9999, the last that RFC 3339 can write. */
const largestMs = 253_402_300_799_999;

const trustByRole: Readonly<Record<string, Trust>> = {
  assistant: "assistant",
  ai: "assistant",
  agent: "assistant",
  bot: "assistant",
  model: "assistant",
  tool: "tool",
  function: "tool",
  system: "imported",
  developer: "imported",
};

/** How far a role or a speaker's name is to be trusted; every name that is no known role is a person's. */
export function trustOf(role: string): Trust {
  const known = role.toLowerCase();
  return Object.hasOwn(trustByRole, known) ? (trustByRole[known] ?? "user") : "user";
}

/** Whether a parsed value is an object, and no array or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The string under a key, or null when there is none or it is empty. */
export function stringAt(value: JsonObject, key: string): string | null {
  const found = value[key];
  return typeof found === "string" && found !== "" ? found : null;
}

/** When an entry was said: RFC 3339, or Unix milliseconds; null when absent. Throws on anything else. */
export function timeAt(value: JsonObject, key: string, place: string): number | null {
  const found = value[key];
  if (found === undefined || found === null) return null;
  if (typeof found === "string") {
    const parsed = parseRfc3339(found);
    if (parsed !== null) return parsed;
  } else if (typeof found === "number" && found >= smallestMs && found <= largestMs) {
    return Math.floor(found);
  }
  throw fileError(
    place,
    `"${key}" is not a time; expected RFC 3339 with a time zone ("2026-03-02T09:15:00Z") or Unix milliseconds`,
  );
}

/** The first of several keys that tells a time. */
export function firstTimeAt(value: JsonObject, keys: readonly string[], place: string): number | null {
  for (const key of keys) {
    const found = timeAt(value, key, place);
    if (found !== null) return found;
  }
  return null;
}

/** A text as blocks: none when it is empty. Halves of surrogate pairs, which UTF-8 cannot hold, are replaced. */
export function textBlock(text: string): Block[] {
  return text === "" ? [] : [{ type: "text", text: text.toWellFormed() }];
}

/** A value as JSON text. Throws when it is nested so deep that it cannot be written. */
export function jsonText(value: unknown, place: string): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    throw fileError(place, "is nested too deep to be kept; simplify it", error);
  }
}

/**
 * The events of one message: none without blocks, several when it has more blocks than an event may. Throws when the
 * speaker's name or the texts are over their bounds.
 */
export function makeEvents(
  from: Pick<TranscriptEvent, "speaker" | "trust" | "at">,
  blocks: readonly Block[],
  place: string,
): TranscriptEvent[] {
  checkSpeaker(from.speaker, place);
  const events: TranscriptEvent[] = [];
  for (let start = 0; start < blocks.length; start += limits.blocksPerEvent) {
    const part = blocks.slice(start, start + limits.blocksPerEvent);
    const size = part.reduce((sum, block) => sum + sizeOf(block), 0);
    if (size > limits.eventTextBytes) throw textTooLong(size, place);
    events.push({ ...from, speaker: from.speaker.toWellFormed(), blocks: part });
  }
  return events;
}

function checkSpeaker(speaker: string, place: string): void {
  if (speaker.trim() === "") throw fileError(place, "the speaker is empty; give a name or a role");
  if ([...speaker].length > limits.peerNameLength) {
    throw fileError(place, `the speaker is longer than ${limits.peerNameLength} characters; shorten it`);
  }
}

function textTooLong(size: number, place: string): ReveriedError {
  return fileError(
    place,
    `the text is ${size} bytes, more than the ${limits.eventTextBytes} one message may have; split it into several`,
  );
}

function sizeOf(block: Block): number {
  switch (block.type) {
    case "text":
    case "tool_result":
      return Buffer.byteLength(block.text);
    case "tool_use":
      return Buffer.byteLength(block.input);
    case "other":
      return Buffer.byteLength(block.description);
  }
}
