import { constants } from "node:http2";
import type { Clock } from "../../ports/clock.ts";
import { isHttp2, type WireRequest } from "../exchange.ts";
import { connectError } from "./error.ts";

/**
 * The body of a request as it arrives. Reading stops with `canceled` when the client hangs up half way. Whoever stops
 * reading early leaves the connection as it is, so that the error that made them stop can still be written.
 *
 * `receiveTimeoutMs` bounds the whole of it for HTTP/2, where the server has no such bound of its own; null is for
 * calls whose requests may come as long as the call lasts.
 */
export async function* readBody(
  deps: { readonly clock: Clock },
  request: WireRequest,
  receiveTimeoutMs: number | null,
): AsyncGenerator<Uint8Array> {
  const arrived = receiveTimeoutMs === null ? null : startReceiveTimer(deps, request, receiveTimeoutMs);
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk;
  } catch {
    throw connectError("canceled", "the connection ended before the request was complete");
  } finally {
    // With a reason of its own: without one an error with its stack is made, for each call.
    arrived?.abort(null);
  }
}

/** Cuts the stream unless the answer is aborted in time; null for HTTP/1.1, which does that by itself. */
function startReceiveTimer(
  deps: { readonly clock: Clock },
  request: WireRequest,
  timeoutMs: number,
): AbortController | null {
  if (!isHttp2(request)) return null;
  const arrived = new AbortController();
  void deps.clock.sleep(timeoutMs, arrived.signal).then(() => {
    if (!arrived.signal.aborted) request.stream.close(constants.NGHTTP2_CANCEL);
  });
  return arrived;
}
