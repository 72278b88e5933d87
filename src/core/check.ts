/** Checks of single fields, used by every use case so that all dialects have the same bounds. */
import { invalidArgument, ReveriedError } from "./errors.ts";
import { limits } from "./limits.ts";

const encoder = new TextEncoder();

/** Length in Unicode code points. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** The first `max` UTF-16 units of a text, one less where that would cut a character in two. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** Refuses text over `max` code points, and text that is not well-formed Unicode. */
export function checkText(field: string, text: string, max: number): void {
  if (!text.isWellFormed())
    throw invalidArgument(field, "is not well-formed Unicode (a surrogate stands alone)");
  if (text.length > max && textLength(text) > max) {
    throw invalidArgument(field, `must be at most ${max} characters, has ${textLength(text)}`, max);
  }
}

/** A name people see: 1 to `max` characters on one line. */
export function checkName(field: string, text: string, max: number): void {
  if (text.length === 0) throw invalidArgument(field, "must not be empty");
  checkLine(field, text, max);
}

/** At most `max` characters without control characters; may be empty. */
export function checkLine(field: string, text: string, max: number): void {
  checkText(field, text, max);
  if (/\p{Cc}/u.test(text)) throw invalidArgument(field, "must not contain control characters");
}

/** Refuses more pairs, longer keys and longer values than `limits` allow, and keys that are empty or not on one line. */
export function checkMetadata(field: string, metadata: Readonly<Record<string, string>>): void {
  const pairs = Object.entries(metadata);
  if (pairs.length > limits.metadataPairs) {
    throw invalidArgument(
      field,
      `must have at most ${limits.metadataPairs} pairs, has ${pairs.length}`,
      limits.metadataPairs,
    );
  }
  for (const [key, value] of pairs) {
    checkName(`${field} key`, key, limits.metadataKeyLength);
    checkText(`${field}.${key}`, value, limits.metadataValueLength);
  }
}

/** The page size to use: the default for 0. Negative sizes and sizes over the bound are refused. */
export function pageSize(
  requested: number,
  bounds: { readonly default: number; readonly max: number },
): number {
  if (requested === 0) return bounds.default;
  if (requested < 0 || requested > bounds.max) {
    throw invalidArgument(
      "page_size",
      `must be 1 to ${bounds.max}, or 0 for ${bounds.default}; got ${requested}`,
      bounds.max,
    );
  }
  return requested;
}

/** Refuses text that cannot be kept byte for byte: not well-formed, with NUL, or over `maxBytes` of UTF-8. */
export function checkContent(field: string, text: string, maxBytes: number): number {
  if (!text.isWellFormed())
    throw invalidArgument(field, "is not well-formed Unicode (a surrogate stands alone)");
  if (text.includes("\0")) throw invalidArgument(field, "must not contain NUL characters");
  const size = byteLength(text);
  if (size > maxBytes) {
    throw new ReveriedError("too_large", `${field}: is ${size} bytes, more than ${maxBytes}; split it`, {
      details: { field, limit: maxBytes },
    });
  }
  return size;
}
