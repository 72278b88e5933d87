import {
  DiscardPolicy,
  type JetStreamManager,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Log } from "../../ports/log.ts";
import type { Connection } from "./connection.ts";
import { apiErrorOf, apiErrors } from "./nats-errors.ts";
import { covers } from "./subjects.ts";

export interface StreamSettings {
  readonly name: string;
  /** What it takes, e.g. `dreams.v1.>`. */
  readonly subject: string;
  /** How long an event is kept, milliseconds. */
  readonly retentionMs: number;
  /** Copies in a cluster, 1 to 5. */
  readonly replicas: number;
}

export interface StreamDeps {
  readonly connection: Connection;
  readonly manager: JetStreamManager;
  readonly log: Log;
}

/** Knows whether the stream was seen to be there. */
export interface StreamGuard {
  /** Resolves when the stream is there and fits; one look serves all who wait. Throws as `ensureStream`. */
  ready(): Promise<void>;
  /** As `ready`, but every error is `unavailable`: a stream that does not fit is no fault of an event. */
  readyForEvents(): Promise<void>;
  /** Resolves when the stream answers now; throws `unavailable` otherwise, and the next call makes a missing one anew. */
  check(): Promise<void>;
  /** Forgets what was seen: the next `ready` looks again. */
  lost(): void;
}

export function createStreamGuard(deps: StreamDeps, settings: StreamSettings): StreamGuard {
  let seen: Promise<void> | null = null;
  return { ready, readyForEvents, check, lost };

  function ready(): Promise<void> {
    if (seen !== null) return seen;
    const looking = ensureStream(deps, settings);
    seen = looking;
    looking.catch(() => {
      if (seen === looking) seen = null;
    });
    return looking;
  }

  async function readyForEvents(): Promise<void> {
    try {
      await ready();
    } catch (error) {
      throw error instanceof ReveriedError
        ? new ReveriedError("unavailable", error.message, { cause: error })
        : error;
    }
  }

  async function check(): Promise<void> {
    await readyForEvents();
    if ((await readStream(deps, settings)) !== null) return;
    lost();
    throw new ReveriedError(
      "unavailable",
      `stream ${settings.name} is gone from NATS at ${deps.connection.where}; it is made anew at the next event`,
    );
  }

  function lost(): void {
    seen = null;
  }
}

/**
 * Makes the stream unless it is there. One that is there is never changed, for an operator may have tuned it: what
 * would lose or refuse events throws `failed_precondition`, another retention is only told.
 */
export async function ensureStream(deps: StreamDeps, settings: StreamSettings): Promise<void> {
  const { connection, log } = deps;
  const found = (await readStream(deps, settings)) ?? (await createStream(deps, settings));
  const faults = faultsOf(found, settings);
  if (faults.length > 0) {
    throw new ReveriedError(
      "failed_precondition",
      `stream ${settings.name} on NATS at ${connection.where} does not fit: ${faults.join("; ")}. Correct it with \`nats stream edit ${settings.name}\`, or delete it and start again`,
    );
  }
  if (found.max_age !== nanos(settings.retentionMs)) {
    const kept = found.max_age === 0 ? "for ever" : `${Math.round(found.max_age / 1e6)} ms`;
    log.warn("the stream keeps events for another time than configured", {
      stream: settings.name,
      kept,
      configuredMs: settings.retentionMs,
    });
  }
}

async function readStream(deps: StreamDeps, { name }: StreamSettings): Promise<StreamConfig | null> {
  const { connection, manager } = deps;
  const isMissing = (error: unknown) => apiErrorOf(error) === apiErrors.streamNotFound;
  try {
    const what = `look for stream ${name} on NATS at ${connection.where}`;
    return (await connection.ask(what, () => manager.streams.info(name), isMissing)).config;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function createStream(deps: StreamDeps, settings: StreamSettings): Promise<StreamConfig> {
  const { connection, manager, log } = deps;
  const { name, subject, retentionMs, replicas } = settings;
  const isTaken = (error: unknown) => apiErrorOf(error) === apiErrors.streamNameInUse;
  const isOverlap = (error: unknown) => apiErrorOf(error) === apiErrors.subjectsOverlap;
  const asked = {
    name,
    subjects: [subject],
    description: "Events of dreams, written by reveried",
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: StorageType.File,
    max_age: nanos(retentionMs),
    duplicate_window: nanos(Math.min(limits.busDedupeWindowMs, retentionMs)),
    num_replicas: replicas,
  };
  try {
    const what = `create stream ${name} on NATS at ${connection.where}`;
    const info = await connection.ask(
      what,
      () => manager.streams.add(asked),
      (error) => isTaken(error) || isOverlap(error),
    );
    log.info("created the stream of events", { stream: name, subject, retentionMs });
    return info.config;
  } catch (error) {
    // Another process was faster, with other settings.
    const made = isTaken(error) ? await readStream(deps, settings) : null;
    if (made !== null) return made;
    if (!isOverlap(error)) throw error;
    throw new ReveriedError(
      "failed_precondition",
      `another stream on NATS at ${connection.where} takes some of ${subject}; remove these subjects from it, for an event must be in one stream only`,
      { cause: error },
    );
  }
}

function faultsOf(config: StreamConfig, { subject }: StreamSettings): string[] {
  const faults: string[] = [];
  if (!config.subjects?.some((pattern) => covers(pattern, subject))) {
    faults.push(`it takes ${config.subjects?.join(", ") || "no subjects"} instead of ${subject}`);
  }
  if (config.retention !== RetentionPolicy.Limits)
    faults.push(`its retention is ${config.retention} instead of limits`);
  if (config.storage !== StorageType.File) faults.push(`its storage is ${config.storage} instead of file`);
  if (config.discard !== DiscardPolicy.Old) faults.push(`it discards ${config.discard} instead of old`);
  if (config.max_msgs_per_subject > 0)
    faults.push("it limits the messages per subject, so it drops parts of histories");
  if (config.no_ack === true) faults.push("it does not acknowledge");
  if (config.sealed) faults.push("it is sealed");
  return faults;
}
