import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Valve extends AsyncDisposable {
  readonly url: string;
  /** Resolves once as many bytes have passed as may, and more are there that wait. */
  readonly shut: Promise<void>;
  /** How many bytes of answers have passed. */
  answered(): number;
  /** From here on everything passes. */
  open(): void;
}

export interface ValveOptions {
  /** Which bytes are counted: those of the client or those of the server. */
  readonly from: "client" | "server";
  readonly bytes: number;
}

/** Stands between a client and a server on loopback, and lets so many bytes pass until it is opened. */
export async function openValve(target: string, options: ValveOptions): Promise<Valve> {
  const shut = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  let left = options.bytes;
  let answered = 0;
  const server = createServer((client) => {
    const origin = connect(Number(new URL(target).port), "127.0.0.1");
    for (const socket of [client, origin]) {
      sockets.add(socket);
      // Either side may be killed; then the other one ends.
      socket
        .on("error", () => {})
        .on("close", () => {
          client.destroy();
          origin.destroy();
        });
    }
    pass(client, origin, "client");
    pass(origin, client, "server");
  });
  function pass(from: Socket, to: Socket, side: ValveOptions["from"]): void {
    from.on("data", async (chunk: Buffer) => {
      if (side === options.from) {
        left -= chunk.length;
        if (left < 0) {
          from.pause();
          shut.resolve();
          await opened.promise;
          from.resume();
        }
      }
      if (side === "server") answered += chunk.length;
      to.write(chunk);
    });
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    shut: shut.promise,
    answered: () => answered,
    open() {
      left = Number.POSITIVE_INFINITY;
      opened.resolve();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
