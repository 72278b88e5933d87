import type { Socket } from "node:net";
import type { Clock } from "../ports/clock.ts";

/** What every HTTP/2 client says first (RFC 9113, 3.4). No HTTP/1.1 request can begin like this. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export type Protocol = "http1" | "http2";

/**
 * Tells by its first bytes what a new connection speaks, and leaves those bytes unread on the socket. Resolves as
 * soon as one byte differs from the preface, or all of it is there; with null when the peer ended, failed, or did
 * not get that far within `timeoutMs` in all, however slowly it kept sending.
 */
export async function sniffProtocol(
  deps: { readonly clock: Clock },
  socket: Socket,
  timeoutMs: number,
): Promise<Protocol | null> {
  const settled = new AbortController();
  const late = deps.clock.sleep(timeoutMs, settled.signal).then(() => null);
  const protocol = readUntilKnown(socket, settled.signal);
  try {
    return await Promise.race([protocol, late]);
  } finally {
    settled.abort();
  }
}

function readUntilKnown(socket: Socket, signal: AbortSignal): Promise<Protocol | null> {
  return new Promise((resolve) => {
    let seen: Buffer = Buffer.alloc(0);

    const finish = (protocol: Protocol | null) => {
      socket.off("readable", onReadable);
      socket.off("end", onGone);
      socket.off("close", onGone);
      signal.removeEventListener("abort", onGone);
      // After the end there is nobody to read them, and putting bytes back then is an error of its own.
      if (protocol !== null) socket.unshift(seen);
      resolve(protocol);
    };
    const onGone = () => finish(null);
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const protocol = protocolOf(seen);
      if (protocol !== null) finish(protocol);
    };

    socket.on("readable", onReadable);
    socket.once("end", onGone);
    socket.once("close", onGone);
    signal.addEventListener("abort", onGone, { once: true });
    onReadable();
  });
}

function protocolOf(seen: Buffer): Protocol | null {
  const compared = Math.min(seen.length, preface.length);
  if (!seen.subarray(0, compared).equals(preface.subarray(0, compared))) return "http1";
  return seen.length >= preface.length ? "http2" : null;
}
