/** A data folder with something of everything, made over the public API, and what a server answers about it. */
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { DreamStatus, OutputBehavior, Trust } from "../../gen/dream/v1/dream_pb.ts";
import { DreamService } from "../../gen/dream/v1/dream_service_pb.ts";
import { MemoryStoreService } from "../../gen/dream/v1/memory_store_service_pb.ts";
import { SessionService } from "../../gen/dream/v1/session_service_pb.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

export interface Clients {
  readonly dreams: Client<typeof DreamService>;
  readonly stores: Client<typeof MemoryStoreService>;
  readonly sessions: Client<typeof SessionService>;
}

export interface FullFolder {
  readonly storeId: string;
  readonly copyId: string;
  readonly sessionId: string;
  readonly dreams: Readonly<Record<"completed" | "updated" | "failed" | "canceled" | "pending", string>>;
}

/** A role with which nothing in the storage moves unless somebody asks for it. */
export const atRest = { REVERIED_ROLE: "api" };

export function clientsOf(url: string): Clients {
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1" });
  return {
    dreams: createClient(DreamService, transport),
    stores: createClient(MemoryStoreService, transport),
    sessions: createClient(SessionService, transport),
  };
}

/** Fills an empty storage and leaves no server running. */
export async function fillStorage(settings: Readonly<Record<string, string>>): Promise<FullFolder> {
  const first = await withServer({ ...settings, ...atRest }, begin);
  const dreams = await withServer(settings, (clients) => dreamOver(clients, first));
  const { copyId, ...ended } = dreams;
  const pending = await withServer({ ...settings, ...atRest }, (clients) => finish(clients, first, copyId));
  const { storeId, sessionId, failed, canceled } = first;
  return { storeId, sessionId, copyId, dreams: { ...ended, failed, canceled, pending } };
}

/** All that the lists of the API show, to be compared with what another server shows. */
export async function answersOf({ dreams, stores, sessions }: Clients, full: FullFolder) {
  const all = { pageSize: 100 };
  const { memoryStores } = await stores.listMemoryStores({ ...all, includeArchived: true });
  const perStore = memoryStores.map(async ({ id }) => [
    await stores.listMemories({ ...all, memoryStoreId: id, includeContent: true }),
    await stores.listMemoryVersions({ ...all, memoryStoreId: id }),
  ]);
  const listed = await sessions.listSessions({ ...all, includeArchived: true });
  const perSession = listed.sessions.map(({ id }) => sessions.listSessionEvents({ ...all, sessionId: id }));
  const { completed, updated } = full.dreams;
  return {
    memoryStores,
    memories: await Promise.all(perStore),
    sessions: listed.sessions,
    events: await Promise.all(perSession),
    dreams: await dreams.listDreams({ ...all, includeArchived: true }),
    diffs: [await dreams.diffDream({ id: completed }), await dreams.diffDream({ id: updated })],
  };
}

export async function untilEnded({ dreams }: Clients, id: string): Promise<DreamStatus> {
  for await (const _ of dreams.watchDream({ id }));
  return (await dreams.getDream({ id })).dream?.status ?? DreamStatus.UNSPECIFIED;
}

async function withServer<T>(
  settings: Readonly<Record<string, string>>,
  work: (clients: Clients) => Promise<T>,
): Promise<T> {
  await using server: ServerProcess = await startServer(settings);
  const result = await work(clientsOf(server.url));
  await server.stop();
  return result;
}

/** Stores and sessions; a dream that was canceled, and one that will fail since its session is gone. */
async function begin({ dreams, stores, sessions }: Clients) {
  const storeId = await writtenStore(stores);
  const sessionId = await talk(sessions, storeId);
  const doomed = (await sessions.createSession({ title: "to be deleted" })).session?.id ?? "";
  const request = { inputMemoryStoreId: storeId, sessionIds: [doomed] };
  const failed = (await dreams.createDream(request)).dream?.id ?? "";
  await sessions.deleteSession({ id: doomed });
  const unwanted = await dreams.createDream({ ...request, sessionIds: [sessionId] });
  const canceled = unwanted.dream?.id ?? "";
  await dreams.cancelDream({ id: canceled });
  return { storeId, sessionId, failed, canceled };
}

/** Created, changed, moved, deleted and redacted memories; a store that is archived. */
async function writtenStore(stores: Clients["stores"]): Promise<string> {
  const { memoryStore } = await stores.createMemoryStore({
    name: "Größe 🌙",
    metadata: { b: "2", "10": "ten" },
    protectedPaths: ["/kept/"],
  });
  const memoryStoreId = memoryStore?.id ?? "";
  const put = async (texts: Readonly<Record<string, string>>) => {
    const memories = Object.entries(texts).map(([path, content]) => ({ path, content }));
    return (await stores.putMemories({ memoryStoreId, memories })).memories;
  };
  await put({ "/team.md": "# Team\n\n- Maya leads billing.\n- The stand-up is at nine.\n", "/empty.md": "" });
  const [moved, gone, secret] = await put({
    "/b.md": "to be moved",
    "/gone.md": "to be deleted",
    "/secret.md": "password: hunter2",
  });
  await stores.updateMemory({ memoryStoreId, id: moved?.id ?? "", path: "/ä/b 🌙.md" });
  await stores.deleteMemory({ memoryStoreId, id: gone?.id ?? "" });
  await put({ "/secret.md": "nothing" });
  await stores.redactMemoryVersion({ memoryStoreId, id: secret?.memoryVersionId ?? "" });
  await stores.updateMemoryStore({ id: memoryStoreId, description: "renamed since\nand described" });
  const old = (await stores.createMemoryStore({ name: "old" })).memoryStore?.id ?? "";
  await stores.putMemories({ memoryStoreId: old, memories: [{ path: "/plan.md", content: "kept" }] });
  await stores.archiveMemoryStore({ id: old });
  return memoryStoreId;
}

/** A session with every kind of block. */
async function talk(sessions: Clients["sessions"], storeId: string): Promise<string> {
  const facts = { title: "Talk", agentId: "a 7", workspaceId: "w/1", tags: ["b", "a"], metadata: { k: "v" } };
  const { session } = await sessions.createSession({ ...facts, memoryStoreIds: [storeId] });
  const sessionId = session?.id ?? "";
  const events = [
    { speaker: "Maya", text: "The stand-up is at ten now." },
    { speaker: "Jonas", trust: Trust.ASSISTANT, text: "Noted: ten.\u001b[0m \u2028" },
    {
      speaker: "search",
      trust: Trust.TOOL,
      blocks: [
        { block: { case: "text" as const, value: { text: "searching" } } },
        { block: { case: "toolUse" as const, value: { toolUseId: "t1", name: "search", inputJson: "{}" } } },
        { block: { case: "toolResult" as const, value: { toolUseId: "t1", text: "42", isError: true } } },
        { block: { case: "other" as const, value: { description: "an image" } } },
      ],
    },
  ];
  await sessions.appendSessionEvents({ sessionId, events });
  return sessionId;
}

/** One dream into a copy and one into the store itself; the one without its session fails. */
async function dreamOver(clients: Clients, first: Awaited<ReturnType<typeof begin>>) {
  const { dreams } = clients;
  const request = { inputMemoryStoreId: first.storeId, sessionIds: [first.sessionId] };
  const completed = (await dreams.createDream(request)).dream?.id ?? "";
  await expectStatus(clients, completed, DreamStatus.COMPLETED);
  const outputBehavior = OutputBehavior.UPDATE_EXISTING;
  const updated = (await dreams.createDream({ ...request, outputBehavior })).dream?.id ?? "";
  await expectStatus(clients, updated, DreamStatus.COMPLETED);
  await expectStatus(clients, first.failed, DreamStatus.FAILED);
  const { dream } = await dreams.getDream({ id: completed });
  return { completed, updated, copyId: dream?.outputMemoryStoreId ?? "" };
}

async function expectStatus(clients: Clients, id: string, status: DreamStatus): Promise<void> {
  const ended = await untilEnded(clients, id);
  if (ended !== status) throw new Error(`dream ${id} ended with status ${ended}, not ${status}`);
}

/** What is done to the copy, and a dream that waits. */
async function finish(
  { dreams, stores }: Clients,
  first: Awaited<ReturnType<typeof begin>>,
  copyId: string,
): Promise<string> {
  await stores.putMemories({ memoryStoreId: copyId, memories: [{ path: "/after.md", content: "written" }] });
  const request = { inputMemoryStoreId: first.storeId, sessionIds: [first.sessionId] };
  const outputBehavior = OutputBehavior.UPDATE_EXISTING;
  return (await dreams.createDream({ ...request, outputBehavior })).dream?.id ?? "";
}
