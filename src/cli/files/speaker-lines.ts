import { fileError } from "./file-error.ts";
import {
  type Entry,
  type EntryFormat,
  type JsonObject,
  makeEvents,
  stringAt,
  textBlock,
  timeAt,
  trustOf,
} from "./transcript-event.ts";

/** Session ids are opaque, but a bound keeps a misread file from filling memory with them. */
const sessionKeyLength = 256;

/**
 * Lines of `{speaker, text, at}`. `role` may stand for `speaker`, or beside it to say whether the speaker is a person
 * (the default for a name), the assistant or a tool. `session` parts a file into several sessions.
 */
export const speakerLines: EntryFormat = { name: "speaker_lines", read };

function read(value: JsonObject, place: string): Entry {
  const role = stringAt(value, "role");
  const speaker = stringAt(value, "speaker") ?? role;
  if (speaker === null || typeof value.text !== "string") {
    throw fileError(place, `expected {"speaker": …, "text": …, "at": …} with a speaker and a text`);
  }
  const from = { speaker, trust: trustOf(role ?? speaker), at: timeAt(value, "at", place) };
  const nativeId = sessionOf(value, place);
  return {
    sessionKey: nativeId ?? "",
    nativeId,
    title: stringAt(value, "title"),
    events: makeEvents(from, textBlock(value.text), place),
  };
}

function sessionOf(value: JsonObject, place: string): string | null {
  const session = value.session;
  if (session === undefined || session === null) return null;
  const id = typeof session === "number" ? String(session) : session;
  if (typeof id !== "string" || id === "" || id.length > sessionKeyLength) {
    throw fileError(place, `"session" must be a text of 1 to ${sessionKeyLength} characters`);
  }
  return id;
}
