import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { limits } from "../../core/limits.ts";
import { fileError, shownPath, translateFileError } from "./file-error.ts";
import { notText } from "./text-lines.ts";

export interface ExportFileLine {
  /** 1 for the first. */
  readonly number: number;
  /** Without its end. */
  readonly text: string;
  /** Bytes of the file up to and with this line. */
  readonly endByte: number;
  /** False for a last line without its end, which may be half of one. */
  readonly isWhole: boolean;
}

const lineFeed = 0x0a;

/**
 * Lines of an export, one held at a time. Throws `invalid_argument` at the first line that cannot be one: too long for a line,
 * wherever it may end, or not UTF-8.
 */
export async function* readExportLines(path: string): AsyncGenerator<ExportFileLine, void, undefined> {
  const stream: AsyncIterable<Buffer> = createReadStream(path);
  let parts: Buffer[] = [];
  let size = 0;
  let number = 1;
  let endByte = 0;
  const take = (part: Buffer) => {
    size += part.length;
    if (size > limits.transferLineBytes) {
      throw lineError(
        path,
        number,
        `is longer than ${limits.transferLineBytes} bytes; this is no export of reveried`,
      );
    }
    parts.push(part);
  };
  const finish = (isWhole: boolean): ExportFileLine => {
    const bytes = Buffer.concat(parts);
    if (!isUtf8(bytes)) throw lineError(path, number, "is not UTF-8; the file is damaged");
    endByte += size + (isWhole ? 1 : 0);
    const line = { number, text: bytes.toString("utf8"), endByte, isWhole };
    parts = [];
    size = 0;
    number += 1;
    return line;
  };
  try {
    for await (const chunk of stream) {
      if (endByte + size === 0) checkHead(path, chunk);
      let from = 0;
      for (let lf = chunk.indexOf(lineFeed); lf !== -1; lf = chunk.indexOf(lineFeed, from)) {
        take(chunk.subarray(from, lf));
        from = lf + 1;
        yield finish(true);
      }
      take(chunk.subarray(from));
    }
  } catch (error) {
    throw translateFileError(path, error);
  }
  if (size > 0) yield finish(false);
}

/** An error about a line of a file: `backup.jsonl:17: what is wrong`. */
export function lineError(path: string, line: number, problem: string) {
  return fileError(`${shownPath(path)}:${line}`, problem);
}

function checkHead(path: string, head: Buffer): void {
  const problem = notText(head.subarray(0, 64));
  if (problem !== null) throw fileError(shownPath(path), problem);
}
