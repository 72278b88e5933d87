/** The one port: HTTP/1.1 and cleartext HTTP/2, told apart by the first bytes of each connection. */
import assert from "node:assert";
import { createServer, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { ReveriedError } from "../core/errors.ts";
import { createDeferred } from "../lib/deferred.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import { createCors } from "./cors.ts";
import { detailHeaders } from "./errors.ts";
import { type Mount, sendJson } from "./exchange.ts";
import { type Health, serveHealth } from "./health.ts";
import { createHttp1Server, createHttp2Server, type Serve } from "./http-servers.ts";
import { createExchange } from "./request-context.ts";
import { sniffProtocol } from "./sniff.ts";
import type { WireConfig } from "./wire-config.ts";

/** Bytes on the wire from a peer that has gone are noticed by the system after this long without an answer. */
const tcpKeepAliveMs = 60_000;

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export interface Listener {
  /** Resolves with where it listens. Throws `failed_precondition` naming the option to change when it cannot. */
  listen(): Promise<Address>;
  /**
   * Accepts nothing more, lets what is being answered be answered for at most `graceMs`, then cuts what is left.
   * Resolves when no connection is open. May be called at any time, any number of times.
   */
  stop(graceMs: number): Promise<void>;
}

export interface ListenerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly health: Health;
  /** Asked in this order; the first to take an exchange serves it. */
  readonly mounts: readonly Mount[];
}

export function createListener(deps: ListenerDeps, config: WireConfig): Listener {
  const serve = createDispatch(deps, config);
  const servers = { http1: createHttp1Server(config, serve), http2: createHttp2Server(config, serve) };
  const sockets = new Set<Socket>();
  const undecided = new Set<Socket>();
  const closed = createDeferred<void>();
  let stopped: Promise<void> | null = null;
  let listening: Promise<Address> | null = null;

  const tcp = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
  });
  tcp.maxConnections = config.connectionsMax;
  tcp.on("connection", (socket) => void accept(socket));
  // A connection that could not be accepted (no file left to give it, say) is its peer's loss only.
  tcp.on("error", (error) => {
    // One that could not listen at all is told to whoever called.
    if (tcp.listening) deps.log.warn("the listener reported an error", { reason: error.message });
  });

  async function accept(socket: Socket): Promise<void> {
    sockets.add(socket);
    undecided.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      undecided.delete(socket);
    });
    const protocol = await sniffProtocol(deps, socket, config.sniffTimeoutMs);
    undecided.delete(socket);
    if (protocol === null || stopped !== null) socket.destroy();
    else servers[protocol].accept(socket);
  }

  async function drain(graceMs: number): Promise<void> {
    // Closing before the name is looked up would leave it listening afterwards.
    await listening?.catch(() => {});
    tcp.close(() => closed.resolve());
    for (const socket of undecided) socket.destroy();
    servers.http1.drain();
    servers.http2.drain();
    const settled = new AbortController();
    await Promise.race([closed.promise, deps.clock.sleep(graceMs, settled.signal)]);
    settled.abort();
    for (const socket of sockets) socket.destroy();
    await closed.promise;
    servers.http1.close();
    servers.http2.close();
  }

  return {
    listen() {
      if (stopped !== null) throw new ReveriedError("failed_precondition", "the server was stopped");
      listening ??= new Promise((resolve, reject) => {
        tcp.once("error", (error) => reject(listenError(config, error)));
        tcp.listen({ host: config.host, port: config.port }, () =>
          resolve(addressOf(tcp.address(), config.host)),
        );
      });
      return listening;
    },
    stop(graceMs) {
      stopped ??= drain(graceMs);
      return stopped;
    },
  };
}

function createDispatch(deps: ListenerDeps, config: WireConfig): Serve {
  const cors = createCors(config.corsOrigins, Object.values(detailHeaders));
  return (request, response) => {
    // The peer may go at any moment; what that means for a call is decided where its answer is written.
    const body: Readable = request;
    body.on("error", () => {});
    const exchange = createExchange(deps, request, response, cors.headersFor(request));
    const preflight = cors.preflight(request);
    if (preflight !== null) {
      exchange.response.writeHead(204, { ...exchange.answerHeaders, ...preflight });
      exchange.response.end();
      return;
    }
    if (serveHealth(deps.health, exchange)) return;
    for (const mount of deps.mounts) if (mount(exchange)) return;
    sendJson(exchange, 404, { code: "not_found", message: `nothing is served at ${exchange.path}` });
  };
}

function addressOf(address: ReturnType<ReturnType<typeof createServer>["address"]>, host: string): Address {
  assert(address !== null && typeof address !== "string", "what listens on a port has an address with one");
  const name = host.includes(":") ? `[${host}]` : host;
  return { host, port: address.port, url: `http://${name}:${address.port}` };
}

function listenError({ host, port }: WireConfig, error: NodeJS.ErrnoException): ReveriedError {
  const message = (() => {
    switch (error.code) {
      case "EADDRINUSE":
        return `port ${port} on ${host} is in use; end what listens there, or choose another with REVERIED_PORT`;
      case "EACCES":
        return `port ${port} on ${host} may not be opened by this user; choose one above 1023 with REVERIED_PORT`;
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
      case "EAI_AGAIN":
        return `${JSON.stringify(host)} is no address of this machine; set REVERIED_HOST, e.g. to 127.0.0.1`;
      default:
        return `cannot listen on port ${port} of ${host}: ${error.message}; see REVERIED_HOST and REVERIED_PORT`;
    }
  })();
  return new ReveriedError("failed_precondition", message, { details: { field: "port" }, cause: error });
}
