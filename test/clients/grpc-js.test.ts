/** A client as a stranger would write it: `@grpc/grpc-js` and the `.proto` files, nothing of ours. */
import { fileURLToPath } from "node:url";
import {
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { describe, expect, test } from "vitest";
import { serve, serveApp } from "../wire/serve.ts";

type Message = Record<string, unknown>;
type Unary = (request: Message, done: (error: ServiceError | null, answer: Message) => void) => void;
type Stream = (request: Message) => ClientReadableStream<Message>;

const protoFolder = fileURLToPath(new URL("../../proto", import.meta.url));
const files = ["dream_service", "memory_store_service", "session_service"].map(
  (name) => `dream/v1/${name}.proto`,
);
const definition = loadSync(files, {
  includeDirs: [protoFolder],
  keepCase: true,
  enums: String,
  longs: Number,
  defaults: true,
});

/** A client of one service; `call` is one unary call as a promise. */
function open(url: string, name: string) {
  const services = (loadPackageDefinition(definition).dream as GrpcObject).v1 as GrpcObject;
  const Service = services[name] as ServiceClientConstructor;
  const client = new Service(url.replace("http://", ""), credentials.createInsecure());
  const call = (method: string, request: Message) =>
    new Promise<Message>((resolve, reject) => {
      const run = client[method] as Unary;
      run.call(client, request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
  const stream = (method: string, request: Message) => (client[method] as Stream).call(client, request);
  return { client, call, stream, [Symbol.dispose]: () => client.close() };
}

describe("a gRPC client made from the .proto files alone", () => {
  test("dreams from end to end: notes and a conversation go in, a store and a diff come out", async () => {
    await using served = await serveApp({ loops: true });
    using stores = open(served.url, "MemoryStoreService");
    using sessions = open(served.url, "SessionService");
    using dreams = open(served.url, "DreamService");

    const { memory_store: store } = await stores.call("CreateMemoryStore", { name: "team" });
    const memoryStoreId = (store as Message).id;
    const memories = [
      { path: "/team.md", content: "# Team\n\n- Maya leads the release.\n- Maya leads the release.\n" },
    ];
    await stores.call("PutMemories", { memory_store_id: memoryStoreId, memories });
    const { session } = await sessions.call("CreateSession", { memory_store_ids: [memoryStoreId] });
    const sessionId = (session as Message).id;
    await sessions.call("AppendSessionEvents", {
      session_id: sessionId,
      events: [
        {
          speaker: "user",
          text: "We moved the stand-up to ten o'clock.",
          said_at: { seconds: 1_767_000_000 },
        },
      ],
    });

    const created = await dreams.call("CreateDream", {
      input_memory_store_id: memoryStoreId,
      session_ids: [sessionId],
    });
    const { id } = created.dream as Message;
    const kinds: unknown[] = [];
    for await (const update of dreams.stream("WatchDream", { id }))
      if (update.event) kinds.push((update.event as Message).kind);
    expect(kinds).toEqual(["CREATED", "STARTED", "COMPLETED"].map((kind) => `DREAM_EVENT_KIND_${kind}`));

    const { dream } = await dreams.call("GetDream", { id });
    expect(dream).toMatchObject({
      status: "DREAM_STATUS_COMPLETED",
      summary: { sessions_read: 1, memories_read: 1 },
    });
    const output = (dream as Message).output_memory_store_id;
    expect(output).not.toBe(memoryStoreId);
    const { memories: after } = await stores.call("ListMemories", {
      memory_store_id: output,
      include_content: true,
    });
    expect((after as Message[]).length).toBeGreaterThan(0);
    const { changes } = await dreams.call("DiffDream", { id });
    expect((changes as Message[]).length).toBeGreaterThan(0);
    for (const change of changes as Message[]) expect(change.reason).not.toBe("");
  });

  test("is told the code, the message and the facts of an error", async () => {
    await using served = await serveApp();
    using dreams = open(served.url, "DreamService");
    const error = await dreams
      .call("CreateDream", { instructions: "x" })
      .catch((reason: ServiceError) => reason);
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining("input_memory_store_id"),
    });
    const { metadata } = error as { metadata: Metadata };
    expect(metadata.get("reveried-field")).toEqual(["input_memory_store_id"]);
    expect(metadata.get("x-request-id")).toHaveLength(1);
    const unimplemented = await dreams
      .call("ApplyDream", { id: "x" })
      .catch((reason: ServiceError) => reason);
    expect(unimplemented).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  test("is told UNIMPLEMENTED for a method that is not described", async () => {
    await using served = await serve();
    using dreams = open(served.url, "DreamService");
    const nothing = () => Buffer.alloc(0);
    const error = await new Promise<ServiceError | null>((resolve) =>
      dreams.client.makeUnaryRequest("/dream.v1.DreamService/Nap", nothing, nothing, {}, resolve),
    );
    expect(error?.code).toBe(status.UNIMPLEMENTED);
  });

  test("that cancels a call aborts what serves it", async () => {
    const started = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    await using served = await serve({
      useCases: {
        watchDream: async function* (_principal, _request, signal) {
          started.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          aborted.resolve();
          yield* [];
        },
      },
    });
    using dreams = open(served.url, "DreamService");
    const watch = dreams.stream("WatchDream", { id: "drm_1" });
    watch.on("error", () => {});
    await started.promise;
    watch.cancel();
    await aborted.promise;
  });
});
