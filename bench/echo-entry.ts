/**
 * The ceiling of the create rates: connect-node's own adapter on a bare Node server, answering CreateDream with the
 * message that a new dream is answered with, and doing nothing else. Answers its first message with its address.
 */
import { createServer } from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { DreamStatus, DreamType, OutputBehavior } from "../gen/dream/v1/dream_pb.ts";
import { DreamService } from "../gen/dream/v1/dream_service_pb.ts";
import { readJob, serveParent } from "./processes.ts";

const handler = connectNodeAdapter({
  // As the service writes it, so that both write the same bytes.
  jsonOptions: { alwaysEmitImplicit: true },
  routes(router) {
    router.rpc(DreamService.method.createDream, (request) => ({
      dream: {
        id: "drm_0192f0c1a2b37cde8f00112233445566",
        status: DreamStatus.PENDING,
        type: request.type === DreamType.UNSPECIFIED ? DreamType.OMNI : request.type,
        model: request.model === "" ? "auto" : request.model,
        ...(request.instructions === undefined ? {} : { instructions: request.instructions }),
        inputMemoryStoreId: request.inputMemoryStoreId,
        sessionIds: request.sessionIds,
        outputBehavior: OutputBehavior.CREATE_NEW,
        usage: { inputTokens: 0n, outputTokens: 0n, cacheCreationInputTokens: 0n, cacheReadInputTokens: 0n },
        createdAt: { seconds: BigInt(Math.floor(Date.now() / 1_000)), nanos: 123_000_000 },
        lastEventNumber: 1,
      },
    }));
  },
});

const server = readJob() === "grpc" ? http2.createServer(handler) : createServer(handler);
const listening = new Promise<string>((resolve) => {
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    resolve(`http://127.0.0.1:${port}`);
  });
});
serveParent(() => listening);
