import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { DreamService } from "../../gen/dream/v1/dream_service_pb.ts";
import { ErasureService } from "../../gen/dream/v1/erasure_service_pb.ts";
import { MemoryStoreService } from "../../gen/dream/v1/memory_store_service_pb.ts";
import { SessionService } from "../../gen/dream/v1/session_service_pb.ts";
import { TransferService } from "../../gen/dream/v1/transfer_service_pb.ts";
import { readConfig } from "../config.ts";
import { type ErrorKind, isReveriedError, ReveriedError } from "../core/errors.ts";
import { type CommandArgs, type CommandOption, optionText } from "./command.ts";

/** The public API as every command uses it, whether the server is this process or another. */
export interface Clients {
  readonly dreams: Client<typeof DreamService>;
  readonly stores: Client<typeof MemoryStoreService>;
  readonly sessions: Client<typeof SessionService>;
  readonly erasure: Client<typeof ErasureService>;
  readonly transfer: Client<typeof TransferService>;
}

export function clientsOver(transport: Transport): Clients {
  return {
    dreams: createClient(DreamService, transport),
    stores: createClient(MemoryStoreService, transport),
    sessions: createClient(SessionService, transport),
    erasure: createClient(ErasureService, transport),
    transfer: createClient(TransferService, transport),
  };
}

export const urlOption: CommandOption = {
  flag: "url",
  value: "URL",
  help: "The server; without it the one that serves the data folder, else REVERIED_HOST and REVERIED_PORT",
  default: "",
};

/** Clients of the running server. Nothing is sent yet, so a server that is not there shows with the first call. */
export async function connectClients(args: CommandArgs): Promise<Clients> {
  const url = await serverUrl(args);
  const { createConnectTransport } = await import("@connectrpc/connect-node");
  return clientsOver(createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat: true }));
}

/** Where the server is: `--url`, else what the data folder's owner says, else the configured address. */
export async function serverUrl(args: CommandArgs): Promise<string> {
  const given = optionText(args, urlOption.flag);
  if (given !== null) {
    if (/^https?:\/\//.test(given) && URL.canParse(given)) return given.replace(/\/+$/, "");
    throw new ReveriedError(
      "invalid_argument",
      `--url: ${JSON.stringify(given)} is no URL; write e.g. http://127.0.0.1:4600`,
    );
  }
  // A caller listens nowhere, so the rule about where one may listen is not for it.
  const config = readConfig({ insecure: "true" });
  const { findServer } = await import("../app.ts");
  const owner = config.mongodbUrl === null ? await findServer(config) : null;
  if (owner !== null) return owner;
  const everywhere = config.host === "0.0.0.0" || config.host === "::";
  const host = everywhere ? "127.0.0.1" : config.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${config.port}`;
}

/** Runs calls, and turns what they throw into an error for the user. */
export async function calling<T>(args: CommandArgs, calls: (clients: Clients) => Promise<T>): Promise<T> {
  const clients = await connectClients(args);
  try {
    return await calls(clients);
  } catch (error) {
    throw await explain(error, args);
  }
}

async function explain(error: unknown, args: CommandArgs): Promise<unknown> {
  if (isReveriedError(error) || !(error instanceof ConnectError)) return error;
  if (!isUnreachable(error)) return fromConnectError(error);
  const url = await serverUrl(args);
  return new ReveriedError(
    "unavailable",
    `no server answers at ${url}; start one with: reveried serve (or name another with --url)`,
    { cause: error },
  );
}

/** Runs calls within this process, and turns what they throw into an error for the user. */
export async function translateCallErrors<T>(calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (error) {
    throw error instanceof ConnectError ? fromConnectError(error) : error;
  }
}

/** Whether no server was reached at all, in contrast to one that answered so. */
function isUnreachable(error: ConnectError): boolean {
  const codes = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ECONNRESET",
  ];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string" && codes.includes(cause.code)) return true;
    if (codes.some((code) => error.message.includes(code))) return true;
  }
  return false;
}

const kinds: Readonly<Record<Code, ErrorKind>> = {
  [Code.Canceled]: "canceled",
  [Code.Unknown]: "internal",
  [Code.InvalidArgument]: "invalid_argument",
  [Code.DeadlineExceeded]: "deadline_exceeded",
  [Code.NotFound]: "not_found",
  [Code.AlreadyExists]: "conflict",
  [Code.PermissionDenied]: "permission_denied",
  [Code.ResourceExhausted]: "resource_exhausted",
  [Code.FailedPrecondition]: "failed_precondition",
  [Code.Aborted]: "version_mismatch",
  [Code.OutOfRange]: "invalid_argument",
  [Code.Unimplemented]: "unimplemented",
  [Code.Internal]: "internal",
  [Code.Unavailable]: "unavailable",
  [Code.DataLoss]: "internal",
  [Code.Unauthenticated]: "unauthenticated",
};

/** The server's answer as an error for the user, in the server's words. */
export function fromConnectError(error: ConnectError): ReveriedError {
  return new ReveriedError(kinds[error.code], error.rawMessage, { cause: error });
}
