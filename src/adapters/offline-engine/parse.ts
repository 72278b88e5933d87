import type { SessionEvent } from "../../core/session.ts";
import { holdsSecret } from "./secrets.ts";
import type { SplitSentences } from "./sentences.ts";

/** What one event says, in sentences of its own words. */
export interface ParsedEvent {
  readonly sentences: readonly string[];
  /** Sentences left out because they hold a secret. */
  readonly secrets: number;
  /** Share of the event's characters that stood in code, logs or links. */
  readonly codeShare: number;
}

const sentenceLengthMax = 700;
const fence = /^\s*(?:```|~~~)/;
// What a harness writes into a person's turn is not the person's word.
const harnessTag = /<([a-z][a-z0-9_-]*)(?:\s[^>]*)?>[\s\S]*?<\/\1>/g;
// What would be read as something else than a sentence when it stands in a list of Markdown.
const unfitForMarkdown = /<!--|-->|^(?:[-*+#>|<]|!\[|\[[ xX]?\]|\[[^\]]+\]:|\d{1,9}[.)]\s|```|~~~)/;
const listMark = /^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?/;
const logLine =
  /^\s*(?:at\s+\S+\s+\(|\$ |> |>>> |#!\/|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[\d|(?:INFO|WARN|ERROR|DEBUG|TRACE)\b|[+-]{3} |@@ |diff --git|npm (?:ERR|WARN)|Traceback|File ")/;

/**
 * The sentences of an event that may become memory. Left out: tool calls and their results, fenced code, quoted
 * lines, tables, headings, log lines, and sentences with a secret.
 */
export function parseEvent(event: SessionEvent, split: SplitSentences): ParsedEvent {
  if (event.trust === "tool" || /^(?:system|developer)$/i.test(event.speaker)) return nothing;
  const sentences: string[] = [];
  let secrets = 0;
  let codeCharacters = 0;
  let characters = 0;
  for (const block of event.blocks) {
    if (block.type !== "text") continue;
    characters += block.text.length;
    const prose = paragraphsOf(block.text.replace(harnessTag, "\n\n"));
    codeCharacters += prose.codeCharacters;
    for (const paragraph of prose.paragraphs) {
      for (const sentence of steadySentences(paragraph, split)) {
        if (sentence.length > sentenceLengthMax || looksLikeCode(sentence)) codeCharacters += sentence.length;
        else if (holdsSecret(sentence)) secrets += 1;
        else if (unfitForMarkdown.test(sentence)) continue;
        else sentences.push(sentence);
      }
    }
  }
  return { sentences, secrets, codeShare: characters === 0 ? 0 : codeCharacters / characters };
}

const nothing: ParsedEvent = { sentences: [], secrets: 0, codeShare: 0 };

// A line that goes on in the next is one paragraph with it; a list item is a paragraph of its own.
function paragraphsOf(text: string): { paragraphs: string[]; codeCharacters: number } {
  const paragraphs: string[] = [];
  let current: string[] = [];
  let codeCharacters = 0;
  let inCode = false;
  const close = () => {
    if (current.length > 0) paragraphs.push(current.join(" "));
    current = [];
  };
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (fence.test(line)) {
      close();
      inCode = !inCode;
    } else if (inCode || logLine.test(line)) {
      close();
      codeCharacters += line.length;
    } else if (/^\s*$|^\s*(?:>|\||#{1,6}\s|-{3,}\s*$|={3,}\s*$)/.test(line)) {
      close();
    } else if (listMark.test(line)) {
      close();
      current.push(line.replace(listMark, "").trim());
    } else {
      current.push(line.trim());
    }
  }
  close();
  return { paragraphs, codeCharacters };
}

// A sentence must stand alone: what splits again by itself would not be found again in a note.
function steadySentences(paragraph: string, split: SplitSentences): string[] {
  return split(paragraph).flatMap(({ text }) =>
    split(text.replace(/\s+/g, " ").replace(/^(?:[-*+•]\s+)+/, "")).map((piece) => piece.text),
  );
}

function looksLikeCode(sentence: string): boolean {
  const letters = sentence.match(/\p{L}/gu)?.length ?? 0;
  const visible = sentence.replace(/\s/g, "").length;
  if (visible === 0 || letters / visible < 0.6) return true;
  if (
    /[{};]\s*$|=>|\)\s*;|^\s*(?:const|let|var|import|export|def|class|return|SELECT|INSERT|curl|sudo|npm|git|docker)\s.*[=(;|/]/.test(
      sentence,
    )
  ) {
    return true;
  }
  return sentence.split(" ").some((word) => word.length > 120);
}
