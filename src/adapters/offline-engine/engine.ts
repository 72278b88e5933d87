import { noUsage } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import { raceAbort } from "../../lib/abort.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Engine, EngineContext, EngineInput, EngineResult } from "../../ports/engine.ts";
import { type OfflineEngineOptions, resolveOfflineEngineOptions } from "./options.ts";
import { createPace } from "./pace.ts";
import { runPipeline } from "./pipeline.ts";
import { type EngineThread, startThread } from "./thread-host.ts";

export interface OfflineEngineDeps {
  readonly clock: Clock;
}

const nothingToDo: EngineResult = {
  changes: [],
  usage: noUsage,
  eventsRead: 0,
  message: "There was nothing to read.",
};

/**
 * The engine that needs no model: extracts, merges, resolves by recency and groups; never rewords. Works on threads of its
 * own, made when a dream first needs one and kept for the next. With all threads busy a dream waits its turn.
 * After `close` a dream is refused as `unavailable`.
 */
export function createOfflineEngine(
  { clock }: OfflineEngineDeps,
  options: OfflineEngineOptions = {},
): Engine {
  const config = resolveOfflineEngineOptions(options);
  const idle: EngineThread[] = [];
  const all = new Set<EngineThread>();
  const waiting: ((thread: EngineThread) => void)[] = [];
  const closing = new AbortController();

  const take = async (signal: AbortSignal): Promise<EngineThread> => {
    const free = idle.pop();
    if (free !== undefined) return free;
    if (all.size < config.threads) return start();
    return waitForThread(waiting, signal);
  };
  const start = () => {
    const thread = startThread(clock, config);
    all.add(thread);
    return thread;
  };
  const release = (thread: EngineThread) => {
    if (!thread.alive()) all.delete(thread);
    const next = waiting.shift();
    if (next !== undefined) next(thread.alive() ? thread : start());
    else if (thread.alive()) idle.push(thread);
  };
  return {
    name: "offline",
    async consolidate(input, context) {
      const signal = AbortSignal.any([context.signal, closing.signal]);
      signal.throwIfAborted();
      if (isEmpty(input)) return nothingToDo;
      const thread = await take(signal);
      try {
        return await thread.run(input, { signal, report: context.report });
      } finally {
        release(thread);
      }
    },
    async close() {
      closing.abort(closed());
      await Promise.all([...all].map((thread) => thread.end()));
      all.clear();
    },
  };
}

/** The same on the calling thread, giving it away now and then: for the simulation and for commands that do one dream. */
export function createInlineOfflineEngine(
  { clock }: OfflineEngineDeps,
  options: OfflineEngineOptions = {},
): Engine {
  const config = resolveOfflineEngineOptions(options);
  const closing = new AbortController();
  return {
    name: "offline",
    async consolidate(input: EngineInput, context: EngineContext) {
      const signal = AbortSignal.any([context.signal, closing.signal]);
      signal.throwIfAborted();
      if (isEmpty(input)) return nothingToDo;
      const pace = createPace(async () => {
        await clock.nextTurn();
        signal.throwIfAborted();
      });
      const stoppable: EngineInput = {
        ...input,
        readMemories: (paths) => raceAbort(input.readMemories(paths), signal),
        readEvents: (sessionId, after) => raceAbort(input.readEvents(sessionId, after), signal),
      };
      return runPipeline(stoppable, config.maxTokens, { pace, report: context.report });
    },
    async close() {
      closing.abort(closed());
    },
  };
}

function isEmpty(input: EngineInput): boolean {
  return input.memories.length === 0 && input.sessions.every((session) => session.lastEvent === 0);
}

function closed(): ReveriedError {
  return new ReveriedError("unavailable", "the offline engine was closed");
}

function waitForThread(
  waiting: ((thread: EngineThread) => void)[],
  signal: AbortSignal,
): Promise<EngineThread> {
  return new Promise((resolve, reject) => {
    const onThread = (thread: EngineThread) => {
      signal.removeEventListener("abort", onAbort);
      resolve(thread);
    };
    const onAbort = () => {
      waiting.splice(waiting.indexOf(onThread), 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    waiting.push(onThread);
  });
}
