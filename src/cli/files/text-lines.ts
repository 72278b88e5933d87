import { isUtf8 } from "node:buffer";
import { fileError } from "./file-error.ts";

/** A line of a file: its text, or what keeps it from being one. */
export interface TextLine {
  /** 1 for the first. */
  readonly number: number;
  /** Bytes of the file up to and with this line. */
  readonly endByte: number;
  /** Without its LF, but with a CR before it, which JSON takes for space; null when there is a problem. */
  readonly text: string | null;
  /** Why there is no text, and what to do; empty when there is one. */
  readonly problem: string;
}

export interface LineBounds {
  /** Longest line in bytes; a longer one is a problem of that line and is not held in memory. */
  readonly lineBytes: number;
  /** The same for the first line, which may be a whole document. */
  readonly firstLineBytes: number;
  /** Ends with the first line that is longer, in place of reading on to where it ends. */
  readonly endAtLonger: boolean;
}

export interface TextStart {
  /** The first byte that is no white space (a space after much of it), or null when the file has no other. */
  readonly firstByte: number | null;
  /** All bytes of the file but a UTF-8 byte order mark. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How many bytes of a byte order mark were left out. */
  readonly skippedBytes: number;
}

const peekBytesMax = 65_536;
/** Binary files and UTF-16 show a zero byte early; one further on is a fault of its line alone. */
const sniffedBytes = 64;
const byteOrderMark = [0xef, 0xbb, 0xbf];
const packed: readonly (readonly [string, readonly number[]])[] = [
  ["is compressed with gzip; unpack it first (gunzip)", [0x1f, 0x8b]],
  ["is a zip archive; unpack it first (unzip)", [0x50, 0x4b, 0x03, 0x04]],
  ["is compressed with zstd; unpack it first (unzstd)", [0x28, 0xb5, 0x2f, 0xfd]],
  ["is UTF-16 text; save it as UTF-8", [0xff, 0xfe]],
  ["is UTF-16 text; save it as UTF-8", [0xfe, 0xff]],
];

/** Looks at how a file begins. Throws for what is no UTF-8 text: archives, UTF-16, binary data. */
export async function peekText(source: AsyncIterable<Uint8Array>, place: string): Promise<TextStart> {
  const iterator = source[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let head = Buffer.alloc(0);
  let done = false;
  while (!done && head.length < peekBytesMax && (head.length < 4 || firstSignificant(head) === null)) {
    const next = await iterator.next();
    if (next.done === true) done = true;
    else parts.push(next.value);
    head = Buffer.concat(parts);
  }
  try {
    checkText(head.subarray(0, sniffedBytes), place);
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
  const skippedBytes = byteOrderMark.every((byte, index) => head[index] === byte) ? byteOrderMark.length : 0;
  const rest = head.subarray(skippedBytes);
  const firstByte = firstSignificant(rest) ?? (done ? null : 0x20);
  return { firstByte, chunks: joined(rest, iterator), skippedBytes };
}

/** Why a file's first bytes cannot be UTF-8 text, or null. */
export function notText(head: Uint8Array): string | null {
  for (const [message, magic] of packed) {
    if (magic.every((byte, index) => head[index] === byte)) return message;
  }
  return head.includes(0) ? "is binary or UTF-16 (it has zero bytes); only UTF-8 text can be read" : null;
}

function checkText(head: Uint8Array, place: string): void {
  const message = notText(head);
  if (message !== null) throw fileError(place, message);
}

function firstSignificant(bytes: Uint8Array): number | null {
  const start = byteOrderMark.every((byte, index) => bytes[index] === byte) ? byteOrderMark.length : 0;
  for (let index = start; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte;
  }
  return null;
}

async function* joined(
  first: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (first.length > 0) yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

/** Parts bytes into lines at LF, holding one line at a time. The last line needs no line end. */
export async function* splitLines(
  start: TextStart,
  bounds: LineBounds,
): AsyncGenerator<TextLine, void, undefined> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  let startByte = start.skippedBytes;
  const finish = (endByte: number): TextLine => {
    const max = number === 1 ? bounds.firstLineBytes : bounds.lineBytes;
    const line = makeLine({ number, startByte, endByte, parts, size, max });
    parts = [];
    size = 0;
    number += 1;
    startByte = endByte;
    return line;
  };
  for await (const chunk of start.chunks) {
    let from = 0;
    for (let lf = chunk.indexOf(0x0a); ; lf = chunk.indexOf(0x0a, from)) {
      const part = chunk.subarray(from, lf === -1 ? chunk.length : lf);
      size += part.length;
      const max = number === 1 ? bounds.firstLineBytes : bounds.lineBytes;
      if (size > max && bounds.endAtLonger) {
        yield finish(startByte + size);
        return;
      }
      if (size > max) parts = [];
      else if (part.length > 0) parts.push(part);
      if (lf === -1) break;
      from = lf + 1;
      yield finish(startByte + size + 1);
    }
  }
  if (size > 0) yield finish(startByte + size);
}

interface RawLine {
  readonly number: number;
  readonly startByte: number;
  readonly endByte: number;
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly max: number;
}

function makeLine({ number, startByte, endByte, parts, size, max }: RawLine): TextLine {
  const bad = (problem: string): TextLine => ({ number, endByte, text: null, problem });
  if (size > max) return bad(`the line is longer than ${max} bytes; split it into several messages`);
  const bytes = parts.length === 1 ? asBuffer(parts[0]) : Buffer.concat(parts);
  if (!isUtf8(bytes)) {
    const offset = startByte + firstBadByte(bytes);
    return bad(`byte ${offset} of the file (counted from 0) is not UTF-8; convert the file to UTF-8 (iconv)`);
  }
  return { number, endByte, text: bytes.toString("utf8"), problem: "" };
}

function asBuffer(bytes: Uint8Array | undefined): Buffer {
  return bytes === undefined
    ? Buffer.alloc(0)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Index of the first byte of the first sequence that is not UTF-8, found by halving. The bytes must hold one. */
export function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (startsWell(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  // The sequence may have begun a few bytes before it was found out; go back over its continuation bytes.
  while (good > 0 && !isUtf8(bytes.subarray(0, good))) good -= 1;
  return good;
}

/** Whether bytes are UTF-8 but for a last sequence that may be unfinished. */
function startsWell(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
