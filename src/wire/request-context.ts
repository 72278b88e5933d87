import type { Random } from "../ports/random.ts";
import { asWireResponse, type Exchange, type WireRequest, type WireResponse } from "./exchange.ts";

/** What a caller may send as `x-request-id`: it ends up in log lines and in a header of the answer. */
const saneRequestId = /^[A-Za-z0-9._:-]{1,128}$/;
const requestIdBytes = 12;

/** Reads what every request has. A caller's `x-request-id` is kept when it is sane; else one is made. */
export function createExchange(
  deps: { readonly random: Random },
  request: WireRequest,
  response: Parameters<typeof asWireResponse>[0],
  corsHeaders: Readonly<Record<string, string>>,
): Exchange {
  const given = request.headers["x-request-id"];
  const requestId =
    typeof given === "string" && saneRequestId.test(given) ? given : makeRequestId(deps.random);
  const url = request.url ?? "/";
  const query = url.indexOf("?");
  const wireResponse: WireResponse = asWireResponse(response);
  return {
    request,
    response: wireResponse,
    path: query === -1 ? url : url.slice(0, query),
    requestId,
    answerHeaders: { ...corsHeaders, "x-request-id": requestId },
  };
}

function makeRequestId(random: Random): string {
  return Buffer.from(random.bytes(requestIdBytes)).toString("hex");
}
