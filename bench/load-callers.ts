import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";

export interface LoadJob {
  readonly protocol: "json" | "grpc";
  readonly url: string;
  /** The path of the RPC. */
  readonly path: string;
  /** The request message in base64: JSON or Protobuf. */
  readonly message: string;
  readonly concurrency: number;
}

/** Makes one call after the other; throws when one is not answered with success. */
export type Caller = () => Promise<void>;

/** For JSON a connection a caller; for gRPC one connection that all share, as gRPC clients have it. */
export function callerFor(job: LoadJob): () => Caller {
  const message = Buffer.from(job.message, "base64");
  if (job.protocol === "json") return () => jsonCaller(job, message);
  const session = connectHttp2(job.url);
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return () => () => grpcCall(session, job.path, frame);
}

function jsonCaller({ url, path }: LoadJob, message: Buffer): Caller {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const head =
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n` +
    `content-type: application/json\r\ncontent-length: ${message.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head, "latin1"), message]);
  let received = "";
  let answered = (_error: Error | null): void => {};
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    if (!isWhole(received)) return;
    const error = received.startsWith("HTTP/1.1 200 ") ? null : new Error(received);
    received = "";
    answered(error);
  });
  socket.on("error", (error) => answered(error));
  socket.on("close", () => answered(new Error("the connection was closed")));
  return () =>
    new Promise((resolve, reject) => {
      answered = (error) => (error === null ? resolve() : reject(error));
      socket.write(request);
    });
}

/** Whether an answer of HTTP/1.1, as a string of bytes, has come to its end. */
function isWhole(answer: string): boolean {
  const bodyAt = answer.indexOf("\r\n\r\n") + 4;
  if (bodyAt < 4) return false;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(answer)?.[1];
  return length === undefined ? answer.endsWith("\r\n0\r\n\r\n") : answer.length - bodyAt >= Number(length);
}

function grpcCall(session: ClientHttp2Session, path: string, frame: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let status = "";
    const look = (headers: Readonly<Record<string, unknown>>) => {
      if (headers["grpc-status"] !== undefined)
        status = `${headers["grpc-status"]} ${headers["grpc-message"] ?? ""}`;
    };
    stream.on("response", look);
    stream.on("trailers", look);
    stream.on("error", reject);
    stream.on("close", () =>
      status.startsWith("0 ") ? resolve() : reject(new Error(`the call ended with gRPC status ${status}`)),
    );
    stream.resume();
    stream.end(frame);
  });
}
