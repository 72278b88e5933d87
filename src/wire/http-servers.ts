/** The two servers behind the one port. Neither listens: connections are handed to them. */
import http from "node:http";
import http2 from "node:http2";
import type { Socket } from "node:net";
import type { WireRequest } from "./exchange.ts";
import type { WireConfig } from "./wire-config.ts";

/** How often HTTP/1.1 looks for requests that take too long to arrive. */
const checkIntervalMs = 1_000;
/** A client that breaks the protocol this often on one connection is not worth keeping. */
const invalidFramesMax = 100;

export type Serve = (request: WireRequest, response: http.ServerResponse | http2.Http2ServerResponse) => void;

export interface HttpServer {
  /** Takes over a connection, bytes that were put back on it first. */
  accept(socket: Socket): void;
  /** Ends idle connections now and the others once their answers have left. */
  drain(): void;
  /** Frees what is left when no connection is open any more. */
  close(): void;
}

export function createHttp1Server(config: WireConfig, serve: Serve): HttpServer {
  const server = http.createServer(
    {
      maxHeaderSize: config.headerBytes,
      headersTimeout: config.receiveTimeoutMs,
      requestTimeout: config.receiveTimeoutMs,
      keepAliveTimeout: config.silentSocketMs,
      connectionsCheckingInterval: Math.min(checkIntervalMs, config.receiveTimeoutMs),
    },
    serve,
  );
  // It enforces its timeouts only from this event on, and will never listen itself.
  server.emit("listening");
  let draining = false;
  /** Answers that have not left yet, by connection. The server's own notion of idle leaves out those still on their way. */
  const answering = new Map<Socket, number>();

  function answered(socket: Socket): void {
    const left = (answering.get(socket) ?? 1) - 1;
    // A connection that is gone has its answers closed after it.
    if (answering.has(socket)) answering.set(socket, left);
    if (draining && left === 0) socket.destroySoon();
  }

  server.on("request", ({ socket }, response: http.ServerResponse) => {
    answering.set(socket, (answering.get(socket) ?? 0) + 1);
    response.on("error", ignore);
    response.once("close", () => answered(socket));
  });

  return {
    accept(socket) {
      answering.set(socket, 0);
      socket.once("close", () => answering.delete(socket));
      server.emit("connection", socket);
    },
    drain() {
      draining = true;
      for (const [socket, count] of answering) if (count === 0) socket.destroySoon();
    },
    close() {
      // It answers with an error because it does not listen; that it stops its timer is what is wanted.
      server.close(ignore);
    },
  };
}

export function createHttp2Server(config: WireConfig, serve: Serve): HttpServer {
  const server = http2.createServer({
    settings: { maxConcurrentStreams: config.streamsPerConnection, maxHeaderListSize: config.headerBytes },
    maxSessionInvalidFrames: invalidFramesMax,
  });
  const sessions = new Set<http2.ServerHttp2Session>();

  server.on("request", serve);
  server.on("stream", (stream) => stream.on("error", ignore));
  server.on("sessionError", ignore);
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", ignore);
    session.once("close", () => sessions.delete(session));
    probeWhenSilent(session, config.silentSocketMs);
  });

  return {
    accept(socket) {
      // A connection that the peer half closed has no use in HTTP/2; left open it would never end.
      socket.allowHalfOpen = false;
      server.emit("connection", socket);
    },
    drain() {
      for (const session of sessions) session.close();
    },
    close: ignore,
  };
}

/** A silent connection may be a quiet watch or a peer that vanished; only a ping tells. */
function probeWhenSilent(session: http2.ServerHttp2Session, silentSocketMs: number): void {
  let waiting = false;
  session.on("timeout", () => {
    if (session.destroyed) return;
    if (waiting) {
      session.destroy();
      return;
    }
    waiting = true;
    const sent = session.ping((error) => {
      if (error === null) waiting = false;
    });
    if (sent) session.setTimeout(silentSocketMs);
    else session.destroy();
  });
  session.setTimeout(silentSocketMs);
}

function ignore(): void {}
