import { createContextValues, type Transport } from "@connectrpc/connect";
import { createUniversalHandlerClient, type UniversalHandler } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-connect";
import { type CallState, callStateKey } from "./call.ts";

/**
 * A client's transport that ends in the handlers of this very process: the same messages, bounds and errors as over the
 * port, without a socket. Calls have no deadline but the caller's.
 */
export function createInProcessTransport(handlers: readonly UniversalHandler[]): Transport {
  const called = handlers.map((handler) => {
    const call: typeof handler = Object.assign((request: Parameters<UniversalHandler>[0]) => {
      const state: CallState = {
        requestId: "in-process",
        procedure: handler.requestPath,
        input: handler.method.input,
        principal: null,
        entered: false,
        told: null,
      };
      return handler({ ...request, contextValues: createContextValues().set(callStateKey, state) });
    }, handler);
    return call;
  });
  return createTransport({
    httpClient: createUniversalHandlerClient([...called]),
    baseUrl: "http://in-process",
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: Number.MAX_SAFE_INTEGER,
    readMaxBytes: Number.MAX_SAFE_INTEGER,
    writeMaxBytes: Number.MAX_SAFE_INTEGER,
  });
}
