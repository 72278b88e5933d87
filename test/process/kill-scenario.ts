/** Dreams under `kill -9`, again and again, with the real program; then nothing accepted may be lost. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect } from "vitest";
import { type DreamEvent, DreamEventKind } from "../../gen/dream/v1/dream_event_pb.ts";
import { type Dream, DreamStatus } from "../../gen/dream/v1/dream_pb.ts";
import { DreamService } from "../../gen/dream/v1/dream_service_pb.ts";
import { MemoryStoreService } from "../../gen/dream/v1/memory_store_service_pb.ts";
import { SessionService } from "../../gen/dream/v1/session_service_pb.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

export interface KillReport {
  readonly dreams: readonly Dream[];
  /** How many dreams were running at each kill. */
  readonly runningAtKill: readonly number[];
  readonly attempts: number;
}

function clients(url: string) {
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1" });
  return {
    dreams: createClient(DreamService, transport),
    stores: createClient(MemoryStoreService, transport),
    sessions: createClient(SessionService, transport),
  };
}

type Clients = ReturnType<typeof clients>;

/** Enough talk that a dream over it takes long enough to be hit. */
function talk(turns: number): string[] {
  const people = ["Maya", "Jonas", "Priya", "Tomás", "Ines"];
  const things = ["billing service", "search index", "import job", "status page", "gateway"];
  return Array.from({ length: turns }, (_, i) => {
    const who = people[i % people.length];
    const what = things[(i * 7) % things.length];
    return `${who} said on day ${i} that the ${what} took ${100 + ((i * 37) % 900)} minutes and now runs on port ${4000 + i}.`;
  });
}

async function inputs({ stores, sessions }: Clients, turns: number) {
  const { memoryStore } = await stores.createMemoryStore({ name: "notes" });
  const memoryStoreId = memoryStore?.id ?? "";
  await stores.putMemories({
    memoryStoreId,
    memories: [{ path: "/team.md", content: "# Team\n\n- Maya leads billing.\n" }],
  });
  const { session } = await sessions.createSession({ title: "talk" });
  const texts = talk(turns);
  for (let first = 0; first < texts.length; first += 250) {
    const events = texts.slice(first, first + 250).map((text) => ({ speaker: "user", text }));
    await sessions.appendSessionEvents({ sessionId: session?.id ?? "", events });
  }
  return { memoryStoreId, sessionId: session?.id ?? "" };
}

/** `kills` times: dreams are made, the process is killed while some run, a new one takes over. */
export async function killAgainAndAgain(
  settings: Readonly<Record<string, string>>,
  options: { readonly kills: number; readonly dreamsPerRound: number; readonly turns: number },
): Promise<KillReport> {
  let server: ServerProcess = await startServer(settings);
  const ids: string[] = [];
  const runningAtKill: number[] = [];
  try {
    const read = await inputs(clients(server.url), options.turns);
    for (let round = 0; round < options.kills; round += 1) {
      const { dreams } = clients(server.url);
      const request = { inputMemoryStoreId: read.memoryStoreId, sessionIds: [read.sessionId] };
      for (let i = 0; i < options.dreamsPerRound; i += 1)
        ids.push((await dreams.createDream(request)).dream?.id ?? "");
      runningAtKill.push(await untilRunning(dreams));
      await server.kill();
      server = await startServer(settings);
    }
    const { dreams, stores } = clients(server.url);
    const ended = await Promise.all(ids.map((id) => untilEnded(dreams, id)));
    await checkHistories(dreams, ended);
    await checkOutputs(stores, ended, read.memoryStoreId);
    return { dreams: ended, runningAtKill, attempts: ended.reduce((sum, dream) => sum + dream.attempt, 0) };
  } finally {
    await server.stop();
  }
}

async function untilRunning(dreams: Clients["dreams"]): Promise<number> {
  for (;;) {
    const page = await dreams.listDreams({ statuses: [DreamStatus.RUNNING], pageSize: 100 });
    // Progress means that the engine is at work on it, and not only that it was claimed.
    if (page.dreams.some((dream) => dream.sessionId !== "")) return page.dreams.length;
  }
}

async function untilEnded(dreams: Clients["dreams"], id: string): Promise<Dream> {
  for await (const _ of dreams.watchDream({ id }));
  const { dream } = await dreams.getDream({ id });
  if (dream === undefined) throw new Error(`dream ${id} is gone`);
  return dream;
}

async function checkHistories(dreams: Clients["dreams"], ended: readonly Dream[]): Promise<void> {
  for (const dream of ended) {
    expect(dream.status, dream.error?.message).toBe(DreamStatus.COMPLETED);
    const events: DreamEvent[] = [];
    for await (const { update } of dreams.watchDream({ id: dream.id })) {
      if (update.case === "event") events.push(update.value);
    }
    checkHistory(events, dream);
  }
}

/** Created once, then started and released in turn, then completed: each number once, in order. */
export function checkHistory(events: readonly DreamEvent[], dream: Dream): void {
  expect(events.map(({ number }) => number)).toEqual(
    Array.from({ length: dream.lastEventNumber }, (_, i) => i + 1),
  );
  const lost = Array.from({ length: dream.attempt - 1 }, () => [
    DreamEventKind.STARTED,
    DreamEventKind.RELEASED,
  ]).flat();
  const kinds = [DreamEventKind.CREATED, ...lost, DreamEventKind.STARTED, DreamEventKind.COMPLETED];
  expect(events.map(({ kind }) => kind)).toEqual(kinds);
}

/** One output each, all over the same inputs and so all the same; the input is what it was. */
async function checkOutputs(
  stores: Clients["stores"],
  ended: readonly Dream[],
  inputId: string,
): Promise<void> {
  const outputs = new Set(ended.map((dream) => dream.outputMemoryStoreId));
  expect(outputs.size).toBe(ended.length);
  const first = await texts(stores, ended[0]?.outputMemoryStoreId ?? "");
  expect(Object.keys(first).length).toBeGreaterThan(1);
  for (const dream of ended) expect(await texts(stores, dream.outputMemoryStoreId)).toEqual(first);
  expect(await texts(stores, inputId)).toEqual({ "/team.md": "# Team\n\n- Maya leads billing.\n" });
}

async function texts(stores: Clients["stores"], memoryStoreId: string): Promise<Record<string, string>> {
  const page = await stores.listMemories({ memoryStoreId, pageSize: 100, includeContent: true });
  return Object.fromEntries(page.memories.map((memory) => [memory.path, memory.content ?? ""]));
}
