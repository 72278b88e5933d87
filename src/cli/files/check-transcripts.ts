/** A first reading of transcript files, so that nothing is made of files that turn out wrong half way. */
import { stat } from "node:fs/promises";
import { limits } from "../../core/limits.ts";
import { fileError, shownPath, translateFileError } from "./file-error.ts";
import { readTranscript, type SkippedEntry, type TranscriptSession } from "./transcript.ts";

export interface CheckTranscriptsOptions {
  readonly lenient: boolean;
  readonly signal: AbortSignal;
  readonly onSkip: (skipped: SkippedEntry) => void;
  readonly onFile: (done: number, events: number) => void;
}

export interface CheckedTranscripts {
  readonly sessions: number;
  readonly events: number;
  /** Those without any message, of which no session is made. */
  readonly empty: readonly string[];
  /** Throws, naming the file, when one is no longer what was read. */
  checkUnchanged(): Promise<void>;
}

interface Mark {
  readonly file: string;
  readonly size: number;
  readonly changedMs: number;
}

/**
 * Reads the files to their ends, holding none of them. Throws as `readTranscript` does, and for a session that is longer
 * than one may be, and for what can be read only once, such as a pipe.
 */
export async function checkTranscripts(
  files: readonly string[],
  options: CheckTranscriptsOptions,
): Promise<CheckedTranscripts> {
  const { lenient, signal, onSkip, onFile } = options;
  const marks: Mark[] = [];
  const empty: string[] = [];
  let sessions = 0;
  let events = 0;
  for (const [index, file] of files.entries()) {
    marks.push(await markOf(file));
    const counts = new Map<TranscriptSession, number>();
    for await (const { session } of readTranscript(file, { lenient, onSkip })) {
      signal.throwIfAborted();
      const number = (counts.get(session) ?? 0) + 1;
      if (number > limits.eventsPerSession) throw tooLong(file, session);
      counts.set(session, number);
      events += 1;
      if (events % limits.eventsPerAppend === 0) onFile(index, events);
    }
    if (counts.size === 0) empty.push(file);
    sessions += counts.size;
    onFile(index + 1, events);
  }
  return { sessions, events, empty, checkUnchanged: () => checkMarks(marks) };
}

async function markOf(file: string): Promise<Mark> {
  try {
    const { size, mtimeMs, isFile } = await statOf(file);
    if (isFile) return { file, size, changedMs: mtimeMs };
  } catch (error) {
    throw translateFileError(file, error);
  }
  throw fileError(
    shownPath(file),
    "is no regular file, and it is read twice; write what it gives to a file first",
  );
}

async function statOf(file: string) {
  const found = await stat(file);
  // A folder is told about by the reader, in better words.
  return { size: found.size, mtimeMs: found.mtimeMs, isFile: found.isFile() || found.isDirectory() };
}

function tooLong(file: string, { title }: TranscriptSession): Error {
  const problem = `session ${JSON.stringify(title)} has more than ${limits.eventsPerSession} events`;
  return fileError(shownPath(file), `${problem}, the most a session may have; split it`);
}

async function checkMarks(marks: readonly Mark[]): Promise<void> {
  for (const { file, size, changedMs } of marks) {
    const now = await markOf(file);
    if (now.size === size && now.changedMs === changedMs) continue;
    throw fileError(shownPath(file), "was changed while it was read; wait until it is complete, or copy it");
  }
}
