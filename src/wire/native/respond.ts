import type { OutgoingHttpHeaders } from "node:http";
import { constants } from "node:http2";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { type Exchange, isHttp2, type WireResponse } from "../exchange.ts";

/**
 * Writes what a handler answered, at the pace of the client. Whatever happens the handler's stream is closed, so that
 * a watch whose client went away stops listening.
 */
export async function respond(
  exchange: Exchange,
  answer: UniversalServerResponse,
  extraHeaders: Readonly<Record<string, string>>,
): Promise<void> {
  const { response } = exchange;
  const chunks = answer.body?.[Symbol.asyncIterator]();
  try {
    if (response.destroyed) return;
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
        return;
      }
      if (!response.write(next.value)) await drained(response);
      if (response.destroyed) return;
    }
    if (answer.trailer !== undefined) response.addTrailers(toNodeHeaders(answer.trailer));
    response.end();
  } finally {
    // Not waited for: a stream that is in the middle of something returns when that ends.
    chunks?.return?.()?.catch(() => {});
    finishRequest(exchange);
  }
}

/** A body that nobody will read any more is given up, so that it does not hold one of the connection's streams. */
function finishRequest({ request }: Exchange): void {
  if (isHttp2(request) && !request.complete && !request.stream.closed) {
    const { stream } = request;
    stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
  }
}

function drained(response: WireResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off("drain", settle);
      response.off("close", settle);
      resolve();
    };
    response.once("drain", settle);
    response.once("close", settle);
    if (response.destroyed) settle();
  });
}

function toNodeHeaders(headers: Headers | undefined): OutgoingHttpHeaders {
  const result: Record<string, string> = {};
  headers?.forEach((value, name) => {
    result[name] = value;
  });
  return result;
}
