/** The ceiling of a large dream: the offline engine on its own, with the same sessions in memory. Answers each message with the milliseconds of one dream. */
import { createInlineOfflineEngine } from "../src/adapters/offline-engine/engine.ts";
import { createSystemClock } from "../src/adapters/system/clock.ts";
import type { SessionEvent } from "../src/core/session.ts";
import { readJob, serveParent } from "./processes.ts";
import { makeTranscript } from "./transcripts.ts";

// The parse edge: only `startHelper` of this folder starts this file.
const job = readJob() as { readonly sessions: number; readonly turnsPerSession: number };
const clock = createSystemClock();
const engine = createInlineOfflineEngine({ clock });
const events = new Map(
  Array.from({ length: job.sessions }, (_, number) => [`sesn_${number}`, eventsOf(number)]),
);

serveParent(async () => {
  const startedAt = performance.now();
  await engine.consolidate(
    {
      dreamId: "drm_bench",
      type: "omni",
      model: "auto",
      instructions: null,
      now: clock.now(),
      protectedPaths: [],
      memories: [],
      sessions: [...events].map(([id, { length }]) => ({
        id,
        title: id,
        createdAt: clock.now(),
        lastEvent: length,
      })),
      readMemories: async () => [],
      readEvents: async (sessionId, after) => (events.get(sessionId) ?? []).slice(after),
    },
    { signal: new AbortController().signal, report: () => {} },
  );
  return performance.now() - startedAt;
});

function eventsOf(session: number): SessionEvent[] {
  return makeTranscript(session, job.turnsPerSession).map(({ speaker, text, saidAt }, index) => ({
    id: `event_${session}_${index}`,
    sessionId: `sesn_${session}`,
    number: index + 1,
    speaker,
    trust: speaker === "assistant" ? "assistant" : "user",
    blocks: [{ type: "text", text }],
    at: saidAt * 1_000,
    createdAt: saidAt * 1_000,
  }));
}
