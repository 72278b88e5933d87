import http2 from "node:http2";
import { describe, expect, test } from "vitest";
import { createDeferred } from "../../src/lib/deferred.ts";
import { createManualClock } from "./manual-clock.ts";
import { openRawSocket } from "./raw-socket.ts";
import { jsonOf, serve } from "./serve.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const emptySettings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00";
const getHealthz = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
/** Every HTTP/2 server answers with a SETTINGS frame: its type stands in the fourth byte. */
const isSettings = (text: string) => text.length >= 9 && text.charCodeAt(3) === 4;

const getMemoryStore = "/dream.v1.MemoryStoreService/GetMemoryStore";

describe("telling the protocol", () => {
  test("HTTP/2 is understood when its preface comes byte by byte", async () => {
    await using served = await serve();
    using raw = await openRawSocket(served.port);
    for (const byte of preface) await raw.send(byte);
    await raw.send(emptySettings);
    await raw.receive(isSettings);
  });

  test("HTTP/2 is understood when more than the preface comes at once", async () => {
    await using served = await serve();
    using raw = await openRawSocket(served.port);
    await raw.send(preface + emptySettings);
    await raw.receive(isSettings);
  });

  test("HTTP/1.1 is understood when it comes byte by byte", async () => {
    await using served = await serve();
    using raw = await openRawSocket(served.port);
    for (const byte of getHealthz) await raw.send(byte);
    expect(await raw.receive((text) => text.includes("\n\n") || text.endsWith("}\n"))).toContain(
      `{"ok":true}`,
    );
  });

  test("what begins like the preface and goes on otherwise is HTTP/1.1, and a bad request there", async () => {
    await using served = await serve();
    using raw = await openRawSocket(served.port);
    await raw.send("PRI * HTTP/2.0\r\n\r\nXX");
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("garbage is answered with 400 and the connection is closed", async () => {
    await using served = await serve();
    using raw = await openRawSocket(served.port);
    await raw.send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each([
    ["says nothing", ""],
    ["stops in the middle of the preface", "PRI * HTTP/2"],
  ])("a connection that %s is closed after 5 s, and not before", async (_what, bytes) => {
    const clock = createManualClock();
    await using served = await serve({ clock });
    using raw = await openRawSocket(served.port);
    await raw.send(bytes);
    await clock.sleeping(1);
    await clock.advance(4_999);
    expect(raw.socket.closed).toBe(false);
    await clock.advance(1);
    expect(await raw.closed()).toBe("");
  });

  test("a preface that trickles has 5 s in all, not for each byte", async () => {
    const clock = createManualClock();
    await using served = await serve({ clock });
    using raw = await openRawSocket(served.port);
    await clock.sleeping(1);
    for (const byte of "PRI *") {
      await raw.send(byte);
      await clock.advance(1_000);
    }
    expect(await raw.closed()).toBe("");
  });

  test("a client that leaves without a word, or in the middle of the preface, harms nobody", async () => {
    await using served = await serve();
    for (const bytes of ["", "PRI", preface.slice(0, 23)]) {
      const raw = await openRawSocket(served.port);
      await raw.send(bytes);
      raw.socket.end();
      await raw.closed();
      const reset = await openRawSocket(served.port);
      await reset.send(bytes);
      reset.socket.resetAndDestroy();
    }
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
  });
});

describe("bounds of connections and requests", () => {
  test("a connection over the bound is closed at once, and one that ends makes room", async () => {
    await using served = await serve({ config: { connectionsMax: 2 } });
    const first = await openRawSocket(served.port);
    using second = await openRawSocket(served.port);
    await first.send(getHealthz);
    await first.receive((text) => text.includes("200 OK"));
    using third = await openRawSocket(served.port);
    await third.closed();
    first.socket.destroy();
    await first.closed();
    await second.send(getHealthz);
    await second.receive((text) => text.includes("200 OK"));
    using fourth = await openRawSocket(served.port);
    await fourth.send(getHealthz);
    await fourth.receive((text) => text.includes("200 OK"));
  });

  test("requests sent without waiting for answers are answered in order", async () => {
    await using served = await serve();
    using raw = await openRawSocket(served.port);
    await raw.send(
      `${getHealthz}GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    const text = await raw.receive((all) => all.includes("/nope"));
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).toEqual(["200", "200", "404"]);
  });

  test("HTTP/1.1 headers over the bound are answered with 431", async () => {
    await using served = await serve({ config: { headerBytes: 1_024 } });
    using raw = await openRawSocket(served.port);
    await raw.send(`GET /healthz HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(2_000)}\r\n\r\n`);
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("HTTP/2 headers over the bound are refused, and others on the connection go on", async () => {
    await using served = await serve({ config: { headerBytes: 1_024 } });
    const session = http2.connect(served.url);
    await new Promise<void>((resolve) => session.once("remoteSettings", () => resolve()));
    const long = session.request({ ":path": "/healthz", a: "a".repeat(2_000) });
    long.on("error", () => {});
    const answered = new Promise<unknown>((resolve) => {
      long.once("response", (headers) => resolve(headers[":status"]));
      long.once("close", () => resolve("reset"));
    });
    expect([431, "reset"]).toContain(await answered);
    const other = session.request({ ":path": "/healthz" });
    const headers = await new Promise<http2.IncomingHttpHeaders>((resolve) =>
      other.once("response", resolve),
    );
    expect(headers[":status"]).toBe(200);
    session.destroy();
  });

  test("an HTTP/1.1 request whose body does not come is answered with 408", async () => {
    await using served = await serve({ config: { receiveTimeoutMs: 50 } });
    using raw = await openRawSocket(served.port);
    await raw.send(
      `POST ${getMemoryStore} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    );
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("an HTTP/2 stream whose request does not come is reset, and others on its connection go on", async () => {
    const clock = createManualClock();
    await using served = await serve({ clock, config: { receiveTimeoutMs: 30_000 } });
    const session = http2.connect(served.url);
    session.on("error", () => {});
    await new Promise<void>((resolve) => session.once("remoteSettings", () => resolve()));
    const stream = session.request(
      { ":method": "POST", ":path": getMemoryStore, "content-type": "application/json" },
      { endStream: false },
    );
    stream.on("error", () => {});
    stream.write("{");
    const ended = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    await clock.sleeping(1);
    await clock.advance(29_999);
    expect(stream.closed).toBe(false);
    await clock.advance(1);
    expect(await ended).toBe(http2.constants.NGHTTP2_CANCEL);
    const other = session.request({ ":path": "/healthz" });
    const headers = await new Promise<http2.IncomingHttpHeaders>((resolve) =>
      other.once("response", resolve),
    );
    expect(headers[":status"]).toBe(200);
    session.destroy();
  });

  test("an HTTP/2 peer that does not answer a ping is cut, and one that does is kept", async () => {
    await using served = await serve({ config: { silentSocketMs: 30 } });
    const living = http2.connect(served.url);
    let pings = 0;
    const pinged = createDeferred<void>();
    living.on("ping", () => {
      pings += 1;
      if (pings === 3) pinged.resolve();
    });
    using silent = await openRawSocket(served.port);
    await silent.send(preface + emptySettings);
    await silent.closed();
    await pinged.promise;
    expect(living.destroyed).toBe(false);
    living.destroy();
  });

  test("a port in use is refused in one line that names the setting", async () => {
    await using served = await serve();
    const other = serve({ config: { port: served.port } });
    await expect(other).rejects.toMatchObject({
      kind: "failed_precondition",
      message: `port ${served.port} on 127.0.0.1 is in use; end what listens there, or choose another with REVERIED_PORT`,
    });
  });

  test("a host that is none of this machine's is refused in one line that names the setting", async () => {
    await expect(serve({ config: { host: "192.0.2.1" } })).rejects.toMatchObject({
      kind: "failed_precondition",
      message: expect.stringContaining("REVERIED_HOST"),
    });
  });
});

describe("hanging up", () => {
  test("in the middle of a body calls nothing and harms nobody", async () => {
    const called: string[] = [];
    await using served = await serve({
      useCases: {
        getMemoryStore: async (_principal, { id }) => {
          called.push(id);
          throw new Error("must not be called");
        },
      },
    });
    const raw = await openRawSocket(served.port);
    await raw.send(
      `POST ${getMemoryStore} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"id"`,
    );
    raw.socket.destroy();
    const session = http2.connect(served.url);
    session.on("error", () => {});
    const stream = session.request({
      ":method": "POST",
      ":path": getMemoryStore,
      "content-type": "application/json",
    });
    stream.on("error", () => {});
    await new Promise<void>((resolve) => stream.write(`{"id"`, () => resolve()));
    session.destroy();
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    await served.server.stop(1_000);
    expect(called).toEqual([]);
    expect(served.logged.filter((line) => line.level === "error")).toEqual([]);
  });

  test.each(["HTTP/1.1", "HTTP/2"])("over %s aborts the signal of a watch", async (version) => {
    const started = createDeferred<void>();
    const aborted = createDeferred<void>();
    await using served = await serve({
      useCases: {
        watchDream: async function* (_principal, _request, signal) {
          started.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          aborted.resolve();
          yield* [];
        },
      },
    });
    const body = `\x00\x00\x00\x00\x02{}`;
    const path = "/dream.v1.DreamService/WatchDream";
    if (version === "HTTP/1.1") {
      using raw = await openRawSocket(served.port);
      await raw.send(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await started.promise;
    } else {
      const session = http2.connect(served.url);
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/connect+json",
      });
      stream.on("error", () => {});
      stream.end(body);
      await started.promise;
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await aborted.promise;
      session.destroy();
    }
    await aborted.promise;
    await served.server.stop(1_000);
    expect(served.logged).toEqual([]);
  });
});

describe("an HTTP/2 session", () => {
  test("answers what is not served with a JSON 404, and any number of requests one after the other", async () => {
    await using served = await serve();
    const session = http2.connect(served.url);
    for (let i = 0; i < 300; i += 1) {
      const stream = session.request({ ":path": `/nope/${i}` });
      const text = await new Promise<string>((resolve) => {
        let all = "";
        stream.setEncoding("utf8").on("data", (chunk) => {
          all += chunk;
        });
        stream.on("end", () => resolve(all));
      });
      expect(JSON.parse(text)).toEqual({ code: "not_found", message: `nothing is served at /nope/${i}` });
    }
    session.destroy();
  });

  test("that opens and resets streams without end is ended, and the server goes on", async () => {
    await using served = await serve();
    const session = http2.connect(served.url);
    session.on("error", () => {});
    const ended = new Promise<void>((resolve) => session.once("close", resolve));
    let open = true;
    session.once("goaway", () => {
      open = false;
    });
    session.once("close", () => {
      open = false;
    });
    while (open) {
      for (let i = 0; i < 100 && !session.destroyed && !session.closed; i += 1) {
        const stream = session.request({ ":path": "/healthz" });
        stream.on("error", () => {});
        stream.close(http2.constants.NGHTTP2_CANCEL);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    session.destroy();
    await ended;
    expect(await jsonOf(await fetch(`${served.url}/healthz`))).toEqual({ ok: true });
  });
});
