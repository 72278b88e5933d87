import { Code } from "@connectrpc/connect";
import type { ErrorDetails, ErrorKind } from "../core/errors.ts";

export interface WireError {
  /** The code of Connect, gRPC and gRPC-Web. */
  readonly connect: Code;
  /** The HTTP status a Connect unary call answers with; it follows from the code. */
  readonly httpStatus: number;
}

/** What each kind of error is on the wire. The only place where one becomes the other; `docs/errors.md` follows it. */
export const wireErrors = {
  invalid_argument: { connect: Code.InvalidArgument, httpStatus: 400 },
  not_found: { connect: Code.NotFound, httpStatus: 404 },
  conflict: { connect: Code.AlreadyExists, httpStatus: 409 },
  version_mismatch: { connect: Code.Aborted, httpStatus: 409 },
  failed_precondition: { connect: Code.FailedPrecondition, httpStatus: 400 },
  too_large: { connect: Code.ResourceExhausted, httpStatus: 429 },
  resource_exhausted: { connect: Code.ResourceExhausted, httpStatus: 429 },
  unauthenticated: { connect: Code.Unauthenticated, httpStatus: 401 },
  permission_denied: { connect: Code.PermissionDenied, httpStatus: 403 },
  deadline_exceeded: { connect: Code.DeadlineExceeded, httpStatus: 504 },
  canceled: { connect: Code.Canceled, httpStatus: 499 },
  unavailable: { connect: Code.Unavailable, httpStatus: 503 },
  unimplemented: { connect: Code.Unimplemented, httpStatus: 501 },
  internal: { connect: Code.Internal, httpStatus: 500 },
} as const satisfies Record<ErrorKind, WireError>;

/** Facts a program may act on, as response metadata (headers or trailers, as the protocol has it). */
export const detailHeaders = {
  field: "reveried-field",
  limit: "reveried-limit",
  blockedBy: "reveried-blocked-by",
  reason: "reveried-reason",
  currentHash: "reveried-current-hash",
} as const satisfies Record<keyof ErrorDetails, string>;
