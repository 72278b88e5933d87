/** Every way an operation can be refused on purpose. The list is closed: `wire/errors.ts` maps each kind once. */
export const errorKinds = [
  "invalid_argument",
  "not_found",
  "conflict",
  "version_mismatch",
  "failed_precondition",
  "too_large",
  "resource_exhausted",
  "unauthenticated",
  "permission_denied",
  "deadline_exceeded",
  "canceled",
  "unavailable",
  "unimplemented",
  "internal",
] as const;

export type ErrorKind = (typeof errorKinds)[number];

/** Facts a caller may act on; never memory text, never credentials. */
export interface ErrorDetails {
  /** The request field at fault, in the words of `dream.v1` (snake_case, dots between levels). */
  readonly field?: string;
  /** The bound that was exceeded, in the unit the message names. */
  readonly limit?: number;
  /** The id of what stands in the way: the dream that holds a store, the memory at a path. */
  readonly blockedBy?: string;
  /** A stable word for programs where the kind alone says too little; a dream that fails of it has it as `error.type`. */
  readonly reason?: string;
  /** The hash a memory has now, when a precondition on it failed. */
  readonly currentHash?: string;
}

export interface ReveriedErrorOptions {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** The only error thrown on purpose. Its message is written for the caller: what was wrong, where, what to do. */
export class ReveriedError extends Error {
  readonly kind: ErrorKind;
  readonly details: ErrorDetails;

  constructor(kind: ErrorKind, message: string, options: ReveriedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ReveriedError";
    this.kind = kind;
    this.details = options.details ?? {};
  }
}

export function isReveriedError(error: unknown): error is ReveriedError {
  return error instanceof ReveriedError;
}

export function invalidArgument(field: string, message: string, limit?: number): ReveriedError {
  const details = limit === undefined ? { field } : { field, limit };
  return new ReveriedError("invalid_argument", `${field}: ${message}`, { details });
}

export function notFound(what: string, id: string): ReveriedError {
  return new ReveriedError("not_found", `${what} ${JSON.stringify(id)} not found`);
}
