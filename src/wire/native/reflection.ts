import { type DescService, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import * as v1 from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import * as v1alpha from "../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { Health } from "../../../gen/health/v1/health_pb.ts";
import type { NativeRouter } from "./router.ts";
import { createSchemaIndex, type SchemaIndex } from "./schema-index.ts";

/** gRPC's own codes, which reflection errors carry as numbers. */
const notFoundCode = 5;
const invalidArgumentCode = 3;

type Question =
  | v1.ServerReflectionRequest["messageRequest"]
  | v1alpha.ServerReflectionRequest["messageRequest"];

/**
 * gRPC server reflection in both its versions, so that a tool needs no `.proto` file. A file is answered together with
 * all it imports. The tables are made when the first question comes.
 */
export function addReflectionRoutes(router: NativeRouter, services: readonly DescService[]): void {
  let index: SchemaIndex | null = null;
  const all = [...services, Health, v1.ServerReflection, v1alpha.ServerReflection];
  const answer = (question: Question) => {
    index ??= createSchemaIndex(all);
    return answerFrom(index, question);
  };

  router.bidiStream(v1.ServerReflection.method.serverReflectionInfo, async function* (requests) {
    for await (const originalRequest of requests) {
      const { host, messageRequest } = originalRequest;
      yield { validHost: host, originalRequest, messageResponse: answer(messageRequest) };
    }
  });
  router.bidiStream(v1alpha.ServerReflection.method.serverReflectionInfo, async function* (requests) {
    for await (const originalRequest of requests) {
      const { host, messageRequest } = originalRequest;
      yield { validHost: host, originalRequest, messageResponse: answer(messageRequest) };
    }
  });
}

function answerFrom(index: SchemaIndex, question: Question) {
  switch (question.case) {
    case "fileByFilename":
      return filesAnswer(index.fileNamed(question.value), `file ${JSON.stringify(question.value)} not found`);
    case "fileContainingSymbol":
      return filesAnswer(index.fileOf(question.value), `symbol ${JSON.stringify(question.value)} not found`);
    case "fileContainingExtension":
      return errorAnswer(notFoundCode, "there are no extensions");
    case "allExtensionNumbersOfType":
      return index.isMessage(question.value)
        ? {
            case: "allExtensionNumbersResponse" as const,
            value: { baseTypeName: question.value, extensionNumber: [] },
          }
        : errorAnswer(notFoundCode, `type ${JSON.stringify(question.value)} not found`);
    case "listServices":
      return {
        case: "listServicesResponse" as const,
        value: { service: index.services.map((name) => ({ name })) },
      };
    case undefined:
      return errorAnswer(invalidArgumentCode, "the request asks nothing");
  }
}

function filesAnswer(files: readonly FileDescriptorProto[] | null, missing: string) {
  if (files === null) return errorAnswer(notFoundCode, missing);
  return {
    case: "fileDescriptorResponse" as const,
    value: { fileDescriptorProto: files.map((file) => toBinary(FileDescriptorProtoSchema, file)) },
  };
}

function errorAnswer(errorCode: number, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage: errorMessage.toWellFormed() } };
}
