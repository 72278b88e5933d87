import { createSystemDeps } from "../app.ts";
import { ReveriedError } from "../core/errors.ts";
import { type Clients, calling } from "./clients.ts";
import {
  type CommandArgs,
  type CommandContext,
  type CommandRun,
  isGiven,
  optionText,
  optionTexts,
} from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { type CheckedTranscripts, checkTranscripts } from "./files/check-transcripts.ts";
import { count, oneLine } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { createSkippedLines } from "./skipped-lines.ts";
import { type UploadedSession, uploadTranscripts } from "./upload.ts";

/** How long taking back may last when the command was told to stop. */
const takeBackMs = 5_000;

interface ImportRequest {
  readonly files: readonly string[];
  readonly stores: readonly string[];
  readonly title: string | null;
  readonly agent: string;
  readonly tags: readonly string[];
  readonly lenient: boolean;
  readonly json: boolean;
}

/** Makes a session of each one in the files: all of them are read to their ends before the first is made. */
export const importSessions: CommandRun = async (context, args) => {
  const { err, signal } = context;
  const request = readRequest(args);
  const progress = createProgress(err, { quiet: request.json });
  const skipped = createSkippedLines();
  try {
    progress.show("checking", 0, 0);
    const checked = await checkTranscripts(request.files, {
      lenient: request.lenient,
      signal,
      onSkip: ({ message }) => skipped.add(message),
      onFile: (_, events) => progress.show("checking", events, 0),
    });
    checkTitle(request, checked);
    for (const file of checked.empty) skipped.add(`${file}: holds no message`);
    progress.end();
    for (const line of skipped.lines()) err.line(`skipped ${line}`);
    await calling(args, (clients) => upload({ clients, progress, context }, request, checked));
  } finally {
    progress.end();
  }
  return exitCodes.ok.code;
};

function readRequest(args: CommandArgs): ImportRequest {
  return {
    files: args.words,
    stores: optionTexts(args, "store"),
    title: optionText(args, "title"),
    agent: optionText(args, "agent") ?? "",
    tags: optionTexts(args, "tag"),
    lenient: isGiven(args, "lenient"),
    json: isGiven(args, "json"),
  };
}

function checkTitle({ title }: ImportRequest, { sessions }: CheckedTranscripts): void {
  if (title === null || sessions <= 1) return;
  throw new ReveriedError(
    "invalid_argument",
    `--title: the files hold ${sessions} sessions; give a title to one at a time`,
  );
}

interface Upload {
  readonly clients: Clients;
  readonly progress: Progress;
  readonly context: CommandContext;
}

async function upload(
  { clients, progress, context }: Upload,
  request: ImportRequest,
  checked: CheckedTranscripts,
): Promise<void> {
  const { signal } = context;
  const { sha256 } = createSystemDeps("silent").digest;
  const unfinished = new Set<string>();
  try {
    await checked.checkUnchanged();
    await uploadTranscripts(
      { clients, sha256, signal },
      {
        files: request.files,
        lenient: request.lenient,
        newSession: (title) => ({
          title: request.title ?? title,
          agentId: request.agent,
          memoryStoreIds: [...request.stores],
          tags: [...request.tags],
        }),
        onSkip: () => {},
        onOpen: (id) => unfinished.add(id),
        onSession: (session) => {
          unfinished.delete(session.id);
          progress.end();
          tell(context, request, session);
        },
        onFile: (_, events) => progress.show("writing sessions", events, checked.events),
      },
    );
    await checked.checkUnchanged();
  } catch (error) {
    progress.end();
    await takeBack(clients, context, unfinished);
    throw error;
  }
}

function tell({ out }: CommandContext, { json }: ImportRequest, session: UploadedSession): void {
  const { id, title, events, file } = session;
  if (json) out.line(JSON.stringify({ id, title, events, file }));
  else out.line(`${id}  ${oneLine(title)}  ${count(events, "event")}`);
}

/** Half a transcript would be taken for a whole one, so what is not complete goes. */
async function takeBack(clients: Clients, { err }: CommandContext, ids: ReadonlySet<string>): Promise<void> {
  for (const id of ids) {
    try {
      await clients.sessions.deleteSession({ id }, { timeoutMs: takeBackMs });
    } catch {
      err.line(`session ${id} is incomplete; delete it with: reveried sessions delete ${id} --yes`);
    }
  }
}
