import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { readNotes } from "./files/notes.ts";
import type { Progress } from "./progress.ts";
import { createSkippedLines } from "./skipped-lines.ts";
import { type UploadDeps, type UploadedSession, uploadNotes, uploadTranscripts } from "./upload.ts";

export interface LoadInputsRequest {
  readonly notesDir: string;
  readonly files: readonly string[];
  readonly lenient: boolean;
}

export interface LoadedInputs {
  readonly memoryStoreId: string;
  readonly notes: number;
  readonly sessions: readonly UploadedSession[];
  readonly events: number;
  /** What was left out, in lines for people. */
  readonly skipped: readonly string[];
}

/** Makes a store of a folder of notes, and sessions of transcript files. */
export async function loadInputs(
  deps: UploadDeps & { readonly progress: Progress },
  { notesDir, files, lenient }: LoadInputsRequest,
): Promise<LoadedInputs> {
  const { clients, progress, signal } = deps;
  const skipped = createSkippedLines();
  const { memoryStore } = await clients.stores.createMemoryStore({ name: "notes" }, { signal });
  if (memoryStore === undefined) throw new ReveriedError("internal", "the server answered without a store");
  progress.show("loading notes", 0, 0);
  const notes = readNotes(notesDir, { onSkip: skipped.addFile });
  const noteCount = await uploadNotes(deps, memoryStore.id, notes);
  progress.show("loading sessions", 0, files.length);
  const { sessions, events } = await uploadTranscripts(deps, {
    files,
    newSession: sessionsOf(memoryStore.id),
    lenient,
    onSkip: ({ message }) => skipped.add(message),
    onFile: (done) => progress.show("loading sessions", done, files.length),
  });
  return { memoryStoreId: memoryStore.id, notes: noteCount, sessions, events, skipped: skipped.lines() };
}

/** Makes sessions attached to the store, but no more than a dream could read. */
function sessionsOf(memoryStoreId: string) {
  let made = 0;
  return (title: string) => {
    if (made === limits.sessionsPerDream) {
      throw new ReveriedError(
        "invalid_argument",
        `--sessions: the files hold more than ${limits.sessionsPerDream} sessions, the most that one dream reads; name fewer files, and dream again over the result with the rest`,
      );
    }
    made += 1;
    return { title, memoryStoreIds: [memoryStoreId] };
  };
}
