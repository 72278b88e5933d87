import { describe, expect, test } from "vitest";
import { ReveriedError } from "../../src/core/errors.ts";
import { createDeferred } from "../../src/lib/deferred.ts";
import type { Readiness } from "../../src/wire/health.ts";
import { createManualClock } from "./manual-clock.ts";
import { jsonOf, post, serve } from "./serve.ts";

const listDreams = "DreamService/ListDreams";
const emptyPage = { listDreams: async () => ({ dreams: [], nextPageToken: "" }) };

describe("health over HTTP", () => {
  test("/healthz says that the process lives whatever its stores do", async () => {
    await using served = await serve({ ready: async () => ({ ok: false, checks: [] }) });
    const response = await fetch(`${served.url}/healthz`);
    expect([response.status, await jsonOf(response)]).toEqual([200, { ok: true }]);
  });

  test("/readyz answers 503 with the reasons while a part is away", async () => {
    const checks = [
      { name: "sqlite", ok: true, reason: "" },
      { name: "nats", ok: false, reason: "not connected" },
    ];
    await using served = await serve({ ready: async () => ({ ok: false, checks }) });
    const response = await fetch(`${served.url}/readyz`);
    expect([response.status, await jsonOf(response)]).toEqual([503, { ok: false, checks }]);
  });

  test("/readyz answers 503 when the check hangs", async () => {
    const clock = createManualClock();
    await using served = await serve({ clock, ready: () => new Promise<Readiness>(() => {}) });
    const answer = fetch(`${served.url}/readyz`);
    const asked = fetch(`${served.url}/healthz`);
    await asked;
    await clock.sleeping(1);
    await clock.advance(5_000);
    const response = await answer;
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("did not answer within 5000 ms");
  });

  test("/readyz answers 503 when the check throws", async () => {
    await using served = await serve({ ready: () => Promise.reject(new Error("secret")) });
    const response = await fetch(`${served.url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("secret");
  });

  test("a flood of probes asks the stores once in an interval", async () => {
    const clock = createManualClock();
    let asked = 0;
    const ready = async () => {
      asked += 1;
      return { ok: true, checks: [] };
    };
    await using served = await serve({ clock, ready });
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${served.url}/readyz`)));
    expect(asked).toBe(1);
    await clock.advance(1_000);
    await fetch(`${served.url}/readyz`);
    expect(asked).toBe(2);
  });
});

describe("what is not served", () => {
  test.each([
    ["GET", "/", 404, "not_found"],
    ["POST", "/dream.v1.DreamService/Nope", 404, "not_found"],
    ["GET", "/dream.v1.DreamService/ListDreams/", 404, "not_found"],
    ["POST", "/healthz", 405, "unimplemented"],
    ["PUT", "/dream.v1.DreamService/ListDreams", 405, "unimplemented"],
    ["GET", "/dream.v1.DreamService/CreateDream", 405, "unimplemented"],
    ["POST", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", 505, "unimplemented"],
  ])("%s %s answers %i in JSON", async (method, path, status, code) => {
    await using served = await serve();
    const response = await fetch(served.url + path, {
      method,
      ...(method === "GET" ? {} : { body: "{}", headers: { "content-type": "application/json" } }),
    });
    expect(response.status).toBe(status);
    expect(await jsonOf(response)).toEqual({ code, message: expect.any(String) });
    expect(response.headers.get("x-request-id")).toMatch(/./);
    expect(response.headers.has("allow")).toBe(status === 405);
  });

  test("a content type that no protocol has answers 415 and names those that are served", async () => {
    await using served = await serve();
    const { status, body } = await post(served.url, listDreams, "a=b", { "content-type": "text/plain" });
    expect(status).toBe(415);
    expect(body.message).toContain("application/json");
  });
});

describe("request ids", () => {
  test("a sane one is kept, any other is replaced", async () => {
    await using served = await serve({ useCases: emptyPage });
    const kept = await post(served.url, listDreams, {}, { "x-request-id": "req-1:a.B_2" });
    expect(kept.headers.get("x-request-id")).toBe("req-1:a.B_2");
    for (const bad of ["a b", "x".repeat(129), "<script>"]) {
      const replaced = await post(served.url, listDreams, {}, { "x-request-id": bad });
      expect(replaced.headers.get("x-request-id")).toMatch(/^[0-9a-f]{24}$/);
    }
  });

  test("an unexpected error tells the caller nothing but the id, under which the log has the cause", async () => {
    const cause = new Error("the disk is at /secret");
    await using served = await serve({ useCases: { listDreams: () => Promise.reject(cause) } });
    const { status, body } = await post(served.url, listDreams, {}, { "x-request-id": "req-9" });
    expect([status, body]).toEqual([500, { code: "internal", message: "internal error; request id req-9" }]);
    expect(served.logged).toEqual([
      {
        level: "error",
        message: "a call failed unexpectedly",
        fields: { requestId: "req-9", procedure: "/dream.v1.DreamService/ListDreams", cause },
      },
    ]);
  });

  test("an answer that cannot be written tells no more, and the log has the cause", async () => {
    const broken = { dreams: [], nextPageToken: 5 as unknown as string };
    await using served = await serve({ useCases: { listDreams: async () => broken } });
    const { status, body } = await post(served.url, listDreams, {}, { "x-request-id": "req-9" });
    expect([status, body]).toEqual([500, { code: "internal", message: "internal error; request id req-9" }]);
    expect(served.logged).toHaveLength(1);
  });
});

describe("calls from pages", () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/dream.v1.${listDreams}`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });

  test.each([
    [["loopback"], "http://localhost:5173", true],
    [["loopback"], "https://127.0.0.1", true],
    [["loopback"], "http://[::1]:8080", true],
    [["loopback"], "http://localhost.example.com", false],
    [["loopback"], "https://example.com", false],
    [["loopback"], "null", false],
    [["https://app.example.com"], "https://app.example.com", true],
    [["https://app.example.com"], "https://app.example.com:8443", false],
    [["https://app.example.com"], "http://localhost", false],
    [["*"], "https://anything.example", true],
  ])("with origins %j a page of %s is allowed: %s", async (corsOrigins, origin, allowed) => {
    await using served = await serve({ config: { corsOrigins }, useCases: emptyPage });
    const before = await preflight(served.url, origin);
    expect(before.status).toBe(204);
    expect(before.headers.get("access-control-allow-origin")).toBe(allowed ? origin : null);
    expect(before.headers.get("vary")).toBe("origin");
    const call = await post(served.url, listDreams, {}, { origin });
    expect(call.headers.get("access-control-allow-origin")).toBe(allowed ? origin : null);
    expect(call.headers.get("vary")).toBe("origin");
  });

  test("a preflight allows what Connect and gRPC-Web send, and answers expose what they read", async () => {
    await using served = await serve({ useCases: emptyPage });
    const { headers } = await preflight(served.url, "http://localhost");
    const allowed = headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
    expect(allowed).toEqual(
      expect.arrayContaining([
        "content-type",
        "connect-protocol-version",
        "connect-timeout-ms",
        "x-grpc-web",
        "authorization",
      ]),
    );
    const call = await post(served.url, listDreams, {}, { origin: "http://localhost" });
    const exposed = call.headers.get("access-control-expose-headers")?.toLowerCase().split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining(["grpc-status", "grpc-message", "x-request-id", "reveried-field"]),
    );
  });

  test("an origin that is none is refused at start, naming the option", async () => {
    await expect(serve({ config: { corsOrigins: ["example.com/x"] } })).rejects.toThrow(
      /corsOrigins.*example\.com/,
    );
  });
});

describe("credentials", () => {
  test("that are not good are refused before the body is read", async () => {
    const authenticate = (headers: Headers) => {
      if (headers.get("authorization") === "Bearer good") return { tenant: "acme", keyId: "key_1" };
      throw new ReveriedError("unauthenticated", "send a key as Authorization: Bearer");
    };
    const callers: string[] = [];
    const page = { dreams: [], nextPageToken: "" };
    await using served = await serve({
      authenticate,
      useCases: {
        listDreams: async ({ tenant }) => {
          callers.push(tenant);
          return page;
        },
      },
    });
    const bad = await post(served.url, listDreams, "this is no JSON");
    expect([bad.status, bad.body.code]).toEqual([401, "unauthenticated"]);
    const good = await post(served.url, listDreams, {}, { authorization: "Bearer good" });
    expect(good.body).toEqual(page);
    expect(callers).toEqual(["acme"]);
  });
});

describe("stopping", () => {
  test("waits for a call that is being served, then refuses connections", async () => {
    const entered = createDeferred<void>();
    const release = createDeferred<void>();
    await using served = await serve({
      useCases: {
        listDreams: async () => {
          entered.resolve();
          await release.promise;
          return { dreams: [], nextPageToken: "" };
        },
      },
    });
    const call = post(served.url, listDreams, {});
    await entered.promise;
    const stopped = served.server.stop(10_000);
    release.resolve();
    const { status, headers } = await call;
    expect([status, headers.get("connection")]).toEqual([200, "close"]);
    await stopped;
    await expect(fetch(`${served.url}/healthz`)).rejects.toThrow();
  });

  test("cuts what is not done within the grace time", async () => {
    const clock = createManualClock();
    const entered = createDeferred<AbortSignal | null>();
    await using served = await serve({
      clock,
      useCases: {
        listDreams: () => {
          entered.resolve(null);
          return new Promise(() => {});
        },
      },
    });
    const call = post(served.url, listDreams, {});
    call.catch(() => {});
    await entered.promise;
    const stopped = served.server.stop(8_000);
    await clock.sleeping(1);
    await clock.advance(8_000);
    await expect(call).rejects.toThrow();
    // What was cut never ends here; the stop gives it a moment, not for ever.
    await clock.sleeping(1);
    await clock.advance(1_000);
    await stopped;
  });

  test("twice, before listening, and while listening is one stop", async () => {
    const idle = await serve();
    await Promise.all([idle.server.stop(0), idle.server.stop(0)]);
    await idle.server.stop(1_000);
    expect(() => idle.server.listen()).toThrow(/stopped/);
  });
});
