import http2 from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { DreamService } from "../../gen/dream/v1/dream_service_pb.ts";
import { ReveriedError } from "../../src/core/errors.ts";
import { createDeferred } from "../../src/lib/deferred.ts";
import { aDream, anEntry } from "../support/factories.ts";
import { createManualClock } from "./manual-clock.ts";
import { openRawSocket } from "./raw-socket.ts";
import { post, serve } from "./serve.ts";

/** Work that does not end before the test does. */
function hanging() {
  const work = createDeferred<never>();
  work.promise.catch(() => {});
  return {
    call: () => work.promise,
    // biome-ignore lint/correctness/useYield: it never gets so far
    stream: async function* () {
      await work.promise;
    },
    end: () => work.reject(new Error("the test is over")),
  };
}

const watchRequest =
  "POST /dream.v1.DreamService/WatchDream HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+json\r\n" +
  "Content-Length: 7\r\n\r\n\x00\x00\x00\x00\x02{}";
const transports = [
  ["Connect over HTTP/1.1", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect over HTTP/2", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "2" })],
  ["gRPC-Web", (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC", (baseUrl: string) => createGrpcTransport({ baseUrl })],
] as const;

describe("a deadline", () => {
  test.each(["connect-timeout-ms", "grpc-timeout"])(
    "given by %s ends a call whose implementation hangs",
    async (header) => {
      const hang = hanging();
      await using served = await serve({ useCases: { getDream: hang.call } });
      const isConnect = header === "connect-timeout-ms";
      const response = await fetch(`${served.url}/dream.v1.DreamService/GetDream`, {
        method: "POST",
        headers: isConnect
          ? { "content-type": "application/json", [header]: "20" }
          : { "content-type": "application/grpc-web+json", [header]: "20m" },
        body: isConnect ? "{}" : "\x00\x00\x00\x00\x02{}",
      });
      const text = await response.text();
      expect(text).toMatch(isConnect ? /^{"code":"deadline_exceeded"/ : /grpc-status: 4\r\n/i);
      hang.end();
    },
  );

  test.each(transports)(
    "of the server's own ends a call over %s whose caller gave none",
    async (_name, transport) => {
      const config = { requestTimeoutMs: 20, watchTimeoutMaxMs: 30 };
      const hang = hanging();
      await using served = await serve({
        config,
        useCases: { getDream: hang.call, watchDream: hang.stream },
      });
      const client = createClient(DreamService, transport(served.url));
      await expect(client.getDream({})).rejects.toMatchObject({ code: Code.DeadlineExceeded });
      const watch = client.watchDream({})[Symbol.asyncIterator]();
      await expect(watch.next()).rejects.toMatchObject({ code: Code.DeadlineExceeded });
      hang.end();
    },
  );

  test.each([
    ["connect-timeout-ms", "application/json", "600001"],
    ["connect-timeout-ms", "application/json", "soon"],
    ["connect-timeout-ms", "application/json", "-5"],
  ])("%s of %s %s is refused as out of its bounds", async (header, type, value) => {
    await using served = await serve({
      useCases: { getDream: () => Promise.reject(new Error("not to be called")) },
    });
    const { body } = await post(
      served.url,
      "DreamService/GetDream",
      {},
      { [header]: value, "content-type": type },
    );
    expect(body).toEqual({ code: "invalid_argument", message: expect.stringContaining(value) });
  });

  test("aborts the signal of a stream, so that it can clean up", async () => {
    const cleaned = createDeferred<void>();
    await using served = await serve({
      useCases: {
        watchDream: async function* (_principal, _request, signal) {
          try {
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            yield* [];
          } finally {
            cleaned.resolve();
          }
        },
      },
    });
    const client = createClient(DreamService, createGrpcTransport({ baseUrl: served.url }));
    const watch = client.watchDream({}, { timeoutMs: 20 })[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    await cleaned.promise;
  });
});

describe("a stream", () => {
  const dream = aDream();
  const [event] = dream.events;
  if (event === undefined) throw new Error("a new dream has its first event");

  test.each(transports)("over %s ends with unavailable when the server stops", async (_name, transport) => {
    await using served = await serve({
      useCases: {
        watchDream: async function* (_principal, _request, signal) {
          yield { kind: "event", dream, event };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      },
    });
    const client = createClient(DreamService, transport(served.url));
    const watch = client.watchDream({ id: dream.id })[Symbol.asyncIterator]();
    expect((await watch.next()).value?.update.case).toBe("event");
    const next = watch.next();
    const stopped = served.server.stop(10_000);
    await expect(next).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: expect.stringContaining("stopping"),
    });
    await stopped;
  });

  test("over a connection of HTTP/1.1 that the client keeps does not hold up the stop", async () => {
    await using served = await serve({
      // Its time stands still, so a stop that waits for the grace time never ends.
      clock: createManualClock(),
      useCases: {
        watchDream: async function* (_principal, _request, signal) {
          yield { kind: "event", dream, event };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      },
    });
    using raw = await openRawSocket(served.port);
    await raw.send(watchRequest);
    await raw.receive((text) => text.includes("DREAM_EVENT_KIND_CREATED"));
    await served.server.stop(8_000);
    expect(await raw.closed()).toContain(`"unavailable"`);
  });

  test.each(transports)(
    "over %s that fails in the middle says so after what it sent",
    async (_name, transport) => {
      await using served = await serve({
        useCases: {
          watchDream: async function* () {
            yield { kind: "event", dream, event };
            throw new ReveriedError("unavailable", "the store went away");
          },
        },
      });
      const client = createClient(DreamService, transport(served.url));
      const watch = client.watchDream({ id: dream.id })[Symbol.asyncIterator]();
      expect((await watch.next()).done).toBe(false);
      await expect(watch.next()).rejects.toMatchObject({
        code: Code.Unavailable,
        rawMessage: "the store went away",
      });
    },
  );

  test.each(["HTTP/1.1", "HTTP/2"])(
    "over %s whose client stops reading holds back its source, and cleans up when the client goes",
    async (version) => {
      let sent = 0;
      const cleaned = createDeferred<void>();
      const long = { ...event, reason: "r".repeat(1_000_000) };
      await using served = await serve({
        useCases: {
          watchDream: async function* () {
            try {
              // It ends, so that a server that does not hold it back fails here and not for want of memory.
              while (sent < 200) {
                sent += 1;
                yield { kind: "event", dream, event: long };
              }
            } finally {
              cleaned.resolve();
            }
          },
        },
      });
      const leave = version === "HTTP/1.1" ? await watchRaw(served.port) : await watchHttp2(served.url);
      for (let last = -1; last !== sent; ) {
        last = sent;
        for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(100);
      leave();
      await cleaned.promise;
      await served.server.stop(1_000);
      expect(served.logged).toEqual([]);
    },
  );
});

test.each(["HTTP/1.1", "HTTP/2"])(
  "an answer over %s that the client does not read is given up",
  async (version) => {
    const entry = anEntry();
    const content = "c".repeat(32_000_000);
    await using served = await serve({
      // Its time stands still, so only an answer that was given up lets the server stop.
      clock: createManualClock(),
      config: { silentSocketMs: 50 },
      useCases: {
        getMemory: async () => ({
          memoryStoreId: "memstore_1",
          id: "mem_1",
          versionId: "memver_1",
          entry,
          content,
        }),
      },
    });
    const body = `{"memoryStoreId":"memstore_1","path":"/a"}`;
    const path = "/dream.v1.MemoryStoreService/GetMemory";
    if (version === "HTTP/1.1") {
      using raw = await openRawSocket(served.port);
      await raw.send(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await raw.receive((text) => text.includes("200 OK"));
      raw.socket.pause();
      await served.server.stop(8_000);
    } else {
      const session = http2.connect(served.url);
      session.on("error", () => {});
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/json",
      });
      stream.on("error", () => {});
      stream.end(body);
      await new Promise<void>((resolve) => stream.once("close", () => resolve()));
      expect([stream.rstCode, session.destroyed]).toEqual([http2.constants.NGHTTP2_CANCEL, false]);
      session.destroy();
    }
  },
);

test("an answer that is still leaving when the server stops arrives whole", async () => {
  const content = "c".repeat(32_000_000);
  const memory = {
    memoryStoreId: "memstore_1",
    id: "mem_1",
    versionId: "memver_1",
    entry: anEntry(),
    content,
  };
  await using served = await serve({
    clock: createManualClock(),
    useCases: { getMemory: async () => memory },
  });
  using raw = await openRawSocket(served.port);
  const body = `{"memoryStoreId":"memstore_1","path":"/a"}`;
  await raw.send(
    `POST /dream.v1.MemoryStoreService/GetMemory HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await raw.receive((text) => text.includes("200 OK"));
  raw.socket.pause();
  const stopped = served.server.stop(8_000);
  raw.socket.resume();
  expect((await raw.closed()).length).toBeGreaterThan(content.length);
  await stopped;
});

/** Watches without reading beyond the first bytes; the answer hangs up. */
async function watchRaw(port: number): Promise<() => void> {
  const raw = await openRawSocket(port);
  await raw.send(watchRequest);
  await raw.receive((text) => text.includes("rrr"));
  raw.socket.pause();
  return () => raw.socket.destroy();
}

async function watchHttp2(url: string): Promise<() => void> {
  const session = http2.connect(url);
  session.on("error", () => {});
  const path = "/dream.v1.DreamService/WatchDream";
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/connect+json",
  });
  stream.on("error", () => {});
  stream.end("\x00\x00\x00\x00\x02{}");
  await new Promise<void>((resolve) => stream.once("readable", () => resolve()));
  return () => session.destroy();
}
