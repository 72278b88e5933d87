import { ReveriedError } from "../core/errors.ts";
import { readNotes } from "./files/notes.ts";
import { count } from "./output.ts";
import type { Progress } from "./progress.ts";
import { type UploadDeps, type UploadedSession, uploadNotes, uploadTranscripts } from "./upload.ts";

/** Lines about what was skipped that are kept one by one. */
const skippedMax = 20;

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
  const skipped: string[] = [];
  let unlisted = 0;
  const onSkip = (line: string) => {
    if (skipped.length < skippedMax) skipped.push(line);
    else unlisted += 1;
  };
  const { memoryStore } = await clients.stores.createMemoryStore({ name: "notes" }, { signal });
  if (memoryStore === undefined) throw new ReveriedError("internal", "the server answered without a store");
  progress.show("loading notes", 0, 0);
  const notes = readNotes(notesDir, {
    onSkip: ({ file, reason }) => {
      // Hidden files are nobody's notes, and every folder has some.
      if (reason !== "hidden") onSkip(`${file}: ${reason}`);
    },
  });
  const noteCount = await uploadNotes(deps, memoryStore.id, notes);
  progress.show("loading sessions", 0, files.length);
  const { sessions, events } = await uploadTranscripts(deps, {
    files,
    memoryStoreId: memoryStore.id,
    lenient,
    onSkip: ({ message }) => onSkip(message),
    onFile: (done) => progress.show("loading sessions", done, files.length),
  });
  if (unlisted > 0) skipped.push(`${count(unlisted, "more entry", "more entries")}`);
  return { memoryStoreId: memoryStore.id, notes: noteCount, sessions, events, skipped };
}
