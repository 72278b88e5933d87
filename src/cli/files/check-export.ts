/** Looks through a whole export before anything of it is used: that it is one, that nothing is missing, nothing changed. */
import { stat } from "node:fs/promises";
import { limits } from "../../core/limits.ts";
import { emptyHead, type Sha256 } from "../../core/memory.ts";
import {
  exportFormat,
  exportVersion,
  kindOfLine,
  nextLinesHash,
  noLinesHash,
  noRecords,
  type RecordCounts,
  type RecordKind,
  recordKinds,
} from "../../core/transfer.ts";
import { type ExportFileLine, lineError, readExportLines } from "./export-lines.ts";
import { fileError, shownPath, translateFileError } from "./file-error.ts";

/** Heads whose sizes are remembered until a store names them; an export names each soon after it. */
const headsRemembered = 10_000;
const progressBytes = 1_048_576;

/** What a store must have when it is imported. */
export interface ExportedStore {
  readonly id: string;
  readonly line: number;
  readonly revision: number;
  /** null when the file does not say so within what is remembered of it. */
  readonly memories: number | null;
  readonly bytes: number | null;
}

export interface CheckedExport {
  /** Whole lines, the first and the last included. */
  readonly lines: number;
  /** Of those lines. */
  readonly bytes: number;
  readonly counts: RecordCounts;
  /** Of all lines before the last. */
  readonly hash: string;
  /** Whether it has its last line; without it it broke off. */
  readonly isComplete: boolean;
  readonly stores: readonly ExportedStore[];
}

export interface CheckExportDeps {
  readonly sha256: Sha256;
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number, totalBytes: number) => void;
}

/** Throws `invalid_argument`, in one line naming the file and the line at fault, for anything but an export or its beginning. */
export async function checkExport(path: string, deps: CheckExportDeps): Promise<CheckedExport> {
  const totalBytes = await sizeOf(path);
  const stores = createStoreNotes(path, deps.sha256);
  let counts: RecordCounts = noRecords;
  let hash = noLinesHash;
  let last: ExportFileLine | null = null;
  let isComplete = false;
  let toldBytes = 0;
  for await (const line of readExportLines(path)) {
    deps.signal.throwIfAborted();
    const { number, text, endByte, isWhole } = line;
    if (isComplete) throw lineError(path, number, "follows the end of the export; the file is damaged");
    const kind = kindOfLine(text);
    if (number === 1) {
      checkBegin(path, text);
    } else if (kind === "end" && (isWhole || parse(text) !== null)) {
      checkEnd(path, number, text, { counts, hash });
      isComplete = true;
      last = line;
      continue;
    } else {
      // An export that broke off may end with half of a line.
      if (!isWhole) break;
      const known = recordKinds.find((one) => one === kind);
      if (known === undefined)
        throw lineError(path, number, "is no record of an export; the file is damaged");
      counts = { ...counts, [known]: counts[known] + 1 };
      stores.note(known, number, text);
    }
    hash = nextLinesHash(hash, text, deps.sha256);
    last = line;
    if (endByte - toldBytes < progressBytes) continue;
    toldBytes = endByte;
    deps.onProgress(endByte, totalBytes);
  }
  const { number: lines, endByte: bytes } = last ?? { number: 0, endByte: 0 };
  if (lines === 0) throw fileError(shownPath(path), "is empty; name a file that reveried export wrote");
  return { lines, bytes, counts, hash, isComplete, stores: stores.all() };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: unknown) => {
    throw translateFileError(path, error);
  });
  // It is read twice, which a pipe is not.
  if (!found.isFile())
    throw fileError(shownPath(path), "is no regular file; name a file that reveried export wrote");
  return found.size;
}

function checkBegin(path: string, text: string): void {
  const record = kindOfLine(text) === "begin" ? parse(text) : null;
  if (record?.format !== exportFormat) {
    throw fileError(shownPath(path), "is no export of reveried; name a file that reveried export wrote");
  }
  if (record.version === exportVersion) return;
  throw fileError(
    shownPath(path),
    `has the format version ${JSON.stringify(record.version)}, this reveried knows ${exportVersion}; use a newer one`,
  );
}

/** The last line must count the records before it and have the hash of their lines. */
function checkEnd(
  path: string,
  number: number,
  text: string,
  { counts, hash }: Pick<CheckedExport, "counts" | "hash">,
): void {
  const record = parse(text);
  const told = record?.counts;
  const asNumbers =
    typeof told === "object" && told !== null ? (told as Readonly<Record<string, unknown>>) : {};
  for (const kind of recordKinds) {
    if (asNumbers[kind] === counts[kind]) continue;
    const problem = `counts ${JSON.stringify(asNumbers[kind] ?? null)} records of the kind ${kind}, and there are ${counts[kind]}`;
    throw lineError(path, number, `${problem}; lines were lost or added`);
  }
  if (record?.hash !== hash) {
    throw lineError(path, number, "the lines before it do not have the hash it tells; some were changed");
  }
}

interface StoreNotes {
  note(kind: RecordKind, line: number, text: string): void;
  all(): readonly ExportedStore[];
}

/** Notes what each store must have, by the head that it names. */
function createStoreNotes(path: string, sha256: Sha256): StoreNotes {
  const heads = new Map<unknown, { readonly memories: number; readonly bytes: number }>();
  heads.set(emptyHead(sha256).hash, { memories: 0, bytes: 0 });
  const stores: ExportedStore[] = [];
  return {
    all: () => stores,
    note(kind, line, text) {
      if (kind !== "head" && kind !== "store") return;
      const record = parse(text) ?? {};
      if (kind === "head") {
        heads.set(record.hash, { memories: Number(record.entry_count), bytes: Number(record.total_bytes) });
        const oldest = heads.keys().next();
        if (heads.size > headsRemembered && !oldest.done) heads.delete(oldest.value);
        return;
      }
      if (stores.length === limits.storesPerTenant) {
        throw lineError(path, line, `is one more store than the ${limits.storesPerTenant} a tenant may have`);
      }
      const { memories = null, bytes = null } = heads.get(record.head) ?? {};
      stores.push({ id: String(record.id), line, revision: Number(record.revision), memories, bytes });
    },
  };
}

/** The object that a line is, or null. */
function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const json: unknown = JSON.parse(text);
    // A parse edge: each field is looked at before it is believed.
    return typeof json === "object" && json !== null ? (json as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
