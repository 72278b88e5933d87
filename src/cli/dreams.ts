import { type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { DreamEventKindSchema } from "../../gen/dream/v1/dream_event_pb.ts";
import {
  type Dream,
  DreamChangeSchema,
  DreamSchema,
  type DreamStatus,
  DreamStatusSchema,
  DreamTypeSchema,
  OutputBehavior,
} from "../../gen/dream/v1/dream_pb.ts";
import {
  type CreateDreamRequestSchema,
  WatchDreamResponseSchema,
} from "../../gen/dream/v1/dream_service_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type Clients, calling } from "./clients.ts";
import {
  type CommandArgs,
  type CommandContext,
  type CommandRun,
  isGiven,
  optionText,
  optionTexts,
} from "./command.ts";
import { downloadChanges } from "./download.ts";
import { exitCodes } from "./exit-codes.ts";
import { checkCompleted, type DreamUpdate, followDream, theDream } from "./follow-dream.ts";
import { type Output, oneLine, writeJson, writeTable } from "./output.ts";
import { createProgress } from "./progress.ts";
import { writeChange } from "./show-change.ts";
import { changesText, enumValue, enumWord, statusWord, timeText, wholeNumber } from "./words.ts";

const jsonOptions = { alwaysEmitImplicit: true } as const;
const listMax = 100_000;

/** What each command of `reveried dreams` does. */
export const dreams = {
  list: async ({ out, signal }, args) => {
    const limit = wholeNumber("limit", optionText(args, "limit") ?? "20", 1, listMax);
    const filter = {
      statuses: optionTexts(args, "status").map((word) => enumValue(DreamStatusSchema, "status", word)),
      includeArchived: isGiven(args, "archived"),
      inputMemoryStoreId: optionText(args, "store") ?? "",
    };
    const found = await calling(args, (clients) => listDreams(clients, filter, limit, signal));
    if (isGiven(args, "json")) {
      writeJson(out, {
        dreams: found.dreams.map((dream) => toJson(DreamSchema, dream, jsonOptions)),
        more: found.more,
      });
    } else writeList(out, found);
    return exitCodes.ok.code;
  },

  get: async (context, args) => show(context, args, ({ dreams: client }, id) => client.getDream({ id })),
  cancel: async (context, args) =>
    show(context, args, ({ dreams: client }, id) => client.cancelDream({ id })),
  archive: async (context, args) =>
    show(context, args, ({ dreams: client }, id) => client.archiveDream({ id })),

  create: async (context, args) => {
    const request = readCreate(args);
    return calling(args, async (clients) => {
      const dream = await theDream(clients.dreams.createDream(request, { signal: context.signal }));
      if (!isGiven(args, "watch")) {
        writeDream(context.out, args, dream);
        return exitCodes.ok.code;
      }
      return watch(context, args, clients, { id: dream.id, after: 0 });
    });
  },

  watch: async (context, args) => {
    const after = wholeNumber("after", optionText(args, "after") ?? "0", 0, limits.claimsMax * 10);
    return calling(args, (clients) => watch(context, args, clients, { id: idOf(args), after }));
  },

  diff: async ({ out, signal }, args) =>
    calling(args, async (clients) => {
      const json = isGiven(args, "json");
      let number = 0;
      for await (const change of downloadChanges(clients, idOf(args), signal)) {
        number += 1;
        if (json) out.line(JSON.stringify(toJson(DreamChangeSchema, change, jsonOptions)));
        else writeChange(out, change);
      }
      if (number === 0 && !json) out.line("It changed nothing.");
      return exitCodes.ok.code;
    }),
} as const satisfies Record<string, CommandRun>;

interface FoundDreams {
  readonly dreams: readonly Dream[];
  /** Whether there are more than were asked for. */
  readonly more: boolean;
}

async function listDreams(
  { dreams: client }: Clients,
  filter: {
    readonly statuses: DreamStatus[];
    readonly includeArchived: boolean;
    readonly inputMemoryStoreId: string;
  },
  limit: number,
  signal: AbortSignal,
): Promise<FoundDreams> {
  const found: Dream[] = [];
  let pageToken = "";
  do {
    const pageSize = Math.min(limits.pageSizeMax, limit - found.length);
    const page = await client.listDreams({ ...filter, pageSize, pageToken }, { signal });
    found.push(...page.dreams);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && found.length < limit);
  return { dreams: found, more: pageToken !== "" };
}

function writeList(out: Output, { dreams: found, more }: FoundDreams): void {
  if (found.length === 0) {
    out.line("There are no dreams.");
    return;
  }
  writeTable(
    out,
    [
      { title: "ID", cell: ({ id }: Dream) => id },
      {
        title: "STATUS",
        cell: ({ status, archivedAt }) => `${statusWord(status)}${archivedAt ? " (archived)" : ""}`,
      },
      { title: "CREATED", cell: ({ createdAt }) => timeText(createdAt) },
      { title: "RESULT", cell: resultText },
    ],
    found,
  );
  if (more) out.line(out.paint("dim", `and more; see --limit`));
}

function resultText({ summary, error, progress, waitReason }: Dream): string {
  if (summary !== undefined) return changesText(summary);
  if (error !== undefined) return `${error.type}: ${error.message}`;
  if (progress !== undefined) return `${progress.stage} ${progress.done} of ${progress.total}`;
  return waitReason === "" ? "-" : waitReason;
}

function readCreate(args: CommandArgs): MessageInitShape<typeof CreateDreamRequestSchema> {
  const store = optionText(args, "store");
  if (store === null) {
    throw new ReveriedError(
      "invalid_argument",
      "dreams create: --store is needed (the memory store to read)",
    );
  }
  const instructions = optionText(args, "instructions");
  return {
    inputMemoryStoreId: store,
    sessionIds: [...optionTexts(args, "session")],
    model: optionText(args, "model") ?? "",
    type: enumValue(DreamTypeSchema, "type", optionText(args, "type") ?? "omni"),
    outputBehavior: isGiven(args, "update-existing")
      ? OutputBehavior.UPDATE_EXISTING
      : OutputBehavior.CREATE_NEW,
    ...(instructions === null ? {} : { instructions }),
  };
}

async function show(
  { out }: CommandContext,
  args: CommandArgs,
  call: (clients: Clients, id: string) => Promise<{ readonly dream?: Dream | undefined }>,
): Promise<0> {
  writeDream(out, args, await calling(args, (clients) => theDream(call(clients, idOf(args)))));
  return exitCodes.ok.code;
}

async function watch(
  { out, err, signal }: CommandContext,
  args: CommandArgs,
  clients: Clients,
  request: { readonly id: string; readonly after: number },
): Promise<0> {
  const json = isGiven(args, "json");
  const progress = createProgress(err, { quiet: json });
  const onUpdate = (update: DreamUpdate) => {
    if (json) out.line(JSON.stringify(toJson(WatchDreamResponseSchema, answer(update), jsonOptions)));
    else if (update.case === "event") {
      progress.end();
      const { number, kind, occurredAt, reason } = update.value;
      const words = [timeText(occurredAt), String(number).padStart(3), enumWord(DreamEventKindSchema, kind)];
      out.line(oneLine(reason) === "" ? words.join("  ") : `${words.join("  ")}  ${oneLine(reason)}`);
    } else if (update.case === "progress") {
      progress.show(update.value.stage, Number(update.value.done), Number(update.value.total));
    }
  };
  try {
    const dream = await followDream(clients, request, { signal, onUpdate });
    progress.end();
    checkCompleted(dream);
    if (!json) writeDream(out, args, dream);
    return exitCodes.ok.code;
  } finally {
    progress.end();
  }
}

function answer(update: DreamUpdate) {
  return { $typeName: "dream.v1.WatchDreamResponse" as const, update };
}

function writeDream(out: Output, args: CommandArgs, dream: Dream): void {
  if (isGiven(args, "json")) {
    writeJson(out, toJson(DreamSchema, dream, jsonOptions));
    return;
  }
  const { summary, error } = dream;
  const rows: [string, string][] = [
    ["dream", dream.id],
    ["status", statusWord(dream.status)],
    ["type", enumWord(DreamTypeSchema, dream.type)],
    ["model", dream.model],
    ["reads", `${dream.inputMemoryStoreId} and ${dream.sessionIds.length} sessions`],
    ["writes", dream.outputMemoryStoreId],
    ["created", timeText(dream.createdAt)],
    ["ended", dream.endedAt === undefined ? "" : timeText(dream.endedAt)],
    ["archived", dream.archivedAt === undefined ? "" : timeText(dream.archivedAt)],
    ["waits", dream.waitReason],
    ["changes", summary === undefined ? "" : changesText(summary)],
    ["message", summary?.message ?? ""],
    ["error", error === undefined ? "" : `${error.type}: ${error.message}`],
  ];
  for (const [name, value] of rows) if (value !== "") out.line(`${name.padEnd(9)} ${oneLine(value)}`);
}

function idOf(args: CommandArgs): string {
  return args.words[0] ?? "";
}
