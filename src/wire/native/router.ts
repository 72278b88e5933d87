/** Where each RPC is served: it gives every implementation its deadline, its signal and its errors. */
import assert from "node:assert";
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  createConnectRouter,
  type HandlerContext,
  type MethodImpl,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { raceAbort } from "../../lib/abort.ts";
import { type Call, createGate, type GateDeps, stateOf, tell } from "./call.ts";
import { connectError } from "./error.ts";
import { createRunning, type Running } from "./running.ts";

export interface NativeRouter {
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    run: (request: MessageShape<I>, call: Call) => Promise<MessageInitShape<O>>,
  ): void;
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    run: (request: MessageShape<I>, call: Call) => AsyncIterable<MessageInitShape<O>>,
  ): void;
  bidiStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    run: (requests: AsyncIterable<MessageShape<I>>, call: Call) => AsyncIterable<MessageInitShape<O>>,
  ): void;
  /** Answers `unimplemented` for each RPC of the service that `names` lists (`Service.Method`). */
  unimplemented(service: DescService, names: readonly string[]): void;
  readonly handlers: readonly UniversalHandler[];
  /** How many implementations run now, those included whose caller has been answered already. */
  readonly running: Running;
}

export interface NativeRouterConfig {
  readonly requestBodyBytes: number;
  readonly requestTimeoutMaxMs: number;
  readonly watchTimeoutMaxMs: number;
}

/** `stopping` ends every stream with `unavailable`; unary calls go on to their end. */
export function createNativeRouter(
  deps: GateDeps,
  config: NativeRouterConfig,
  stopping: AbortSignal,
): NativeRouter {
  const running = createRunning();
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    readMaxBytes: config.requestBodyBytes,
    requestGate: createGate(deps, config),
    jsonOptions: jsonOptions(),
  });
  const unaryOptions = { maxTimeoutMs: config.requestTimeoutMaxMs };
  const streamOptions = { maxTimeoutMs: config.watchTimeoutMaxMs };

  /** Whatever an implementation does, each wait for it ends with the signal, and it is told to clean up. */
  async function* follow<T>(
    context: HandlerContext,
    start: (call: Call) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const state = stateOf(context);
    const signal = AbortSignal.any([context.signal, stopping]);
    const done = running.begin();
    let answers: AsyncIterator<T> | null = null;
    try {
      answers = start(callOf(context, signal))[Symbol.asyncIterator]();
      for (;;) {
        const next = await raceAbort(answers.next(), signal);
        if (next.done === true) break;
        yield next.value;
      }
    } catch (error) {
      throw tell(deps, state, error);
    } finally {
      Promise.resolve(answers?.return?.()).then(done, done);
    }
  }

  return {
    running,
    handlers: router.handlers,
    unary(method, run) {
      add(
        router,
        method,
        unaryOptions,
        async (request: Parameters<typeof run>[0], context: HandlerContext) => {
          const state = stateOf(context);
          state.entered = true;
          try {
            const work = running.track(run(request, callOf(context, context.signal)));
            return await raceAbort(work, context.signal);
          } catch (error) {
            throw tell(deps, state, error);
          }
        },
      );
    },
    serverStream(method, run) {
      add(router, method, streamOptions, (request: Parameters<typeof run>[0], context: HandlerContext) => {
        stateOf(context).entered = true;
        return follow(context, (call) => run(request, call));
      });
    },
    bidiStream(method, run) {
      // Requests are still being read while answers are written, so errors of the library stay the caller's.
      add(router, method, streamOptions, (requests: Parameters<typeof run>[0], context: HandlerContext) =>
        follow(context, (call) => run(requests, call)),
      );
    },
    unimplemented(service, names) {
      for (const method of service.methods) {
        if (!names.includes(`${service.name}.${method.name}`)) continue;
        const refuse = () => {
          throw connectError(
            "unimplemented",
            `${service.typeName}/${method.name} is not served by this version`,
          );
        };
        add(router, method, unaryOptions, refuse);
      }
    },
  };
}

/**
 * The library's type of an implementation is chosen by the kind of the method, which TypeScript cannot follow through
 * a type parameter; each caller above has the right one by its own signature.
 */
function add(
  router: ConnectRouter,
  method: DescMethod,
  options: { readonly maxTimeoutMs: number },
  implementation: (request: never, context: HandlerContext) => unknown,
): void {
  router.rpc(method, implementation as MethodImpl<DescMethod>, options);
}

/** Empty lists and zeros are written; what is not known, or is not UTF-8, is refused. */
function jsonOptions() {
  return {
    alwaysEmitImplicit: true,
    ignoreUnknownFields: false,
    textDecoder: new TextDecoder("utf-8", { fatal: true }),
  };
}

function callOf(context: HandlerContext, signal: AbortSignal): Call {
  const { principal } = stateOf(context);
  assert(principal !== null, "no call comes in past the gate");
  return { principal, signal };
}
