import { ErrorCode, NatsError } from "nats";
import { ReveriedError } from "../../core/errors.ts";

/** JetStream's own numbers for what went wrong. */
export const apiErrors = {
  jetStreamNotEnabled: 10_076,
  jetStreamNotEnabledForAccount: 10_039,
  messageTooLarge: 10_054,
  noMessageFound: 10_037,
  streamNameInUse: 10_058,
  streamNotFound: 10_059,
  subjectsOverlap: 10_065,
  wrongLastSequence: 10_071,
  wrongLastSequenceConstant: 10_164,
} as const;

/** The number JetStream gave its refusal, or null for any other error. */
export function apiErrorOf(error: unknown): number | null {
  return error instanceof NatsError ? (error.api_error?.err_code ?? null) : null;
}

/** No acknowledgement came in time: the server may be stuck, or the network be gone without a word. */
export function isTimeout(error: unknown): boolean {
  return error instanceof NatsError && error.code === ErrorCode.Timeout;
}

/** Nobody takes messages on the subject, or answers for the stream: it is gone, or JetStream is starting or off. */
export function isNobodyThere(error: unknown): boolean {
  return (
    error instanceof NatsError &&
    (error.code === ErrorCode.NoResponders || apiErrorOf(error) === apiErrors.streamNotFound)
  );
}

/**
 * What went wrong while doing `what`, for the caller. Only an event's own fault is not `unavailable`: all else may
 * be over at the next try, when the server is back or an operator has put it right.
 */
export function translate(what: string, error: unknown): ReveriedError {
  if (error instanceof ReveriedError) return error;
  if (
    (error instanceof NatsError && error.code === ErrorCode.MaxPayloadExceeded) ||
    apiErrorOf(error) === apiErrors.messageTooLarge
  ) {
    const message = `cannot ${what}: the message is larger than the NATS server takes; raise max_payload there`;
    return new ReveriedError("too_large", message, { cause: error });
  }
  return new ReveriedError("unavailable", `cannot ${what}: ${reasonOf(error)}`, { cause: error });
}

/** One line for people; never holds credentials. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof NatsError)) return error instanceof Error ? error.message : String(error);
  switch (error.code) {
    case ErrorCode.Timeout:
    case ErrorCode.ConnectionTimeout:
      return "the NATS server did not answer in time";
    case ErrorCode.NoResponders:
      return "JetStream does not answer; start nats-server with -js";
    case ErrorCode.ConnectionRefused:
      return "nothing listens there";
    case ErrorCode.AuthorizationViolation:
    case ErrorCode.AuthenticationExpired:
    case ErrorCode.AuthenticationTimeout:
    case ErrorCode.BadAuthentication:
    case ErrorCode.AccountExpired:
      return "the NATS server refuses these credentials";
    case ErrorCode.ServerOptionNotAvailable:
    case ErrorCode.Tls:
      return "the two sides do not agree on TLS";
    case ErrorCode.PermissionsViolation:
      return `the NATS user lacks a permission: ${error.message}`;
    default:
      return error.api_error?.description ?? error.message;
  }
}
