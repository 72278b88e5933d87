import { connect, type Socket } from "node:net";

export interface RawSocket extends Disposable {
  readonly socket: Socket;
  send(bytes: string | Uint8Array): Promise<void>;
  /** Resolves with all bytes so far once they satisfy `enough`; rejects when the connection ends before. */
  receive(enough: (text: string) => boolean): Promise<string>;
  /** Resolves with all bytes once the server has closed the connection. */
  closed(): Promise<string>;
}

/** A connection that sends exactly the bytes it is told to. Text is latin1. */
export async function openRawSocket(port: number): Promise<RawSocket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: false });
  let text = "";
  let isClosed = false;
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of [...listeners]) listener();
  };
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    text += chunk;
    changed();
  });
  // A connection that the server cuts may end in an error; it is the end that is waited for.
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
    changed();
  });
  await new Promise<void>((resolve) => socket.once("connect", resolve));

  function until(done: () => boolean | Error): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const outcome = done();
        if (outcome === false) return;
        listeners.delete(look);
        if (outcome === true) resolve(text);
        else reject(outcome);
      };
      listeners.add(look);
      look();
    });
  }

  return {
    socket,
    send: (bytes) => new Promise((resolve) => socket.write(bytes, "latin1", () => resolve())),
    receive: (enough) =>
      until(() => enough(text) || (isClosed && new Error(`closed after ${JSON.stringify(text)}`))),
    closed: () => until(() => isClosed),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
