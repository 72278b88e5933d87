import { readFileSync } from "node:fs";
import http2 from "node:http2";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { codeFromString, codeToHttpStatus, codeToString } from "@connectrpc/connect/protocol-connect";
import { createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { DreamService } from "../../gen/dream/v1/dream_service_pb.ts";
import { type ErrorKind, errorKinds, ReveriedError } from "../../src/core/errors.ts";
import { wireErrors } from "../../src/wire/errors.ts";
import { createManualClock } from "./manual-clock.ts";
import { post, serve } from "./serve.ts";

const details = {
  field: "metadata.größe",
  limit: 7,
  blockedBy: "drm_1",
  currentHash: "ab",
  reason: "a_word",
};

/** A server whose GetDream fails in the kind that the id names. */
function serveErrors() {
  return serve({
    useCases: {
      getDream: async (_principal, { id }) => {
        throw new ReveriedError(id as ErrorKind, `it is ${id}`, { details });
      },
    },
  });
}

test("docs/errors.md lists every kind with its code and status, and no other", () => {
  const documented: Record<string, { connect: Code; httpStatus: number }> = {};
  const docs = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  for (const [, kind = "", code = "", status] of docs.matchAll(
    /^\| `(\w+)` \| [^|]+ \| `(\w+)` \| (\d+) \|$/gm,
  )) {
    documented[kind] = { connect: codeFromString(code) ?? Code.Unknown, httpStatus: Number(status) };
  }
  expect(documented).toEqual(wireErrors);
});

test.each(errorKinds)("%s has the status that follows from its code", (kind) => {
  expect(wireErrors[kind].httpStatus).toBe(codeToHttpStatus(wireErrors[kind].connect));
});

describe("an error on the wire", () => {
  test.each(errorKinds)("%s has its code, status, message and facts over Connect", async (kind) => {
    await using served = await serveErrors();
    const { status, body, headers } = await post(served.url, "DreamService/GetDream", { id: kind });
    expect(status).toBe(wireErrors[kind].httpStatus);
    expect(body).toEqual({ code: codeToString(wireErrors[kind].connect), message: `it is ${kind}` });
    expect(headers.get("reveried-field")).toBe("metadata.gr%C3%B6%C3%9Fe");
    expect(headers.get("reveried-limit")).toBe("7");
    expect(headers.get("reveried-blocked-by")).toBe("drm_1");
    expect(headers.get("reveried-current-hash")).toBe("ab");
    expect(headers.get("reveried-reason")).toBe("a_word");
  });

  test.each([
    ["gRPC", createGrpcTransport],
    ["gRPC-Web", createGrpcWebTransport],
  ])("it has the same over %s", async (_name, createTransport) => {
    await using served = await serveErrors();
    const transport = createTransport({ baseUrl: served.url, httpVersion: "2" });
    const error = await createClient(DreamService, transport)
      .getDream({ id: "conflict" })
      .catch(ConnectError.from);
    expect(error).toMatchObject({ code: Code.AlreadyExists, rawMessage: "it is conflict" });
    expect((error as ConnectError).metadata.get("reveried-blocked-by")).toBe("drm_1");
  });

  test("a message that cannot be encoded, or is too long for trailers, still arrives", async () => {
    await using served = await serve({
      useCases: {
        getDream: async () => {
          throw new ReveriedError("invalid_argument", `\ud800${"é".repeat(10_000)}`, {
            details: { field: "\udfff" },
          });
        },
      },
    });
    const transport = createGrpcTransport({ baseUrl: served.url });
    const error = await createClient(DreamService, transport).getDream({ id: "x" }).catch(ConnectError.from);
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringMatching(/^\ufffdé{100,2000}…$/),
    });
  });
});

describe("a request that cannot be decoded", () => {
  const create = "DreamService/CreateDream";
  const json = "application/json";

  test.each([
    ["an unknown field", create, json, `{"nope":1}`, /CreateDreamRequest.*"nope" is unknown/],
    ["an unknown enum word", create, json, `{"type":"NAP"}`, /^type: "NAP" is none of DREAM_TYPE_OMNI, /],
    ["a wrong type", create, json, `{"model":5}`, /model/],
    [
      "a time that is none",
      "DreamService/ListDreams",
      json,
      `{"createdAfter":"x"}`,
      /^created_after or created_before: /,
    ],
    [
      "a nested enum word",
      "SessionService/AppendSessionEvents",
      json,
      `{"events":[{"trust":"X"}]}`,
      /^trust: "X"/,
    ],
    ["no JSON", create, json, `{"model":`, /JSON/],
    ["a list", create, json, "[]", /CreateDreamRequest/],
    ["text that is not UTF-8", create, json, new Uint8Array([0x7b, 0xff, 0x7d]), /utf-8/],
    ["no Protobuf", create, "application/proto", "garbage", /parse binary/],
    ["an empty JSON body", create, json, "", /JSON/],
  ])(
    "for %s is invalid_argument and names what is wrong",
    async (_what, procedure, contentType, body, message) => {
      await using served = await serve();
      const response = await fetch(`${served.url}/dream.v1.${procedure}`, {
        method: "POST",
        headers: { "content-type": contentType },
        body,
      });
      expect(await response.json()).toEqual({
        code: "invalid_argument",
        message: expect.stringMatching(message),
      });
      expect(response.status).toBe(400);
      expect(served.logged).toEqual([]);
    },
  );

  test("over gRPC is invalid_argument too", async () => {
    await using served = await serve();
    const response = await fetch(`${served.url}/dream.v1.${create}`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
      body: new Uint8Array([0, 0, 0, 0, 2, 0xff, 0xff]),
    });
    expect(await response.text()).toMatch(/grpc-status: 3\r\n/i);
  });

  test("a compressed body that is none is invalid_argument", async () => {
    await using served = await serve();
    const { status, body } = await post(served.url, create, "{}", { "content-encoding": "gzip" });
    expect([status, body.code]).toEqual([400, "invalid_argument"]);
  });

  test("an enum number that means nothing is invalid_argument and names the field", async () => {
    await using served = await serve();
    const { status, body } = await post(served.url, create, { type: 99 });
    expect([status, body]).toEqual([
      400,
      { code: "invalid_argument", message: "type: 99 is no value of this enum" },
    ]);
  });
});

describe("a body over its bound", () => {
  const config = { requestBodyBytes: 1_000 };
  const tooLong = JSON.stringify({ model: "x".repeat(1_000) });

  test("is refused by its length, before it is sent", async () => {
    await using served = await serve({ config });
    const { status, body, headers } = await post(served.url, "DreamService/CreateDream", tooLong);
    expect([status, body.code]).toEqual([429, "resource_exhausted"]);
    expect(body.message).toBe(
      `the request body is ${tooLong.length} bytes, more than the 1000 a call may have`,
    );
    expect(headers.get("reveried-limit")).toBe("1000");
  });

  test("is refused when its length is not told", async () => {
    await using served = await serve({ config });
    const response = await fetch(`${served.url}/dream.v1.DreamService/CreateDream`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      // Long enough to be on its way still when it is refused.
      body: new Blob([JSON.stringify({ model: "x".repeat(20_000_000) })]).stream(),
      duplex: "half",
    } as RequestInit);
    expect([response.status, await response.json()]).toEqual([
      429,
      { code: "resource_exhausted", message: expect.stringContaining("1000") },
    ]);
  });

  test("is let in and dropped over HTTP/2 once it is refused, and reset if it never ends", async () => {
    const clock = createManualClock();
    await using served = await serve({ clock, config: { ...config, receiveTimeoutMs: 30_000 } });
    const session = http2.connect(served.url);
    await new Promise<void>((resolve) => session.once("remoteSettings", () => resolve()));
    const path = "/dream.v1.DreamService/CreateDream";
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
    stream.on("error", () => {});
    const status = new Promise((resolve) =>
      stream.once("response", (headers) => resolve(headers[":status"])),
    );
    const reset = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    stream.resume();
    // More than any window holds: it is written only if the server goes on reading.
    await new Promise<void>((resolve) => stream.write("x".repeat(1_000_000), () => resolve()));
    expect(await status).toBe(429);
    await clock.sleeping(1);
    await clock.advance(30_000);
    expect(await reset).toBe(http2.constants.NGHTTP2_CANCEL);
    session.destroy();
  });

  test("is refused when it is small until it is decompressed", async () => {
    await using served = await serve({ config });
    const body = await new Response(
      new Blob([tooLong]).stream().pipeThrough(new CompressionStream("gzip")),
    ).bytes();
    const response = await fetch(`${served.url}/dream.v1.DreamService/CreateDream`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body,
    });
    expect(body.length).toBeLessThan(1_000);
    expect(response.status).toBe(429);
  });

  test.each(["1.1", "2"] as const)("is refused over gRPC-Web and HTTP/%s", async (httpVersion) => {
    await using served = await serve({ config });
    const transport = createGrpcWebTransport({ baseUrl: served.url, httpVersion });
    const call = createClient(DreamService, transport).createDream({ model: "x".repeat(100_000) });
    await expect(call).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });
});
