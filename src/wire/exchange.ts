/** A request with its answer, the same for HTTP/1.1 and HTTP/2, so that nothing above the listener asks which it is. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export type WireRequest = IncomingMessage | Http2ServerRequest;

/** The part of the answer that both versions have in one shape. */
export interface WireResponse {
  readonly headersSent: boolean;
  /** The whole answer was handed over; it may still be on its way. */
  readonly writableEnded: boolean;
  /** Of HTTP/1.1 only; see `isGone`. */
  readonly destroyed?: boolean;
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  write(chunk: Uint8Array): boolean;
  end(chunk?: Uint8Array | string): unknown;
  addTrailers(trailers: OutgoingHttpHeaders): void;
  once(event: "close" | "drain", listener: () => void): unknown;
  off(event: "close" | "drain", listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

export interface Exchange {
  readonly request: WireRequest;
  readonly response: WireResponse;
  /** The path without the query. */
  readonly path: string;
  readonly requestId: string;
  /** What every answer to this request carries: its id, and what a browser needs to read it. */
  readonly answerHeaders: Readonly<Record<string, string>>;
}

/** Serves the exchange and answers true, or answers false without having touched it. */
export type Mount = (exchange: Exchange) => boolean;

export function isHttp2(request: WireRequest): request is Http2ServerRequest {
  return request.httpVersionMajor === 2;
}

/** Whether nobody is there any more to read an answer. */
export function isGone({ request, response }: Exchange): boolean {
  // The answer of HTTP/2 does not tell, its stream does.
  return isHttp2(request) ? request.stream.closed || request.stream.destroyed : response.destroyed === true;
}

/** Joins the two classes at the one place where they come in. */
export function asWireResponse(response: ServerResponse | Http2ServerResponse): WireResponse {
  return response;
}

/** Answers with JSON; a HEAD request gets the headers only. Does nothing when the peer has gone. */
export function sendJson(
  exchange: Exchange,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const { request, response } = exchange;
  if (response.headersSent || isGone(exchange)) return;
  const text = Buffer.from(`${JSON.stringify(body)}\n`, "utf8");
  response.writeHead(status, {
    ...exchange.answerHeaders,
    "content-type": "application/json",
    "content-length": String(text.length),
    "cache-control": "no-store",
    ...headers,
  });
  if (request.method === "HEAD") response.end();
  else response.end(text);
}
