/**
 * The opaque cursor of every list. It carries where the page ended and a mark of the query it belongs to, so that a
 * token used with other filters is refused and not silently misread.
 */
import { invalidArgument } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Digest } from "../ports/digest.ts";

/** The last time a date can have (ECMA-262, 21.4.1.1). */
const dateMaxMs = 8_640_000_000_000_000;

type Position = Readonly<Record<string, string | number>>;

/** `query` names the list and all its filters, in a fixed order. */
export function encodePageToken(digest: Digest, query: readonly unknown[], position: Position): string {
  const body = JSON.stringify([queryMark(digest, query), position]);
  return Buffer.from(body, "utf8").toString("base64url");
}

/** The position in a token, checked field by field against `shape`; `invalid_argument` for anything else. */
export function decodePageToken<Shape extends Readonly<Record<string, "string" | "number">>>(
  digest: Digest,
  query: readonly unknown[],
  token: string,
  shape: Shape,
): { [K in keyof Shape]: Shape[K] extends "string" ? string : number } | null {
  if (token === "") return null;
  if (token.length > limits.pageTokenLength) throw badToken("is too long");
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    throw badToken("is not a token of this server");
  }
  if (!Array.isArray(body) || body.length !== 2) throw badToken("is not a token of this server");
  const [mark, position]: unknown[] = body;
  if (mark !== queryMark(digest, query))
    throw badToken("belongs to a list with other filters; start again without it");
  if (typeof position !== "object" || position === null) throw badToken("is not a token of this server");
  for (const [name, type] of Object.entries(shape)) {
    // A parse edge: the token is the caller's, so each field is looked at before it is believed.
    const value: unknown = (position as Record<string, unknown>)[name];
    if (typeof value !== type || (typeof value === "number" && !isPosition(value))) {
      throw badToken("is not a token of this server");
    }
  }
  return position as { [K in keyof Shape]: Shape[K] extends "string" ? string : number };
}

/** A time or an index; anything else would be an error only deep in a storage. */
function isPosition(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= dateMaxMs;
}

function queryMark(digest: Digest, query: readonly unknown[]): string {
  return digest.sha256(JSON.stringify(query)).slice(0, 16);
}

function badToken(what: string) {
  return invalidArgument("page_token", what);
}
