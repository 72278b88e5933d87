import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorDetails, isReveriedError, type ReveriedError } from "../../core/errors.ts";
import type { Log } from "../../ports/log.ts";
import { detailHeaders, wireErrors } from "../errors.ts";

/** Longer messages do not fit the trailers that some clients accept; only a caller's own text can make one so long. */
const messageLengthMax = 2_000;

export interface FailedCall {
  readonly requestId: string;
  /** `/dream.v1.DreamService/GetDream` */
  readonly procedure: string;
}

/**
 * What a caller is told of an error. A `ReveriedError` by its kind and in its own words; a `ConnectError` as it is;
 * anything else as `internal` with a fixed message, the cause going to the log under the request id.
 */
export function toConnectError(deps: { readonly log: Log }, call: FailedCall, error: unknown): ConnectError {
  // A copy, because one error may end many calls and each adds its own request id.
  if (error instanceof ConnectError) return new ConnectError(error.rawMessage, error.code, error.metadata);
  if (!isReveriedError(error)) return internalError(deps, call, error);
  if (error.kind === "internal" || error.cause !== undefined) {
    const write = error.kind === "internal" ? deps.log.error : deps.log.warn;
    write("a call failed", { ...named(call), kind: error.kind, cause: error });
  }
  return new ConnectError(
    boundMessage(error.message),
    wireErrors[error.kind].connect,
    detailMetadata(error.details),
  );
}

export function internalError(deps: { readonly log: Log }, call: FailedCall, cause: unknown): ConnectError {
  deps.log.error("a call failed unexpectedly", { ...named(call), cause });
  return new ConnectError(`internal error; request id ${call.requestId}`, Code.Internal);
}

/** For what the caller could not be served because of, and what it should do about it. */
export function connectError(kind: ReveriedError["kind"], message: string): ConnectError {
  return new ConnectError(message, wireErrors[kind].connect);
}

/**
 * For an answer that could not be written. The error is the library's and about to be written itself, so it is
 * corrected in place: nothing of the cause reaches the caller.
 */
export function hideCause(deps: { readonly log: Log }, call: FailedCall, error: ConnectError): void {
  const { rawMessage } = internalError(deps, call, error);
  Object.assign(error, { code: Code.Internal, rawMessage });
}

function named({ requestId, procedure }: FailedCall): FailedCall {
  return { requestId, procedure };
}

export function boundMessage(message: string): string {
  const bounded = message.length > messageLengthMax ? `${message.slice(0, messageLengthMax)}…` : message;
  // A surrogate that stands alone cannot be percent-encoded, and gRPC sends messages so.
  return bounded.toWellFormed();
}

function detailMetadata(details: ErrorDetails): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, header] of Object.entries(detailHeaders)) {
    const value = details[name as keyof ErrorDetails];
    if (value !== undefined) metadata[header] = headerText(String(value));
  }
  return metadata;
}

/** Header values hold printable ASCII only; the rest is percent-encoded, as in a URL. */
function headerText(text: string): string {
  return encodeURI(boundMessage(text));
}
