import { cors } from "@connectrpc/connect";
import type { WireRequest } from "./exchange.ts";

/** How long a browser may remember the answer to a preflight. */
const preflightMaxAgeS = 7_200;
const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

export interface Cors {
  /** Headers for any answer to this request; none when it is not from a page, or not from one that may call. */
  headersFor(request: WireRequest): Readonly<Record<string, string>>;
  /** Headers for the answer to a preflight, or null when the request is none. */
  preflight(request: WireRequest): Readonly<Record<string, string>> | null;
}

/** `origins` as in `WireConfig.corsOrigins`; a page may read the headers of that name too. No answer ever allows cookies: credentials are headers here. */
export function createCors(origins: readonly string[], detailHeaderNames: readonly string[]): Cors {
  const allowed = new Set(origins);
  const exposedHeaders = [...cors.exposedHeaders, "x-request-id", ...detailHeaderNames].join(", ");
  const allowedHeaders = [...cors.allowedHeaders, "authorization", "x-api-key", "x-request-id"].join(", ");
  const allowedMethods = cors.allowedMethods.join(", ");
  const noHeaders = {};

  function isAllowed(origin: string): boolean {
    if (allowed.has("*") || allowed.has(origin)) return true;
    return allowed.has("loopback") && isLoopback(origin);
  }

  return {
    headersFor(request) {
      const origin = request.headers.origin;
      if (typeof origin !== "string") return noHeaders;
      // A cache must not give one origin's answer to another, refused ones included.
      if (!isAllowed(origin)) return { vary: "origin" };
      return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": exposedHeaders,
        vary: "origin",
      };
    },
    preflight(request) {
      if (request.method !== "OPTIONS") return null;
      const origin = request.headers.origin;
      if (typeof origin !== "string" || request.headers["access-control-request-method"] === undefined)
        return null;
      if (!isAllowed(origin)) return {};
      return {
        "access-control-allow-methods": allowedMethods,
        "access-control-allow-headers": allowedHeaders,
        "access-control-max-age": String(preflightMaxAgeS),
      };
    },
  };
}

function isLoopback(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return (url.protocol === "http:" || url.protocol === "https:") && loopbackHosts.has(url.hostname);
}
