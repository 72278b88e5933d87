import assert from "node:assert";
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { ReveriedError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { Log } from "../../ports/log.ts";
import { blameRequest } from "./blame.ts";
import { type FailedCall, hideCause, toConnectError } from "./error.ts";

/** What an implementation gets beside its request. */
export interface Call {
  readonly principal: Principal;
  /** Aborts at the deadline, when the client hangs up, and for streams when the server stops. */
  readonly signal: AbortSignal;
}

/** What is known of a call from its headers on. */
export interface CallState extends FailedCall {
  readonly input: DescMessage;
  principal: Principal | null;
  /** Whether its request was read and understood: from then on an error of the library is not the caller's. */
  entered: boolean;
  /** The error this side decided to answer with. */
  told: ConnectError | null;
}

export const callStateKey = createContextKey<CallState | null>(null, {
  description: "the state of the call",
});

export interface GateDeps {
  readonly log: Log;
  /** Throws `unauthenticated` or `permission_denied` for credentials that are not good. */
  readonly authenticate: (headers: Headers) => Principal | Promise<Principal>;
}

/**
 * Runs when the headers are there and before any of the body is read: who calls, and whether the body is too long
 * to begin with. It also sees to it that the errors the library makes of its own are put right.
 */
export function createGate(deps: GateDeps, config: { readonly requestBodyBytes: number }) {
  return async (context: HandlerContext): Promise<void> => {
    const state = stateOf(context);
    context.signal.addEventListener("abort", () => correct(deps, state, context.signal.reason), {
      once: true,
    });
    try {
      checkLength(context.requestHeader.get("content-length"), config.requestBodyBytes);
      state.principal = await deps.authenticate(context.requestHeader);
    } catch (error) {
      throw tell(deps, state, error);
    }
  };
}

export function stateOf(context: HandlerContext): CallState {
  const state = context.values.get(callStateKey);
  assert(state !== null, "every call comes in with its state");
  return state;
}

/** The error to answer with, remembered as this side's own. */
export function tell(deps: { readonly log: Log }, state: CallState, error: unknown): ConnectError {
  state.told = toConnectError(deps, state, error);
  // Clients of gRPC show the trailers with an error, not the headers, where the id is anyway.
  state.told.metadata.set("x-request-id", state.requestId);
  return state.told;
}

/** The last look at an error before the library writes it: it aborts the call's signal with that very object. */
function correct(deps: GateDeps, state: CallState, reason: unknown): void {
  if (!(reason instanceof ConnectError) || reason === state.told) return;
  if (!state.entered) blameRequest(reason, state.input);
  else if (reason.code === Code.Internal) hideCause(deps, state, reason);
}

function checkLength(header: string | null, limit: number): void {
  const length = Number(header ?? "0");
  if (!(length > limit)) return;
  throw new ReveriedError(
    "too_large",
    `the request body is ${length} bytes, more than the ${limit} a call may have`,
    {
      details: { limit },
    },
  );
}
