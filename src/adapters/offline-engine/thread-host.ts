import { Worker } from "node:worker_threads";
import { ReveriedError } from "../../core/errors.ts";
import { createDeferred, type Deferred } from "../../lib/deferred.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EngineContext, EngineInput, EngineResult } from "../../ports/engine.ts";
import type { OfflineEngineConfig } from "./options.ts";
import {
  type FromThread,
  packError,
  type ThreadInput,
  type ToThread,
  unpackError,
} from "./thread-protocol.ts";

/** One thread: does one dream after another until it is ended or dies. */
export interface EngineThread {
  /** Only while no dream is under way on it. Throws the signal's reason once the thread has stopped, or was ended for not stopping. */
  run(input: EngineInput, context: EngineContext): Promise<EngineResult>;
  /** False once it died or was ended: it must not be used again. */
  alive(): boolean;
  /** Resolves when the thread is gone: it is asked to leave, and ended when it does not in time. A dream on it fails. */
  end(): Promise<void>;
}

interface Run {
  readonly number: number;
  readonly input: EngineInput;
  readonly context: EngineContext;
  readonly stop: Int32Array;
  readonly result: Deferred<EngineResult>;
}

const nurseryMb = 16;

/**
 * Starts a thread. While it has nothing to do it does not keep the process alive. A dream that does not stop in time
 * takes its thread with it; a thread that dies fails its dream as `internal`.
 */
export function startThread(clock: Clock, config: OfflineEngineConfig): EngineThread {
  // Beside this file stands its twin, as .ts in the sources and as .js in the package.
  const worker = new Worker(
    new URL(`./thread-entry${/\.[jt]s$/.exec(import.meta.url)?.[0] ?? ".js"}`, import.meta.url),
    // A dream makes many short-lived objects; a large nursery for them would stay with the process for good.
    { resourceLimits: { maxYoungGenerationSizeMb: nurseryMb } },
  );
  let current: Run | null = null;
  let alive = true;
  let runs = 0;
  let leaving: Promise<void> | null = null;
  worker.unref();
  const post = (message: ToThread) => worker.postMessage(message);
  const settle = (run: Run) => {
    if (current === run) current = null;
    // One that is being ended holds the process until it is gone, or who waits for that would never hear of it.
    if (alive) worker.unref();
  };
  const die = (cause: unknown) => {
    alive = false;
    const error = new ReveriedError(
      "internal",
      "the offline engine's thread ended; the dream can be tried again",
      { cause },
    );
    current?.result.reject(error);
  };
  worker.on("error", die);
  worker.on("exit", (code) => die(`exit code ${code}`));
  worker.on("message", (message: FromThread) => {
    if (current !== null && message.run === current.number) hear(current, message, post);
  });
  return {
    alive: () => alive,
    end() {
      leaving ??= leave();
      return leaving;
    },
    async run(input, context) {
      context.signal.throwIfAborted();
      runs += 1;
      const stop = new Int32Array(new SharedArrayBuffer(4));
      const run: Run = { number: runs, input, context, stop, result: createDeferred() };
      current = run;
      worker.ref();
      const finished = new AbortController();
      const onAbort = () => {
        Atomics.store(stop, 0, 1);
        // A thread that waits for a text looks at no number.
        post({ kind: "unreadable", run: run.number, error: packError(canceled()) });
        void endUnlessStopped(run, finished.signal);
      };
      context.signal.addEventListener("abort", onAbort, { once: true });
      post({ kind: "start", run: run.number, input: portable(input), maxTokens: config.maxTokens, stop });
      try {
        const result = await run.result.promise;
        // An answer that crossed the abort is no answer any more.
        context.signal.throwIfAborted();
        return result;
      } catch (error) {
        context.signal.throwIfAborted();
        throw error;
      } finally {
        finished.abort();
        context.signal.removeEventListener("abort", onAbort);
        settle(run);
      }
    },
  };

  // Asked first: a thread ended by force while it compiles can take the whole process with it (nodejs/node 64500).
  async function leave(): Promise<void> {
    if (!alive) return;
    alive = false;
    const left = new AbortController();
    worker.once("exit", () => left.abort());
    worker.ref();
    post({ kind: "leave" });
    await clock.sleep(config.abortGraceMs, left.signal);
    await worker.terminate();
  }

  async function endUnlessStopped(run: Run, finished: AbortSignal): Promise<void> {
    await clock.sleep(config.abortGraceMs, finished);
    if (finished.aborted) return;
    alive = false;
    run.result.reject(run.context.signal.reason);
    await worker.terminate();
  }
}

function canceled(): ReveriedError {
  return new ReveriedError("canceled", "the dream was stopped");
}

function portable(input: EngineInput): ThreadInput {
  const { dreamId, type, model, instructions, now, protectedPaths, memories, sessions } = input;
  return { dreamId, type, model, instructions, now, protectedPaths, memories, sessions };
}

function hear(run: Run, message: FromThread, post: (message: ToThread) => void): void {
  switch (message.kind) {
    case "done":
      run.result.resolve(message.result);
      break;
    case "failed":
      run.result.reject(unpackError(message.error));
      break;
    case "progress":
      run.context.report(message.progress);
      break;
    case "need_texts":
      answer(run, post, async () => {
        const texts = await run.input.readMemories(message.paths);
        return { kind: "texts", run: run.number, texts };
      });
      break;
    case "need_events":
      answer(run, post, async () => {
        const events = await run.input.readEvents(message.sessionId, message.after);
        return { kind: "events", run: run.number, events };
      });
      break;
  }
}

// A read that fails is told to the thread, so that it ends its dream and is free again.
function answer(run: Run, post: (message: ToThread) => void, read: () => Promise<ToThread>): void {
  read().then(
    (message) => post(message),
    (error: unknown) => {
      run.result.reject(error);
      post({ kind: "unreadable", run: run.number, error: packError(error) });
    },
  );
}
