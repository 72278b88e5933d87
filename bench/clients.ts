/** What the measures ask of a server as any client would. */
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { DreamStatus } from "../gen/dream/v1/dream_pb.ts";
import { DreamService } from "../gen/dream/v1/dream_service_pb.ts";
import { MemoryStoreService } from "../gen/dream/v1/memory_store_service_pb.ts";
import { SessionService } from "../gen/dream/v1/session_service_pb.ts";

export interface Clients {
  readonly dreams: Client<typeof DreamService>;
  readonly stores: Client<typeof MemoryStoreService>;
  readonly sessions: Client<typeof SessionService>;
}

/** Clients on one connection, which ends with the server. */
export function connectTo(url: string): Clients {
  const transport: Transport = createConnectTransport({ baseUrl: url, httpVersion: "2" });
  return {
    dreams: createClient(DreamService, transport),
    stores: createClient(MemoryStoreService, transport),
    sessions: createClient(SessionService, transport),
  };
}

/** A store without memories; answers with its id. */
export async function newStore({ stores }: Clients): Promise<string> {
  const { memoryStore } = await stores.createMemoryStore({ name: "bench" });
  return idOf(memoryStore);
}

/** Starts a dream over the store and answers with its id. */
export async function newDream(
  { dreams }: Clients,
  inputMemoryStoreId: string,
  sessionIds: string[] = [],
): Promise<string> {
  const { dream } = await dreams.createDream({ inputMemoryStoreId, sessionIds });
  return idOf(dream);
}

/** Resolves when the dream completed; throws when it ended otherwise. */
export async function completed({ dreams }: Clients, id: string): Promise<void> {
  for await (const { update } of dreams.watchDream({ id })) {
    if (update.case === "event" && update.value.toStatus === DreamStatus.COMPLETED) return;
  }
  throw new Error(`dream ${id} did not complete`);
}

export function idOf(made: { readonly id: string } | undefined): string {
  if (made === undefined) throw new Error("the answer does not say what was made");
  return made.id;
}
