/**
 * Claude Code's session files, after public descriptions of them: one JSON object a line, linked by `uuid` and
 * `parentUuid`. `user` and `assistant` lines carry the conversation, and attachments what a person typed while the
 * model was at work; all else is the program's own books.
 */
import type { Block } from "../../core/session.ts";
import { readAnthropicMessage } from "./anthropic-messages.ts";
import { fileError } from "./file-error.ts";
import {
  type Entry,
  type EntryFormat,
  isJsonObject,
  type JsonObject,
  stringAt,
  type TranscriptEvent,
  timeAt,
} from "./transcript-event.ts";
import { createUuidSet } from "./uuid-set.ts";

/** Lines that keep the program's own books: known, and no part of the conversation. */
const bookkeeping = new Set([
  "summary",
  "system",
  "progress",
  "checkpoint",
  "file-history-snapshot",
  "queue-operation",
  "custom-title",
  "ai-title",
  "agent-name",
  "agent-color",
  "agent-setting",
  "mode",
  "permission-mode",
  "last-prompt",
  "tag",
  "pr-link",
  "worktree-state",
  "task-summary",
  "content-replacement",
  "context-collapse-commit",
  "context-collapse-snapshot",
  "attribution-snapshot",
  "marble-origami-commit",
  "speculation-accept",
  "cost-state",
  "agent_metadata",
  "saved_hook_context",
]);

/** Whether a line may be one of Claude Code's, of a kind that is known or not. */
export function isClaudeCodeLine(value: JsonObject): boolean {
  const type = stringAt(value, "type");
  if (type === null) return false;
  return "sessionId" in value || "uuid" in value || isJsonObject(value.message) || bookkeeping.has(type);
}

/** Texts in a user's line that a program wrote: commands, their output, reminders to the model. */
const writtenByProgram =
  /^\s*<(command-|local-command-|bash-|system-reminder|task-notification|user-prompt-submit-hook)/;

/**
 * A reader with a memory of the lines it has seen, for one file. Left out are lines that repeat a `uuid` (compaction
 * writes old lines again), side conversations of sub-agents (their result stands in the main one), and what the
 * program wrote in the user's name: meta lines and summaries of a compaction.
 */
export function createClaudeCode(): EntryFormat {
  const seen = createUuidSet();
  let title: string | null = null;
  return {
    name: "claude_code",
    read(value, place) {
      const type = stringAt(value, "type");
      const nativeId = stringAt(value, "sessionId");
      title = titleIn(value) ?? title;
      const entry: Entry = { sessionKey: nativeId ?? "", nativeId, title, events: [] };
      if (type !== null && bookkeeping.has(type)) return entry;
      if (type !== "user" && type !== "assistant" && type !== "attachment") {
        const shown = type === null ? "no type" : JSON.stringify(type.slice(0, 64));
        throw fileError(
          place,
          `unknown kind of Claude Code line, ${shown}; use --lenient to skip such lines`,
        );
      }
      const uuid = stringAt(value, "uuid");
      if (uuid !== null && !seen.add(uuid)) return entry;
      if (value.isSidechain === true || value.isMeta === true || value.isCompactSummary === true) {
        return entry;
      }
      const events = type === "attachment" ? readAttachment(value, place) : readLine(value, type, place);
      return { ...entry, events };
    },
  };
}

function readLine(value: JsonObject, type: "user" | "assistant", place: string): readonly TranscriptEvent[] {
  const message = value.message;
  if (!isJsonObject(message))
    throw fileError(place, `a "${type}" line needs a "message" with role and content`);
  const at = timeAt(value, "timestamp", place);
  const events = readAnthropicMessage({ role: type, content: message.content }, at, place);
  return type === "user" ? events.flatMap(partProgramText) : events;
}

/** A message that waited in the queue has no `user` line; other attachments are files and reminders. */
function readAttachment(value: JsonObject, place: string): readonly TranscriptEvent[] {
  const attachment = value.attachment;
  if (!isJsonObject(attachment) || attachment.type !== "queued_command") return [];
  const origin = attachment.origin;
  if (isJsonObject(origin) && origin.kind !== "human") return [];
  if ((attachment.commandMode ?? "prompt") !== "prompt") return [];
  const at = timeAt(attachment, "timestamp", place) ?? timeAt(value, "timestamp", place);
  const events = readAnthropicMessage({ role: "user", content: attachment.prompt }, at, place);
  return events.flatMap(partProgramText);
}

/** What a program wrote in the user's place is kept, but not as the person's word. */
function partProgramText(event: TranscriptEvent): readonly TranscriptEvent[] {
  if (event.trust !== "user") return [event];
  const isProgram = (block: Block): boolean => block.type === "text" && writtenByProgram.test(block.text);
  if (!event.blocks.some(isProgram)) return [event];
  const own = event.blocks.filter((block) => !isProgram(block));
  const program = event.blocks.filter(isProgram);
  const parted: TranscriptEvent[] = [{ ...event, speaker: "system", trust: "imported", blocks: program }];
  if (own.length > 0) parted.push({ ...event, blocks: own });
  return parted;
}

function titleIn(value: JsonObject): string | null {
  switch (value.type) {
    case "summary":
      return stringAt(value, "summary");
    case "custom-title":
      return stringAt(value, "customTitle");
    case "ai-title":
      return stringAt(value, "aiTitle");
    default:
      return null;
  }
}
