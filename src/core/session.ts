/** Session events of every dialect as one shape. */

/** Who is answerable for a text. `tool` and `imported` alone never overrule a person. */
export const trusts = ["user", "assistant", "tool", "imported"] as const;
export type Trust = (typeof trusts)[number];

const trustRank: Record<Trust, number> = { user: 3, assistant: 2, imported: 1, tool: 0 };

/** The lowest trust of several, which is what a change resting on all of them has; `imported` for none. */
export function lowestTrust(all: readonly Trust[]): Trust {
  return all.reduce<Trust>(
    (low, trust) => (trustRank[trust] < trustRank[low] ? trust : low),
    all[0] ?? "imported",
  );
}

export type Block =
  | { readonly type: "text"; readonly text: string }
  /** `input` is JSON text. */
  | { readonly type: "tool_use"; readonly toolUseId: string; readonly name: string; readonly input: string }
  | {
      readonly type: "tool_result";
      readonly toolUseId: string;
      readonly text: string;
      readonly isError: boolean;
    }
  /** Something that carries no words for a dream, kept by description only. */
  | { readonly type: "other"; readonly description: string };

export interface NewSessionEvent {
  readonly id: string;
  /** A name for people: `user`, `assistant`, `Maya`. Never empty. */
  readonly speaker: string;
  readonly trust: Trust;
  readonly blocks: readonly Block[];
  /** When it was said, Unix milliseconds; null when the source does not tell. */
  readonly at: number | null;
}

export interface SessionEvent extends NewSessionEvent {
  readonly sessionId: string;
  /** 1 for the first of the session; reading order. */
  readonly number: number;
  /** When it was stored, Unix milliseconds. */
  readonly createdAt: number;
}

/** `dream`: the transcript of a dream's own work, never an input of a dream. */
export type SessionKind = "conversation" | "dream";

export interface Session {
  readonly id: string;
  readonly tenant: string;
  readonly kind: SessionKind;
  /** The dream whose pipeline this is, for kind `dream`. */
  readonly dreamId: string | null;
  readonly title: string;
  readonly agentId: string | null;
  readonly workspaceId: string | null;
  readonly memoryStoreIds: readonly string[];
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Number of the last event; 0 when there is none. */
  readonly lastEvent: number;
  /** Raised by each write that is no append; the guard of those writes. */
  readonly edition: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly archivedAt: number | null;
}

/** The words of a block, or what stands for them: the arguments of a tool, the description of a picture. */
export function blockText(block: Block): string {
  switch (block.type) {
    case "text":
    case "tool_result":
      return block.text;
    case "tool_use":
      return block.input;
    case "other":
      return block.description;
  }
}

/** All words of an event, blocks joined by blank lines; tool inputs are not words. */
export function eventText(event: { readonly blocks: readonly Block[] }): string {
  const parts: string[] = [];
  for (const block of event.blocks) {
    if (block.type === "text" || block.type === "tool_result") parts.push(block.text);
  }
  return parts.join("\n\n");
}
