import type { Block } from "../../core/session.ts";
import { fileError } from "./file-error.ts";
import {
  isJsonObject,
  type JsonObject,
  jsonText,
  makeEvents,
  stringAt,
  type TranscriptEvent,
  textBlock,
  trustOf,
} from "./transcript-event.ts";

const ownKeys = ["tool_calls", "tool_call_id", "function_call", "refusal"];
const ownParts = new Set([
  "image_url",
  "input_audio",
  "file",
  "refusal",
  "input_text",
  "output_text",
  "input_image",
  "input_file",
]);

/** Whether a message has anything that only OpenAI's messages have; without it both readers give the same. */
export function isOpenAiMessage(message: JsonObject): boolean {
  const role = message.role;
  if (role !== "user" && role !== "assistant") return true;
  if (ownKeys.some((key) => message[key] !== undefined && message[key] !== null)) return true;
  if (typeof message.name === "string") return true;
  const content = message.content;
  return (
    Array.isArray(content) && content.some((part) => isJsonObject(part) && ownParts.has(String(part.type)))
  );
}

/** The events of one OpenAI chat message: content as text, parts or null, and the calls of tools. */
export function readOpenAiMessage(message: JsonObject, at: number | null, place: string): TranscriptEvent[] {
  const role = stringAt(message, "role");
  if (role === null) throw fileError(place, `expected a message with a "role"`);
  const from = { speaker: stringAt(message, "name") ?? role, trust: trustOf(role), at };
  const blocks = contentBlocks(message.content, place);
  if (from.trust === "tool") {
    const toolUseId = stringAt(message, "tool_call_id") ?? stringAt(message, "name") ?? "";
    const texts = blocks.flatMap((block) => (block.type === "text" ? [block.text] : []));
    return makeEvents(
      from,
      [{ type: "tool_result", toolUseId, text: texts.join("\n"), isError: false }],
      place,
    );
  }
  if (typeof message.refusal === "string") blocks.push(...textBlock(message.refusal));
  blocks.push(...toolCalls(message, place));
  return makeEvents(from, blocks, place);
}

function contentBlocks(content: unknown, place: string): Block[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return textBlock(content);
  if (!Array.isArray(content)) throw fileError(place, `"content" must be a text, an array of parts or null`);
  return content.flatMap((part: unknown): Block[] => {
    if (typeof part === "string") return textBlock(part);
    const type = isJsonObject(part) ? stringAt(part, "type") : null;
    if (!isJsonObject(part) || type === null) throw fileError(place, `each part of "content" needs a "type"`);
    const text = type === "refusal" ? part.refusal : part.text;
    if (typeof text === "string") return textBlock(text);
    return [{ type: "other", description: type.slice(0, 64).toWellFormed() }];
  });
}

function toolCalls(message: JsonObject, place: string): Block[] {
  const calls = message.tool_calls ?? [];
  if (!Array.isArray(calls)) throw fileError(place, `"tool_calls" must be an array`);
  const blocks: Block[] = calls.map((call: unknown) => {
    const id = isJsonObject(call) ? (stringAt(call, "id") ?? "") : "";
    const called = isJsonObject(call) ? (call.function ?? call.custom) : undefined;
    if (!isJsonObject(called)) throw fileError(place, `each of "tool_calls" needs a "function"`);
    return toolUse(id, called, place);
  });
  const older = message.function_call;
  if (isJsonObject(older)) blocks.push(toolUse(stringAt(older, "name") ?? "", older, place));
  return blocks;
}

function toolUse(toolUseId: string, called: JsonObject, place: string): Block {
  const given = called.arguments ?? called.input ?? "{}";
  return {
    type: "tool_use",
    toolUseId,
    name: stringAt(called, "name") ?? "function",
    input: asJson(given, place),
  };
}

/** Arguments are JSON text as a model wrote it; what is no JSON is kept as a JSON string. */
function asJson(given: unknown, place: string): string {
  if (typeof given !== "string") return jsonText(given, place);
  try {
    JSON.parse(given);
    return given.toWellFormed();
  } catch {
    return JSON.stringify(given);
  }
}
