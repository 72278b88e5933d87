import { type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { DreamEventKindSchema } from "../../gen/dream/v1/dream_event_pb.ts";
import {
  type Dream,
  DreamChangeSchema,
  DreamSchema,
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
import { limitOf } from "./options.ts";
import { type Output, oneLine, writeFacts, writeJson, writeTable } from "./output.ts";
import { collectPages, type Found } from "./pages.ts";
import { createProgress } from "./progress.ts";
import { writeChange } from "./show-change.ts";
import { changesText, enumValue, enumWord, statusWord, timeText, wholeNumber } from "./words.ts";

const jsonOptions = { alwaysEmitImplicit: true } as const;

/** What each command of `reveried dreams` does. */
export const dreams = {
  list: async ({ out, signal }, args) => {
    const limit = limitOf(args);
    const filter = {
      statuses: optionTexts(args, "status").map((word) => enumValue(DreamStatusSchema, "status", word)),
      includeArchived: isGiven(args, "archived"),
      inputMemoryStoreId: optionText(args, "store") ?? "",
    };
    const found = await calling(args, ({ dreams: client }) =>
      collectPages(limit, async (page) => {
        const { dreams: items, nextPageToken } = await client.listDreams({ ...filter, ...page }, { signal });
        return { items, nextPageToken };
      }),
    );
    if (isGiven(args, "json")) {
      writeJson(out, {
        dreams: found.items.map((dream) => toJson(DreamSchema, dream, jsonOptions)),
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

  diff: async ({ out, signal }, args) => {
    const words = wordsWanted(out, args);
    return calling(args, async (clients) => {
      const json = isGiven(args, "json");
      let number = 0;
      for await (const change of downloadChanges(clients, idOf(args), signal, { words })) {
        number += 1;
        if (json) out.line(JSON.stringify(toJson(DreamChangeSchema, change, jsonOptions)));
        else writeChange(out, change, { words });
      }
      if (number === 0 && !json) out.line("It changed nothing.");
      return exitCodes.ok.code;
    });
  },
} as const satisfies Record<string, CommandRun>;

function writeList(out: Output, { items, more }: Found<Dream>): void {
  if (items.length === 0) {
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
    items,
  );
  if (more) out.line(out.paint("dim", `and more; see --limit`));
}

/** Whether changed texts are shown word by word: as asked for, else where colours may help to see them. */
function wordsWanted(out: Output, args: CommandArgs): boolean {
  const words = isGiven(args, "words");
  const lines = isGiven(args, "lines");
  if (words && lines)
    throw new ReveriedError("invalid_argument", "dreams diff: --words and --lines exclude each other");
  return words || (out.isTerminal && !lines);
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
  writeFacts(out, [
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
  ]);
}

function idOf(args: CommandArgs): string {
  return args.words[0] ?? "";
}
