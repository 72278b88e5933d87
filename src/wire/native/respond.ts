import type { OutgoingHttpHeaders } from "node:http";
import { constants } from "node:http2";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Clock } from "../../ports/clock.ts";
import { type Exchange, isGone, isHttp2 } from "../exchange.ts";

/** An answer up to this size fits what connections buffer anyway, so nothing is gained by watching it leave. */
const watchedBytes = 16_384;

export interface RespondConfig {
  readonly receiveTimeoutMs: number;
  readonly silentSocketMs: number;
}

/**
 * Writes what a handler answered, at the pace of the client. Whatever happens the handler's stream is closed, so that
 * a watch whose client went away stops listening.
 */
export async function respond(
  deps: { readonly clock: Clock },
  config: RespondConfig,
  exchange: Exchange,
  answer: UniversalServerResponse,
  extraHeaders: Readonly<Record<string, string>>,
): Promise<void> {
  const { response } = exchange;
  const chunks = answer.body?.[Symbol.asyncIterator]();
  try {
    if (isGone(exchange)) return;
    const headers = toNodeHeaders(answer.header);
    response.writeHead(answer.status, { ...headers, ...exchange.answerHeaders, ...extraHeaders });
    const length = headers["content-length"];
    for (
      let next = await chunks?.next();
      next !== undefined && next.done !== true;
      next = await chunks?.next()
    ) {
      if (length !== undefined && Number(length) === next.value.byteLength) {
        // All of it in one piece, and in one packet.
        response.end(next.value);
        if (next.value.byteLength > watchedBytes) cutWhenStalled(exchange, config.silentSocketMs);
        return;
      }
      if (!response.write(next.value)) {
        cutWhenStalled(exchange, config.silentSocketMs);
        await drained(exchange);
        cutWhenStalled(exchange, 0);
      }
      if (isGone(exchange)) return;
    }
    if (answer.trailer !== undefined) response.addTrailers(toNodeHeaders(answer.trailer));
    response.end();
  } finally {
    // Not waited for: a stream that is in the middle of something returns when that ends.
    chunks?.return?.()?.catch(() => {});
    dropRest(deps, exchange, config.receiveTimeoutMs);
  }
}

/**
 * What is left of a body that nobody reads is let in and dropped: a client that is still sending would take a reset for
 * a failure and never see the answer. One that goes on for long is reset after all. HTTP/1.1 does this by itself.
 */
function dropRest(deps: { readonly clock: Clock }, { request }: Exchange, receiveTimeoutMs: number): void {
  if (!isHttp2(request) || request.complete || request.stream.closed) return;
  const { stream } = request;
  const settled = new AbortController();
  stream.once("close", () => settled.abort());
  request.resume();
  void deps.clock.sleep(receiveTimeoutMs, settled.signal).then(() => {
    if (!settled.signal.aborted) stream.close(constants.NGHTTP2_CANCEL);
  });
}

/** A client that stops reading is not waited for beyond `stallMs` without any progress; 0 waits again. */
function cutWhenStalled({ request }: Exchange, stallMs: number): void {
  if (isHttp2(request)) {
    const { stream } = request;
    stream.removeAllListeners("timeout");
    stream.setTimeout(stallMs, () => stream.close(constants.NGHTTP2_CANCEL));
  } else {
    // The server destroys a socket that times out, and sets a timeout of its own when the answer has left.
    request.socket.setTimeout(stallMs);
  }
}

function drained(exchange: Exchange): Promise<void> {
  const { response } = exchange;
  return new Promise((resolve) => {
    const settle = () => {
      response.off("drain", settle);
      response.off("close", settle);
      resolve();
    };
    response.once("drain", settle);
    response.once("close", settle);
    if (isGone(exchange)) settle();
  });
}

function toNodeHeaders(headers: Headers | undefined): OutgoingHttpHeaders {
  const result: Record<string, string> = {};
  headers?.forEach((value, name) => {
    result[name] = value;
  });
  return result;
}
