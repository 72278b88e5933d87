/**
 * Dreams that write into the store they read, killed at any moment, while an agent writes into the same store without
 * pause. Afterwards the store's history must be whole: each dream in it once, each acknowledged write in it once.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect } from "vitest";
import { type Dream, DreamStatus, OutputBehavior } from "../../gen/dream/v1/dream_pb.ts";
import { DreamService } from "../../gen/dream/v1/dream_service_pb.ts";
import type { MemoryVersion } from "../../gen/dream/v1/memory_store_pb.ts";
import { MemoryStoreService } from "../../gen/dream/v1/memory_store_service_pb.ts";
import { SessionService } from "../../gen/dream/v1/session_service_pb.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

export interface UpdateKillReport {
  readonly dreams: readonly Dream[];
  readonly writes: number;
  /** Writes whose answer the kill cut off; each may be in the history or not. */
  readonly unanswered: number;
  readonly revisions: number;
  readonly attempts: number;
}

interface AgentWrite {
  readonly path: string;
  readonly sha256: string;
  acknowledged: boolean;
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

export async function killUpdates(
  settings: Readonly<Record<string, string>>,
  options: { readonly kills: number; readonly turns: number },
): Promise<UpdateKillReport> {
  let server: ServerProcess = await startServer(settings);
  const writes: AgentWrite[] = [];
  const ids: string[] = [];
  try {
    const { memoryStore } = await clients(server.url).stores.createMemoryStore({ name: "shared" });
    const storeId = memoryStore?.id ?? "";
    for (let round = 0; round < options.kills; round += 1) {
      const { dreams, sessions, stores } = clients(server.url);
      const sessionId = await newSession(sessions, options.turns, round);
      const agent = writeWithoutPause(stores, storeId, writes);
      const { dream } = await dreams.createDream({
        inputMemoryStoreId: storeId,
        sessionIds: [sessionId],
        outputBehavior: OutputBehavior.UPDATE_EXISTING,
      });
      ids.push(dream?.id ?? "");
      await untilSeen(dreams, dream?.id ?? "", stages[round % stages.length] ?? "");
      await server.kill();
      await agent.stopped();
      server = await startServer(settings);
      await untilEnded(clients(server.url).dreams, dream?.id ?? "");
    }
    const { dreams } = clients(server.url);
    const ended = await Promise.all(ids.map((id) => untilEnded(dreams, id)));
    const revisions = await checkStore(clients(server.url).stores, storeId, ended, writes);
    return {
      dreams: ended,
      writes: writes.length,
      unanswered: writes.filter((write) => !write.acknowledged).length,
      revisions,
      attempts: ended.reduce((sum, one) => sum + one.attempt, 0),
    };
  } finally {
    await server.stop();
  }
}

async function newSession(sessions: Clients["sessions"], turns: number, round: number): Promise<string> {
  const { session } = await sessions.createSession({ title: `round ${round}` });
  const sessionId = session?.id ?? "";
  const people = ["Maya", "Jonas", "Priya", "Ines"];
  for (let first = 0; first < turns; first += 250) {
    const events = Array.from({ length: Math.min(250, turns - first) }, (_, index) => {
      const turn = first + index;
      const text = `${people[turn % 4]} moved the job number ${round * 10_000 + turn} to the host h${turn % 90} on port ${4_000 + turn}.`;
      return { speaker: "user", text };
    });
    await sessions.appendSessionEvents({ sessionId, events });
  }
  return sessionId;
}

/** So that the history stays short enough to be read whole. */
const writesPerRound = 250;

/** One write after the other, each with a text of its own, until the server is gone. */
function writeWithoutPause(stores: Clients["stores"], memoryStoreId: string, writes: AgentWrite[]) {
  async function run(): Promise<void> {
    for (let done = 0; done < writesPerRound; done += 1) {
      const number = writes.length;
      // Some are new, some replace what an earlier one, or a dream, wrote.
      const path = number % 3 === 0 ? "/agent/state.md" : `/agent/notes-${number % 40}.md`;
      const content = `The agent noted item ${number} in its run.\n`;
      const write = { path, sha256: createHash("sha256").update(content).digest("hex"), acknowledged: false };
      writes.push(write);
      try {
        await stores.putMemories({ memoryStoreId, memories: [{ path, content }] });
      } catch {
        return;
      }
      write.acknowledged = true;
    }
  }
  const running = run();
  return { stopped: () => running };
}

/** When a dream is killed: as soon as it runs, while it thinks, while it writes, and just after it ended. */
const stages = ["writing", "merging", "", "ended"];
/** Between two looks, so that looking is not all that the server does. */
const lookMs = 3;

/** Until the dream's progress names the stage; no stage: until it runs. At the latest until its end. */
async function untilSeen(dreams: Clients["dreams"], id: string, stage: string): Promise<void> {
  for (;;) {
    const { dream } = await dreams.getDream({ id });
    if (dream === undefined || dream.endedAt !== undefined) return;
    if (stage === "" && dream.status === DreamStatus.RUNNING) return;
    if (dream.progress?.stage === stage) return;
    await sleep(lookMs);
  }
}

async function untilEnded(dreams: Clients["dreams"], id: string): Promise<Dream> {
  for await (const _ of dreams.watchDream({ id }));
  const { dream } = await dreams.getDream({ id });
  if (dream === undefined) throw new Error(`dream ${id} is gone`);
  return dream;
}

async function checkStore(
  stores: Clients["stores"],
  storeId: string,
  dreams: readonly Dream[],
  writes: readonly AgentWrite[],
): Promise<number> {
  const { memoryStore } = await stores.getMemoryStore({ id: storeId });
  const versions = await allVersions(stores, storeId);
  const revisions = [...new Set(versions.map(({ storeRevision }) => Number(storeRevision)))].sort(
    (a, b) => a - b,
  );
  expect(revisions).toEqual(
    Array.from({ length: Number(memoryStore?.revision ?? 0n) }, (_, index) => index + 1),
  );
  for (const dream of dreams) {
    expect(dream.status, dream.error?.message).toBe(DreamStatus.COMPLETED);
    const own = versions.filter(({ actorId }) => actorId === dream.id);
    expect(new Set(own.map(({ storeRevision }) => storeRevision)).size).toBeLessThanOrEqual(1);
    const { created = 0, updated = 0, deleted = 0, renamed = 0 } = dream.summary ?? {};
    expect(own).toHaveLength(created + updated + deleted + renamed);
  }
  for (const { path, sha256, acknowledged } of writes) {
    const found = versions.filter(
      (one) => one.path === path && one.contentSha256 === sha256 && one.actorId === "",
    );
    expect(found.length, `${path} ${sha256}`).toBeLessThanOrEqual(1);
    if (acknowledged) expect(found.length, `${path} ${sha256}`).toBe(1);
  }
  for (const own of Map.groupBy(versions, ({ memoryId }) => memoryId).values()) {
    const numbers = own.map(({ version }) => Number(version)).toReversed();
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  }
  await checkShown(stores, storeId, versions);
  return revisions.length;
}

/** What the store shows is the newest version of each memory that was not deleted. */
async function checkShown(
  stores: Clients["stores"],
  memoryStoreId: string,
  versions: readonly MemoryVersion[],
) {
  const newest = new Map<string, MemoryVersion>();
  for (const version of versions) if (!newest.has(version.memoryId)) newest.set(version.memoryId, version);
  const expected = [...newest.values()]
    .filter(({ contentSha256 }) => contentSha256 !== "")
    .map(({ path, contentSha256 }) => `${path} ${contentSha256}`);
  const shown: string[] = [];
  let pageToken = "";
  do {
    const page = await stores.listMemories({ memoryStoreId, pageSize: 50, pageToken, includeContent: true });
    for (const { path, content = "", contentSha256 } of page.memories) {
      shown.push(`${path} ${contentSha256}`);
      expect(createHash("sha256").update(content).digest("hex")).toBe(contentSha256);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(shown.sort()).toEqual(expected.sort());
}

async function allVersions(stores: Clients["stores"], memoryStoreId: string): Promise<MemoryVersion[]> {
  const versions: MemoryVersion[] = [];
  let pageToken = "";
  do {
    const page = await stores.listMemoryVersions({ memoryStoreId, pageSize: 100, pageToken });
    versions.push(...page.memoryVersions);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return versions;
}
