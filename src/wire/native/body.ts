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
  const settled = new AbortController();
  if (receiveTimeoutMs !== null && isHttp2(request)) {
    void deps.clock.sleep(receiveTimeoutMs, settled.signal).then(() => {
      if (!settled.signal.aborted) request.stream.close(constants.NGHTTP2_CANCEL);
    });
  }
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk;
  } catch {
    throw connectError("canceled", "the connection ended before the request was complete");
  } finally {
    settled.abort();
  }
}
