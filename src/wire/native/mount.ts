import { createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { type Exchange, isHttp2, type Mount, sendJson } from "../exchange.ts";
import { readBody } from "./body.ts";
import { type CallState, callStateKey } from "./call.ts";
import { connectError, internalError } from "./error.ts";
import { type RespondConfig, respond } from "./respond.ts";

export interface NativeMountConfig extends RespondConfig {
  readonly requestTimeoutMs: number;
  readonly watchTimeoutMaxMs: number;
}

/** Serves the RPCs of `handlers` under their paths, in every protocol the request's content type may name. */
export function createNativeMount(
  deps: { readonly clock: Clock; readonly log: Log; readonly stopping: AbortSignal },
  config: NativeMountConfig,
  handlers: readonly UniversalHandler[],
): Mount {
  const byPath = new Map(handlers.map((handler) => [handler.requestPath, handler]));

  async function serve(handler: UniversalHandler, exchange: Exchange): Promise<void> {
    const state: CallState = {
      requestId: exchange.requestId,
      procedure: handler.requestPath,
      input: handler.method.input,
      principal: null,
      entered: false,
      told: null,
    };
    try {
      const answer = await handler(universalRequest(deps, config, handler, exchange, state));
      // A connection of HTTP/1.1 that stays open would hold up the stop until it is idle for long.
      const closing = deps.stopping.aborted && !isHttp2(exchange.request);
      const headers: Record<string, string> = closing ? { connection: "close" } : {};
      await respond(deps, config, exchange, answer, headers);
    } catch (error) {
      const { rawMessage } = internalError(deps, state, error);
      // An answer that was begun can only be broken off, so that nobody takes it for whole.
      if (exchange.response.headersSent) exchange.response.destroy();
      else sendJson(exchange, 500, { code: "internal", message: rawMessage });
    }
  }

  return (exchange) => {
    const handler = byPath.get(exchange.path);
    if (handler === undefined) return false;
    if (!refuseForm(handler, exchange)) void serve(handler, exchange);
    return true;
  };
}

/** Refuses what no protocol could answer: the wrong method, an unknown content type, a dialogue over HTTP/1.1. */
function refuseForm(handler: UniversalHandler, exchange: Exchange): boolean {
  const { request } = exchange;
  const contentType = request.headers["content-type"] ?? "";
  const method = request.method ?? "";
  if (!handler.allowedMethods.includes(method)) {
    const allow = handler.allowedMethods.join(", ");
    const message = `${method} is not a way to call ${exchange.path}; use ${allow.replace(", ", " or ")}`;
    sendJson(exchange, 405, { code: "unimplemented", message }, { allow });
    return true;
  }
  if (handler.method.methodKind === "bidi_streaming" && !isHttp2(request)) {
    const message = `${exchange.path} is a stream in both directions, which needs HTTP/2`;
    sendJson(exchange, 505, { code: "unimplemented", message }, { connection: "close" });
    return true;
  }
  if (method === "POST" && !handler.supportedContentType(contentType)) {
    const types = handler.method.methodKind === "unary" ? "application/json" : "application/connect+json";
    const message = `content-type ${JSON.stringify(contentType)} is not served here; use ${types}, application/grpc or application/grpc-web`;
    sendJson(exchange, 415, { code: "invalid_argument", message });
    return true;
  }
  return false;
}

function universalRequest(
  deps: { readonly clock: Clock },
  config: NativeMountConfig,
  handler: UniversalHandler,
  { request, response }: Exchange,
  state: CallState,
): UniversalServerRequest {
  const hangUp = new AbortController();
  response.once("close", () => {
    if (!response.writableEnded) hangUp.abort(connectError("canceled", "the client hung up"));
  });
  const kind = handler.method.methodKind;
  const header = toWebHeaders(request.headers);
  setDeadline(header, kind === "unary" ? config.requestTimeoutMs : config.watchTimeoutMaxMs);
  return {
    httpVersion: request.httpVersion,
    method: request.method ?? "",
    // Handlers read the query only; which authority the client meant is nothing they ask.
    url: `http://localhost${request.url}`,
    header,
    body: readBody(deps, request, kind === "bidi_streaming" ? null : config.receiveTimeoutMs),
    signal: hangUp.signal,
    contextValues: createContextValues().set(callStateKey, state),
  };
}

/** A call without a deadline gets the default one, in the words of its protocol, so that there is one mechanism. */
function setDeadline(header: Headers, timeoutMs: number): void {
  if (header.get("content-type")?.startsWith("application/grpc") === true) {
    // The number has at most eight digits (gRPC over HTTP/2, "Timeout").
    const value = timeoutMs < 100_000_000 ? `${timeoutMs}m` : `${Math.ceil(timeoutMs / 1_000)}S`;
    if (!header.has("grpc-timeout")) header.set("grpc-timeout", value);
  } else if (!header.has("connect-timeout-ms")) {
    header.set("connect-timeout-ms", String(timeoutMs));
  }
}

function toWebHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(":")) continue;
    if (typeof value === "string") result.append(name, value);
    else for (const one of value) result.append(name, one);
  }
  return result;
}
