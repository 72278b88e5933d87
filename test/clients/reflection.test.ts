/** Server reflection, by generated clients and by `buf curl`, which has no `.proto` file to look at. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import * as v1 from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import * as v1alpha from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { serve, serveApp } from "../wire/serve.ts";

const run = promisify(execFile);
const buf = fileURLToPath(new URL("../../node_modules/.bin/buf", import.meta.url));

describe.each([
  ["v1", v1.ServerReflection],
  ["v1alpha", v1alpha.ServerReflection],
])("reflection %s", (_name, service) => {
  type Question = v1.ServerReflectionRequest["messageRequest"];

  async function ask(url: string, ...questions: Question[]) {
    const client = createClient(service, createGrpcTransport({ baseUrl: url }));
    const answers = [];
    const requests = (async function* () {
      for (const messageRequest of questions) yield { host: "h", messageRequest };
    })();
    for await (const answer of client.serverReflectionInfo(requests)) {
      expect(answer.validHost).toBe("h");
      expect(answer.originalRequest?.messageRequest).toEqual(questions[answers.length]);
      answers.push(answer.messageResponse);
    }
    return answers;
  }

  /** The registry is only made when every file that one imports is there. */
  async function filesOf(url: string, question: Question) {
    const [answer] = await ask(url, question);
    if (answer?.case !== "fileDescriptorResponse") throw new Error(`got ${answer?.case}`);
    const file = answer.value.fileDescriptorProto.map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    createFileRegistry(create(FileDescriptorSetSchema, { file: file.toReversed() }));
    return file.map((one) => one.name);
  }

  test("lists every service", async () => {
    await using served = await serve();
    const [answer] = await ask(served.url, { case: "listServices", value: "*" });
    if (answer?.case !== "listServicesResponse") throw new Error(`got ${answer?.case}`);
    expect(answer.value.service.map((one) => one.name)).toEqual([
      "dream.v1.CollectionService",
      "dream.v1.DreamService",
      "dream.v1.ErasureService",
      "dream.v1.KeyService",
      "dream.v1.MemoryStoreService",
      "dream.v1.ScheduleService",
      "dream.v1.SessionService",
      "dream.v1.TransferService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
  });

  test.each([
    ["dream.v1.DreamService", "dream/v1/dream_service.proto"],
    [".dream.v1.DreamService", "dream/v1/dream_service.proto"],
    ["dream.v1.DreamService.CreateDream", "dream/v1/dream_service.proto"],
    ["dream.v1.Dream", "dream/v1/dream.proto"],
    ["dream.v1.Dream.status", "dream/v1/dream.proto"],
    ["dream.v1.WatchDreamResponse.update", "dream/v1/dream_service.proto"],
    ["dream.v1.DreamStatus", "dream/v1/dream.proto"],
    ["dream.v1.DREAM_STATUS_PENDING", "dream/v1/dream.proto"],
    ["grpc.health.v1.HealthCheckResponse.ServingStatus", "health/v1/health.proto"],
    ["grpc.health.v1.HealthCheckResponse.SERVING", "health/v1/health.proto"],
    ["google.protobuf.Timestamp", "google/protobuf/timestamp.proto"],
  ])("finds %s in %s, with all that file imports", async (symbol, file) => {
    await using served = await serve();
    const files = await filesOf(served.url, { case: "fileContainingSymbol", value: symbol });
    expect(files[0]).toBe(file);
    if (file.startsWith("dream/")) expect(files).toContain("google/protobuf/timestamp.proto");
    expect(await filesOf(served.url, { case: "fileByFilename", value: file })).toEqual(files);
  });

  test("answers what it does not know with an error, and goes on", async () => {
    await using served = await serve();
    const extension = {
      $typeName: "grpc.reflection.v1.ExtensionRequest" as const,
      containingType: "a.B",
      extensionNumber: 1,
    };
    const answers = await ask(
      served.url,
      { case: "fileContainingSymbol", value: "dream.v1.Nap" },
      { case: "fileByFilename", value: "nap.proto" },
      { case: "allExtensionNumbersOfType", value: "dream.v1.Nap" },
      { case: "allExtensionNumbersOfType", value: "dream.v1.Dream" },
      ...(service === v1.ServerReflection
        ? [{ case: "fileContainingExtension", value: extension } as const]
        : []),
      { case: "listServices", value: "" },
    );
    const codes = answers.map((answer) =>
      answer.case === "errorResponse" ? answer.value.errorCode : answer.case,
    );
    const extensionCodes = service === v1.ServerReflection ? [5] : [];
    expect(codes).toEqual([
      5,
      5,
      5,
      "allExtensionNumbersResponse",
      ...extensionCodes,
      "listServicesResponse",
    ]);
  });
});

describe("buf curl through reflection", () => {
  test.each(["grpc", "grpcweb", "connect"])("creates a store and lists dreams over %s", async (protocol) => {
    await using served = await serveApp();
    const call = async (procedure: string, request: unknown) => {
      const data = ["--data", JSON.stringify(request)];
      const flags = ["curl", "--http2-prior-knowledge", "--protocol", protocol, "--emit-defaults", ...data];
      const { stdout } = await run(buf, [...flags, `${served.url}/dream.v1.${procedure}`]);
      return JSON.parse(stdout);
    };
    const { memoryStore } = await call("MemoryStoreService/CreateMemoryStore", { name: "notes" });
    expect(memoryStore.name).toBe("notes");
    expect(await call("DreamService/ListDreams", {})).toEqual({ dreams: [], nextPageToken: "" });
  });

  test("shows the message of an error", async () => {
    await using served = await serveApp();
    const flags = ["curl", "--http2-prior-knowledge", "--data", `{"id":"drm_none"}`];
    const call = run(buf, [...flags, `${served.url}/dream.v1.DreamService/GetDream`]);
    await expect(call).rejects.toMatchObject({ stderr: expect.stringContaining("not_found") });
  });
});
