import type { Block, Trust } from "../../core/session.ts";
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

/** The content blocks in order, each run of one kind of origin apart. */
interface Run {
  readonly fromTool: boolean;
  readonly blocks: Block[];
}

/**
 * The events of one Anthropic message, `{role, content}`. Results of tools come in messages of the user, so they are
 * parted from what the person wrote: they are events of the tool.
 */
export function readAnthropicMessage(
  message: JsonObject,
  at: number | null,
  place: string,
): TranscriptEvent[] {
  const role = stringAt(message, "role");
  if (role === null) throw fileError(place, `expected a message with a "role"`);
  const trust = trustOf(role);
  return contentRuns(message.content, place).flatMap((run) =>
    makeEvents(
      run.fromTool ? { speaker: "tool", trust: "tool", at } : { speaker: role, trust, at },
      run.blocks,
      place,
    ),
  );
}

/** The words of a system prompt, which is a text or text blocks. Trust is `imported`. */
export function readSystemPrompt(system: unknown, place: string): TranscriptEvent[] {
  if (system === undefined || system === null) return [];
  const trust: Trust = "imported";
  return contentRuns(system, place).flatMap((run) =>
    makeEvents({ speaker: "system", trust, at: null }, run.blocks, place),
  );
}

/** Parts content into runs of blocks from a tool and blocks from the speaker. Throws when it is neither text nor blocks. */
function contentRuns(content: unknown, place: string): readonly Run[] {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return [{ fromTool: false, blocks: textBlock(content) }];
  if (!Array.isArray(content)) throw fileError(place, `"content" must be a text or an array of blocks`);
  const runs: Run[] = [];
  for (const part of content) {
    const blocks = readBlock(part, place);
    const fromTool = isJsonObject(part) && isToolResult(part);
    const last = runs.at(-1);
    if (last !== undefined && last.fromTool === fromTool) last.blocks.push(...blocks);
    else runs.push({ fromTool, blocks });
  }
  return runs;
}

/** `tool_result`, and the results of tools that the provider runs, such as `web_search_tool_result`. */
function isToolResult(part: JsonObject): boolean {
  return typeof part.type === "string" && part.type.endsWith("tool_result");
}

function readBlock(part: unknown, place: string): Block[] {
  if (typeof part === "string") return textBlock(part);
  const type = isJsonObject(part) ? stringAt(part, "type") : null;
  if (!isJsonObject(part) || type === null) throw fileError(place, `each block of "content" needs a "type"`);
  if (type === "text") {
    if (typeof part.text !== "string") throw fileError(place, `a "text" block needs a "text"`);
    return textBlock(part.text);
  }
  if (type === "tool_use" || type === "server_tool_use" || type === "mcp_tool_use") {
    const input = jsonText(part.input ?? {}, place);
    return [
      {
        type: "tool_use",
        toolUseId: stringAt(part, "id") ?? "",
        name: stringAt(part, "name") ?? type,
        input,
      },
    ];
  }
  if (type === "tool_result" || type === "mcp_tool_result") {
    const text = resultText(part.content, place);
    const isError = part.is_error === true;
    return [{ type: "tool_result", toolUseId: stringAt(part, "tool_use_id") ?? "", text, isError }];
  }
  // Thinking, images, documents, and whatever a later version of the API adds: they carry no words for a dream.
  return [{ type: "other", description: type.slice(0, 64).toWellFormed() }];
}

function resultText(content: unknown, place: string): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content.toWellFormed();
  if (!Array.isArray(content))
    throw fileError(place, `the "content" of a tool result must be a text or blocks`);
  const texts: string[] = [];
  for (const part of content) {
    if (isJsonObject(part) && typeof part.text === "string") texts.push(part.text.toWellFormed());
  }
  return texts.join("\n");
}
