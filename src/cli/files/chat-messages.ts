import { readAnthropicMessage, readSystemPrompt } from "./anthropic-messages.ts";
import { fileError } from "./file-error.ts";
import { isOpenAiMessage, readOpenAiMessage } from "./openai-messages.ts";
import {
  type EntryFormat,
  firstTimeAt,
  type JsonObject,
  stringAt,
  type TranscriptEvent,
} from "./transcript-event.ts";

const timeKeys = ["at", "timestamp", "created_at"];
const roles = new Set(["user", "assistant", "system", "developer", "tool", "function"]);

/** Chat messages `{role, content}` of Anthropic or OpenAI, one an entry; all of them are one session. */
export const chatMessages: EntryFormat = {
  name: "chat_messages",
  read: (value, place) => ({
    sessionKey: "",
    nativeId: null,
    title: null,
    events: readMessage(value, place),
  }),
};

/** A whole conversation in one object, `{messages: […]}`; `system`, `id` or `session`, and `title` may stand beside. */
export interface Conversation {
  readonly nativeId: string | null;
  readonly title: string | null;
  readonly systemEvents: readonly TranscriptEvent[];
  /** As they stand in the file. */
  readonly messages: readonly unknown[];
}

/** Parts a conversation into its messages. Throws when it has none or its system prompt is no text. */
export function readConversation(value: JsonObject, place: string): Conversation {
  const messages = value.messages;
  if (!Array.isArray(messages) || messages.length === 0) {
    throw fileError(place, `"messages" is empty; a transcript needs at least one message`);
  }
  return {
    nativeId: stringAt(value, "session") ?? stringAt(value, "id"),
    title: stringAt(value, "title"),
    systemEvents: readSystemPrompt(value.system, place),
    messages,
  };
}

function readMessage(message: JsonObject, place: string): TranscriptEvent[] {
  const role = stringAt(message, "role");
  const known = role !== null && roles.has(role);
  if (!known || !("content" in message || "tool_calls" in message || "function_call" in message)) {
    throw fileError(
      place,
      `expected a chat message {"role": "user" | "assistant" | "system" | "tool", "content": …}`,
    );
  }
  const at = firstTimeAt(message, timeKeys, place);
  return isOpenAiMessage(message)
    ? readOpenAiMessage(message, at, place)
    : readAnthropicMessage(message, at, place);
}
