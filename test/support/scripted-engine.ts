import { noUsage } from "../../src/core/dream.ts";
import type { Engine, EngineContext, EngineInput, EngineResult } from "../../src/ports/engine.ts";

export interface ScriptedEngine extends Engine {
  /** How many runs began. */
  runs(): number;
}

/** The result of an engine that found nothing to change. */
export const nothingNew: EngineResult = {
  changes: [],
  usage: noUsage,
  eventsRead: 0,
  message: "Nothing to change.",
};

/** An engine that does what a test says. */
export function createScriptedEngine(
  script: (input: EngineInput, context: EngineContext, run: number) => Promise<EngineResult>,
): ScriptedEngine {
  let runs = 0;
  return {
    name: "scripted",
    consolidate(input, context) {
      runs += 1;
      return script(input, context, runs);
    },
    runs: () => runs,
    async close() {},
  };
}

/** Writes one memory that says what was read: the same for the same input, so two attempts can be told to agree. */
export async function noteWhatWasRead(input: EngineInput): Promise<EngineResult> {
  const lines: string[] = [];
  for (const session of input.sessions) {
    for (const event of await input.readEvents(session.id, 0)) {
      for (const block of event.blocks) if (block.type === "text") lines.push(block.text);
    }
  }
  const content = lines.join("\n");
  const before = input.memories.find((memory) => memory.path === "/read.md");
  const base = {
    path: "/read.md",
    content,
    reason: "what was read",
    edits: [],
    trust: "user",
    flags: [],
  } as const;
  const change =
    before === undefined
      ? ({ ...base, kind: "create" } as const)
      : ({ ...base, kind: "update", baseVersionId: before.versionId } as const);
  return { changes: [change], usage: noUsage, eventsRead: lines.length, message: "Read." };
}
