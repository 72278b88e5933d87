import type { ErrorKind } from "../core/errors.ts";

/** What the exit code of a command says, in the order in which help and README show them. */
export const exitCodes = {
  ok: { code: 0, meaning: "done" },
  failed: {
    code: 1,
    meaning: "it failed: the dream failed or was canceled, or something unexpected happened",
  },
  usage: { code: 2, meaning: "wrong usage, setting or input; nothing was done" },
  unavailable: {
    code: 3,
    meaning: "a server, the storage or the event bus cannot be reached, or is not ready",
  },
  notFound: { code: 4, meaning: "the dream, store or session does not exist" },
  refused: { code: 5, meaning: "not possible as things are: a port or folder in use, a dream already ended" },
  interrupted: { code: 130, meaning: "interrupted by Ctrl-C; 143 when ended by SIGTERM" },
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]["code"];

const codeByKind = {
  invalid_argument: exitCodes.usage.code,
  not_found: exitCodes.notFound.code,
  conflict: exitCodes.refused.code,
  version_mismatch: exitCodes.refused.code,
  failed_precondition: exitCodes.refused.code,
  too_large: exitCodes.usage.code,
  resource_exhausted: exitCodes.unavailable.code,
  unauthenticated: exitCodes.refused.code,
  permission_denied: exitCodes.refused.code,
  deadline_exceeded: exitCodes.unavailable.code,
  canceled: exitCodes.interrupted.code,
  unavailable: exitCodes.unavailable.code,
  unimplemented: exitCodes.usage.code,
  internal: exitCodes.failed.code,
} as const satisfies Record<ErrorKind, ExitCode>;

export function exitCodeOf(kind: ErrorKind): ExitCode {
  return codeByKind[kind];
}
