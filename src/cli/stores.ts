import { toJson } from "@bufbuild/protobuf";
import {
  type Memory,
  MemoryOperationSchema,
  MemorySchema,
  type MemoryStore,
  type MemoryVersion,
  MemoryVersionSchema,
} from "../../gen/dream/v1/memory_store_pb.ts";
import { RedactMemoryVersionResponseSchema } from "../../gen/dream/v1/memory_store_service_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { calling } from "./clients.ts";
import { type CommandArgs, type CommandContext, type CommandRun, isGiven, optionText } from "./command.ts";
import { downloadEntries } from "./download.ts";
import { exitCodes } from "./exit-codes.ts";
import { checkYes, limitOf } from "./options.ts";
import { type Output, printable, writeJson, writeTable } from "./output.ts";
import { collectAll, collectPages, type Found } from "./pages.ts";
import { storeJson, storeLabel, theStore, writeStore, writeStoreFacts } from "./store-facts.ts";
import { bytesText, enumWord, timeText } from "./words.ts";

const jsonOptions = { alwaysEmitImplicit: true } as const;

/** What the shorter commands of `reveried stores` do; import, export and revert have files of their own. */
export const stores = {
  list: async ({ out, signal }, args) => {
    const limit = limitOf(args);
    const includeArchived = isGiven(args, "archived");
    const found = await calling(args, ({ stores: client }) =>
      collectPages(limit, async (page) => {
        const answer = await client.listMemoryStores({ ...page, includeArchived }, { signal });
        return { items: answer.memoryStores, nextPageToken: answer.nextPageToken };
      }),
    );
    if (isGiven(args, "json")) writeJson(out, { memoryStores: found.items.map(storeJson), more: found.more });
    else writeList(out, found);
    return exitCodes.ok.code;
  },

  show: async (context, args) => {
    const path = optionText(args, "path");
    const prefix = optionText(args, "prefix");
    if (path !== null && prefix !== null) {
      throw new ReveriedError("invalid_argument", "stores show: --path and --prefix exclude each other");
    }
    await (path === null ? showStore(context, args, prefix ?? "") : showMemory(context, args, path));
    return exitCodes.ok.code;
  },

  log: async ({ out, signal }, args) => {
    const limit = limitOf(args);
    const request = { memoryStoreId: idOf(args), memoryId: optionText(args, "memory") ?? "" };
    const found = await calling(args, ({ stores: client }) =>
      collectPages(limit, async (page) => {
        const answer = await client.listMemoryVersions({ ...request, ...page }, { signal });
        return { items: answer.memoryVersions, nextPageToken: answer.nextPageToken };
      }),
    );
    if (isGiven(args, "json")) {
      const memoryVersions = found.items.map((version) => toJson(MemoryVersionSchema, version, jsonOptions));
      writeJson(out, { memoryVersions, more: found.more });
    } else writeLog(out, found);
    return exitCodes.ok.code;
  },

  archive: async ({ out }, args) => {
    const store = await calling(args, ({ stores: client }) =>
      theStore(client.archiveMemoryStore({ id: idOf(args) })),
    );
    writeStore(out, args, store);
    return exitCodes.ok.code;
  },

  delete: async ({ out }, args) => {
    const id = idOf(args);
    const label = await calling(args, async ({ stores: client }) => {
      const store = await theStore(client.getMemoryStore({ id }));
      checkYes(args, "stores delete", `this deletes ${storeLabel(store)} with all its versions, for good`);
      await client.deleteMemoryStore({ id }, { timeoutMs: limits.requestTimeoutMaxMs });
      return storeLabel(store);
    });
    if (isGiven(args, "json")) writeJson(out, { deleted: id });
    else out.line(`Deleted ${id}, ${label}`);
    return exitCodes.ok.code;
  },

  redact: async ({ out }, args) => {
    const [memoryStoreId = "", id = ""] = args.words;
    const answer = await calling(args, ({ stores: client }) =>
      client.redactMemoryVersion({ memoryStoreId, id }),
    );
    if (isGiven(args, "json")) {
      writeJson(out, toJson(RedactMemoryVersionResponseSchema, answer, jsonOptions));
      return exitCodes.ok.code;
    }
    out.line(`Redacted ${id}: its text and path are gone from the history of ${memoryStoreId}`);
    out.line(
      answer.copiesRemain
        ? "Other versions or stores still hold the same text"
        : "No other version or store holds the text; it is removed from the storage",
    );
    return exitCodes.ok.code;
  },

  protect: async ({ out }, args) => {
    const [id = "", ...paths] = args.words;
    const none = isGiven(args, "none");
    if (none && paths.length > 0) {
      throw new ReveriedError("invalid_argument", "stores protect: give paths or --none, not both");
    }
    const store = await calling(args, ({ stores: client }) =>
      theStore(
        none || paths.length > 0
          ? client.updateMemoryStore({ id, protectedPaths: { paths } })
          : client.getMemoryStore({ id }),
      ),
    );
    if (isGiven(args, "json")) writeJson(out, storeJson(store));
    else if (store.protectedPaths.length === 0) out.line("Dreams may write every path of this store.");
    else for (const path of store.protectedPaths) out.line(printable(path));
    return exitCodes.ok.code;
  },
} as const satisfies Record<string, CommandRun>;

function writeList(out: Output, { items, more }: Found<MemoryStore>): void {
  if (items.length === 0) {
    out.line("There are no memory stores.");
    return;
  }
  writeTable(
    out,
    [
      { title: "ID", cell: ({ id }: MemoryStore) => id },
      { title: "MEMORIES", cell: ({ memoryCount }) => memoryCount.toLocaleString("en"), align: "right" },
      { title: "SIZE", cell: ({ totalBytes }) => bytesText(totalBytes), align: "right" },
      { title: "CREATED", cell: ({ createdAt }) => timeText(createdAt) },
      { title: "NAME", cell: ({ name, archivedAt }) => `${name}${archivedAt ? " (archived)" : ""}` },
    ],
    items,
  );
  if (more) out.line(out.paint("dim", "and more; see --limit"));
}

async function showStore({ out, signal }: CommandContext, args: CommandArgs, prefix: string): Promise<void> {
  const { store, memories } = await calling(args, async (clients) => {
    const id = idOf(args);
    const found = await theStore(clients.stores.getMemoryStore({ id }, { signal }));
    const request = { memoryStoreId: id, pathPrefix: prefix };
    return { store: found, memories: await collectAll(downloadEntries(clients, request, signal)) };
  });
  if (isGiven(args, "json")) {
    const entries = memories.map((memory) => toJson(MemorySchema, memory, jsonOptions));
    writeJson(out, { memoryStore: storeJson(store), memories: entries });
    return;
  }
  writeStoreFacts(out, store);
  if (memories.length === 0 && prefix !== "") out.line(`\nNo memory is below ${prefix}`);
  if (memories.length === 0) return;
  out.line();
  writeTable(
    out,
    [
      // Paths are the longest, and so the last.
      { title: "UPDATED", cell: ({ updatedAt }: Memory) => timeText(updatedAt) },
      { title: "SIZE", cell: ({ contentSizeBytes }) => bytesText(contentSizeBytes), align: "right" },
      { title: "PATH", cell: ({ path }) => path },
    ],
    memories,
  );
}

/** The text as it is, byte for byte; on a terminal without what could steer it. */
async function showMemory({ out, signal }: CommandContext, args: CommandArgs, path: string): Promise<void> {
  const { memory } = await calling(args, ({ stores: client }) =>
    client.getMemory({ memoryStoreId: idOf(args), key: { case: "path", value: path } }, { signal }),
  );
  if (memory === undefined) throw new ReveriedError("internal", "the server answered without a memory");
  const { content = "" } = memory;
  if (isGiven(args, "json")) writeJson(out, toJson(MemorySchema, memory, jsonOptions));
  else if (!out.isTerminal) out.write(content);
  else out.write(content === "" || content.endsWith("\n") ? printable(content) : `${printable(content)}\n`);
}

function writeLog(out: Output, { items, more }: Found<MemoryVersion>): void {
  if (items.length === 0) {
    out.line("There are no versions.");
    return;
  }
  writeTable(
    out,
    [
      { title: "TIME", cell: ({ createdAt }: MemoryVersion) => timeText(createdAt) },
      { title: "WHAT", cell: ({ operation }) => enumWord(MemoryOperationSchema, operation) },
      { title: "VERSION", cell: ({ version }) => String(version), align: "right" },
      { title: "VERSION ID", cell: ({ id }) => id },
      { title: "BY", cell: ({ actorId }) => (actorId === "" ? "-" : actorId) },
      { title: "PATH", cell: ({ path, redactedAt }) => (redactedAt === undefined ? path : "(redacted)") },
    ],
    items,
  );
  if (more) out.line(out.paint("dim", "and more; see --limit"));
}

function idOf(args: CommandArgs): string {
  return args.words[0] ?? "";
}
