import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import type { Log } from "../../ports/log.ts";
import type { EventEncoding, EventFormat } from "./cloud-event.ts";
import { type Connection, openConnection } from "./connection.ts";
import { createHints } from "./hints.ts";
import { createPublisher } from "./publisher.ts";
import { createStreamGuard } from "./stream.ts";
import { checkPrefix, covers, defaultPrefixes, streamSubject } from "./subjects.ts";

export interface JetStreamBusDeps {
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

export interface JetStreamBusOptions {
  /** `nats://[user:password@|token@]host[:port]`, or `tls://…`; servers of one cluster joined by commas. */
  readonly url: string;
  /** `DREAMS` when left out. */
  readonly streamName?: string;
  /** How long a stream made here keeps an event, milliseconds, at least 1,000. */
  readonly retentionMs?: number;
  /** How many servers of a cluster keep a copy, in a stream made here: 1 to 5, 1 when left out. */
  readonly replicas?: number;
  /** What the data is written in: `json` when left out. */
  readonly encoding?: EventEncoding;
  /** CloudEvents mode: `binary` when left out. */
  readonly format?: EventFormat;
  /** `dreams.v1` when left out. */
  readonly subjectPrefix?: string;
  /** `reveried.live` when left out. */
  readonly livePrefix?: string;
  /** Of how many dreams the newest event is remembered, which saves a look at the server. */
  readonly dreamsRemembered?: number;
}

export interface JetStreamBus extends EventBus {
  /** Sends what waits and closes the connection, within 5 s; afterwards publishes are `unavailable`. May be called twice. */
  close(): Promise<void>;
}

/**
 * Connects within 5 s and makes the stream unless it is there. Throws one line for the operator: `unavailable` when
 * the server cannot be reached or has no JetStream, `invalid_argument` for a bad option, `failed_precondition` for a
 * server that is too old or a stream with other settings. Once open, it reconnects for ever.
 */
export async function openJetStreamBus(
  deps: JetStreamBusDeps,
  options: JetStreamBusOptions,
): Promise<JetStreamBus> {
  const config = resolveOptions(options);
  const connection = await openConnection(deps, options.url);
  try {
    return await createBus(deps, connection, config);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function resolveOptions(options: JetStreamBusOptions) {
  const prefixes = {
    subjectPrefix: options.subjectPrefix ?? defaultPrefixes.subjectPrefix,
    livePrefix: options.livePrefix ?? defaultPrefixes.livePrefix,
  };
  checkPrefix("subjectPrefix", prefixes.subjectPrefix);
  checkPrefix("livePrefix", prefixes.livePrefix);
  if (covers(streamSubject(prefixes), `${prefixes.livePrefix}.>`)) {
    throw invalidArgument("livePrefix", "must be outside of subjectPrefix, or the stream would store hints");
  }
  const streamName = options.streamName ?? "DREAMS";
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(streamName))
    throw invalidArgument("streamName", "must be 1 to 64 of A-Z a-z 0-9 _ -");
  const retentionMs = options.retentionMs ?? limits.busRetentionMs;
  if (!(retentionMs >= 1_000)) throw invalidArgument("retentionMs", "must be at least 1,000 ms");
  const replicas = options.replicas ?? 1;
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5)
    throw invalidArgument("replicas", "must be 1 to 5");
  return {
    prefixes,
    streamName,
    retentionMs,
    replicas,
    encoding: options.encoding ?? "json",
    format: options.format ?? "binary",
    dreamsRemembered: options.dreamsRemembered ?? limits.busDreamsRemembered,
  };
}

/** Throws when the stream is not there and cannot be made. */
async function createBus(
  { log }: JetStreamBusDeps,
  connection: Connection,
  config: ReturnType<typeof resolveOptions>,
): Promise<JetStreamBus> {
  const { prefixes, streamName } = config;
  const api = { timeout: limits.busPublishTimeoutMs, checkAPI: false };
  const manager = await connection.client.jetstreamManager(api);
  const settings = { name: streamName, subject: streamSubject(prefixes), ...config };
  const stream = createStreamGuard({ connection, manager, log }, settings);
  const client = connection.client.jetstream(api);
  const publish = createPublisher({ connection, client, manager, stream }, config);
  const hints = createHints({ connection, log }, prefixes);
  // The server may be back without its data.
  connection.onBack(stream.lost);
  await stream.ready();
  return {
    publish,
    announce: hints.announce,
    listen: hints.listen,
    check: stream.check,
    close: connection.close,
  };
}
