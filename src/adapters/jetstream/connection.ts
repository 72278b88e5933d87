import { connect, Events, type NatsConnection } from "nats";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { isTimeout, reasonOf, translate } from "./nats-errors.ts";
import { createPresence } from "./presence.ts";
import { type NatsServers, parseServers } from "./server-url.ts";

export interface ConnectionDeps {
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/** A connection that is kept for ever, and that says no at once while it is away. */
export interface Connection {
  readonly client: NatsConnection;
  /** The servers as configured, for messages. */
  readonly where: string;
  isUp(): boolean;
  /**
   * Runs a request that the client bounds in time. Throws `unavailable` at once while the server is away, and as
   * soon as it goes away; `ReveriedError` for whatever else the request throws, unless `keep` says to let it through.
   */
  ask<T>(what: string, request: () => Promise<T>, keep?: (error: unknown) => boolean): Promise<T>;
  /** Resolves when the server has worked through all that was sent before, or is away; never rejects. */
  settle(): Promise<void>;
  /** Called each time the connection is back, or answers again after it did not. */
  onBack(callback: () => void): void;
  /** Flushes and closes, within `limits.busConnectTimeoutMs`. May be called twice. */
  close(): Promise<void>;
}

// A connection that died without a word is noticed after three of these; publishes fail by their own time-out before.
const pingIntervalMs = 5_000;
const reconnectWaitMs = 500;

/** The first server with expectations over another subject than the message's own. */
const oldestServer = [2, 11] as const;

/** Connects within `limits.busConnectTimeoutMs`, or throws one line that says where, why, and what to correct. */
export async function openConnection(deps: ConnectionDeps, url: string): Promise<Connection> {
  const servers = parseServers(url);
  const where = servers.servers.join(",");
  const client = await dial(deps, servers, where);
  try {
    checkVersion(client, where);
  } catch (error) {
    await client.close();
    throw error;
  }
  return keep(deps, client, where);
}

async function dial(
  { clock }: ConnectionDeps,
  { servers, tls, credentials }: NatsServers,
  where: string,
): Promise<NatsConnection> {
  const given =
    credentials.kind === "token"
      ? { token: credentials.token }
      : credentials.kind === "user"
        ? { user: credentials.user, pass: credentials.pass }
        : {};
  const dialing = connect({
    servers: [...servers],
    name: "reveried",
    ...(tls ? { tls: {} } : {}),
    ...given,
    timeout: limits.busConnectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    // A password being rotated must not end the connection for good.
    ignoreAuthErrorAbort: true,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    // The client would take a stack trace for each publish.
    noAsyncTraces: true,
  });
  try {
    const client = await within(clock, limits.busConnectTimeoutMs, dialing);
    if (client !== "late") return client;
  } catch (cause) {
    throw unreachable(where, reasonOf(cause), cause);
  }
  dialing.then(
    (client) => client.close(),
    () => {},
  );
  throw unreachable(where, `no answer within ${limits.busConnectTimeoutMs / 1_000} s`, null);
}

function unreachable(where: string, reason: string, cause: unknown): ReveriedError {
  return new ReveriedError(
    "unavailable",
    `cannot reach NATS at ${where}: ${reason}; start the server there, or correct REVERIED_NATS_URL`,
    { cause },
  );
}

function checkVersion(client: NatsConnection, where: string): void {
  const version = client.info?.version ?? "0.0.0";
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  if (major > oldestServer[0] || (major === oldestServer[0] && minor >= oldestServer[1])) return;
  throw new ReveriedError(
    "failed_precondition",
    `the NATS server at ${where} is ${version}; it must be ${oldestServer.join(".")} or newer to keep the order of events`,
  );
}

function keep({ clock, log }: ConnectionDeps, client: NatsConnection, where: string): Connection {
  const presence = createPresence(where);
  let closing: Promise<void> | null = null;
  void followStatus();
  void client.closed().then(() => presence.lose("closed"));

  return {
    client,
    where,
    isUp: () => presence.state() === "up",
    onBack: presence.onBack,

    async ask(what, request, letThrough = () => false) {
      try {
        return await presence.whileUp(request);
      } catch (error) {
        if (isTimeout(error)) listenForLife();
        throw letThrough(error) ? error : translate(what, error);
      }
    },

    async settle() {
      if (presence.state() !== "up") return;
      const flushed = client.flush().catch(() => {});
      if ((await within(clock, limits.busPublishTimeoutMs, flushed)) === "late") listenForLife();
    },

    close() {
      closing ??= shut();
      return closing;
    },
  };

  async function followStatus(): Promise<void> {
    for await (const status of client.status()) {
      if (status.type === Events.Disconnect) {
        // Told for each failed try to connect, too.
        if (presence.state() !== "away") log.warn("NATS is away", { where });
        presence.lose("away");
      } else if (status.type === Events.Reconnect) {
        log.info("NATS is back", { where });
        presence.comeBack();
      } else if (status.type === Events.Error) {
        log.warn("NATS reports an error", { where, reason: String(status.data) });
      }
    }
  }

  /**
   * After a request without an answer nothing more is sent until a ping is answered: what is written into a
   * connection that died without a word stays in memory.
   */
  function listenForLife(): void {
    if (presence.state() !== "up") return;
    presence.fallSilent();
    client.flush().then(
      () => {
        if (presence.state() === "silent") presence.comeBack();
      },
      () => {},
    );
  }

  async function shut(): Promise<void> {
    // A drain sends what waits; while the server is away there is nobody to send it to.
    if (presence.state() === "up") {
      await within(
        clock,
        limits.busConnectTimeoutMs,
        client.drain().catch(() => {}),
      );
    }
    presence.lose("closed");
    await client.close();
  }
}

/** Waits for the work, but no longer than `ms`; the work itself is not stopped. */
async function within<T>(clock: ConnectionDeps["clock"], ms: number, work: Promise<T>): Promise<T | "late"> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).then(() => "late" as const);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
