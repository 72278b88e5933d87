/** What the tests of erasure tell a service: stores, sessions, dreams to their ends. */
import type { Dream } from "../../src/core/dream.ts";
import { isFinal } from "../../src/core/dream.ts";
import type { Principal } from "../../src/core/principal.ts";
import type { UseCases } from "../../src/service/use-cases.ts";

export interface Told {
  readonly useCases: UseCases;
  readonly principal: Principal;
  /** Waits for the dream's end. */
  ended(id: string): Promise<Dream>;
}

export type Line = readonly [speaker: string, text: string];

export interface SessionTold {
  readonly title?: string;
  readonly tags?: readonly string[];
  readonly metadata?: Record<string, string>;
  /** The day it was said, `2026-03-02`. */
  readonly day: string;
  readonly lines: readonly Line[];
}

/** A store with these memories; its id. */
export async function tellStore(told: Told, name: string, memories: Record<string, string>): Promise<string> {
  const { useCases, principal } = told;
  const { store } = await useCases.createMemoryStore(principal, {
    name,
    description: "",
    metadata: {},
    protectedPaths: [],
  });
  if (Object.keys(memories).length > 0) await put(told, store.id, memories);
  return store.id;
}

export async function put(
  told: Told,
  memoryStoreId: string,
  memories: Record<string, string>,
): Promise<void> {
  await told.useCases.putMemories(told.principal, {
    memoryStoreId,
    memories: Object.entries(memories).map(([path, content]) => ({ path, content })),
  });
}

/** A session in which this was said; its id. */
export async function tellSession(
  { useCases, principal }: Told,
  { title = "", tags = [], metadata = {}, day, lines }: SessionTold,
): Promise<string> {
  const session = await useCases.createSession(principal, {
    title,
    agentId: null,
    workspaceId: null,
    memoryStoreIds: [],
    tags,
    metadata,
  });
  const start = Date.parse(`${day}T09:00:00Z`);
  await useCases.appendSessionEvents(principal, {
    sessionId: session.id,
    events: lines.map(([speaker, text], index) => ({
      id: "",
      speaker,
      trust: "user",
      blocks: [{ type: "text", text }],
      at: start + index * 60_000,
    })),
  });
  return session.id;
}

export interface DreamTold {
  readonly id: string;
  readonly outputStoreId: string;
}

/** A dream over the store and the sessions, to its end; fails the test unless it completed. */
export async function tellDream(
  told: Told,
  inputMemoryStoreId: string,
  sessionIds: readonly string[],
  update = false,
): Promise<DreamTold> {
  const created = await told.useCases.createDream(told.principal, {
    inputMemoryStoreId,
    sessionIds,
    model: "",
    instructions: null,
    outputBehavior: update ? "update_existing" : "create_new",
    type: "omni",
  });
  const dream = await told.ended(created.id);
  if (dream.status !== "completed" || dream.ids === null) {
    throw new Error(`the dream is ${dream.status}: ${JSON.stringify(dream)}`);
  }
  return { id: dream.id, outputStoreId: dream.ids.outputStoreId };
}

/** Waits by watching. */
export function watching(useCases: UseCases, principal: Principal): Told["ended"] {
  return async (id) => {
    for (;;) {
      const updates = useCases.watchDream(
        principal,
        { id, afterEventNumber: 0 },
        new AbortController().signal,
      );
      for await (const { dream } of updates) if (isFinal(dream)) break;
      const dream = await useCases.getDream(principal, { id });
      if (isFinal(dream)) return dream;
    }
  };
}

/** All texts of a store by path. */
export async function textsOf(
  { useCases, principal }: Told,
  memoryStoreId: string,
): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  let pageToken = "";
  do {
    const page = await useCases.listMemories(principal, {
      memoryStoreId,
      pathPrefix: "",
      depth: 0,
      pageSize: 100,
      pageToken,
      includeContent: true,
    });
    for (const { entry, content } of page.memories) texts[entry.path] = content ?? "";
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return texts;
}
