/** Connect, gRPC and gRPC-Web clients over both HTTP versions, JSON and binary. */
import { createServer } from "node:http";
import { Code, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { createConnectTransport as createWebTransport } from "@connectrpc/connect-web";
import { describe, expect, test } from "vitest";
import { DreamEventKind } from "../../gen/dream/v1/dream_event_pb.ts";
import { DreamStatus } from "../../gen/dream/v1/dream_pb.ts";
import { DreamService } from "../../gen/dream/v1/dream_service_pb.ts";
import { MemoryStoreService } from "../../gen/dream/v1/memory_store_service_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/health/v1/health_pb.ts";
import type { Readiness } from "../../src/wire/health.ts";
import { createManualClock } from "../wire/manual-clock.ts";
import { serve, serveApp } from "../wire/serve.ts";

const transports: readonly (readonly [string, (baseUrl: string) => Transport])[] = [
  ["Connect JSON over HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect JSON over HTTP/2", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })],
  [
    "Connect binary",
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: true }),
  ],
  [
    "Connect with GET",
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useHttpGet: true }),
  ],
  ["gRPC-Web over HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC-Web over HTTP/2", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" })],
  [
    "gRPC-Web JSON",
    (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false }),
  ],
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC JSON", (baseUrl) => createGrpcTransport({ baseUrl, useBinaryFormat: false })],
  ["Connect through fetch", (baseUrl) => createWebTransport({ baseUrl })],
];

describe.each(transports)("%s", (_name, createTransport) => {
  test("serves unary calls, streams and errors", async () => {
    await using served = await serveApp();
    const transport = createTransport(served.url);
    const dreams = createClient(DreamService, transport);
    const stores = createClient(MemoryStoreService, transport);
    const { memoryStore } = await stores.createMemoryStore({ name: "größer", metadata: { a: "b" } });
    expect(memoryStore).toMatchObject({ name: "größer", memoryCount: 0n, metadata: { a: "b" } });
    const inputMemoryStoreId = memoryStore?.id ?? "";
    const { dream } = await dreams.createDream({ inputMemoryStoreId });
    const id = dream?.id ?? "";
    expect((await dreams.getDream({ id })).dream?.status).toBe(DreamStatus.PENDING);

    const kinds: (DreamEventKind | undefined)[] = [];
    for await (const { update } of dreams.watchDream({ id })) {
      if (update.case === "event") kinds.push(update.value.kind);
      if (kinds.length === 1) await dreams.cancelDream({ id });
    }
    expect(kinds).toEqual([DreamEventKind.CREATED, DreamEventKind.CANCELED]);

    const missing = dreams.getDream({ id: "drm_none" });
    await expect(missing).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: `dream "drm_none" not found`,
    });
    const watch = dreams.watchDream({ id: "drm_none" })[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toMatchObject({ code: Code.NotFound });
  });

  test("carries an answer larger than any buffer", async () => {
    await using served = await serveApp();
    const stores = createClient(MemoryStoreService, createTransport(served.url));
    const { memoryStore } = await stores.createMemoryStore({ name: "big" });
    const memoryStoreId = memoryStore?.id ?? "";
    const memories = Array.from({ length: 40 }, (_, i) => ({
      path: `/${i}`,
      content: `${i} `.repeat(30_000),
    }));
    await stores.putMemories({ memoryStoreId, memories });
    const contents = new Map<string, string | undefined>();
    for (let pageToken = "", pages = 0; pages === 0 || pageToken !== ""; pages += 1) {
      const page = await stores.listMemories({
        memoryStoreId,
        pageSize: 100,
        pageToken,
        includeContent: true,
      });
      // A page ends early once its texts pass 2 MiB, so the first is about as large as an answer gets.
      if (pages === 0) expect(page.memories.length).toBeGreaterThan(20);
      for (const memory of page.memories) contents.set(memory.path, memory.content);
      pageToken = page.nextPageToken;
    }
    for (const { path, content } of memories) expect(contents.get(path)).toBe(content);
  });
});

test("a client within the process is served without a socket", async () => {
  await using served = await serveApp();
  const stores = createClient(MemoryStoreService, served.app.transport);
  const { memoryStore } = await stores.createMemoryStore({ name: "near" });
  const overSocket = createClient(MemoryStoreService, createGrpcTransport({ baseUrl: served.url }));
  expect((await overSocket.getMemoryStore({ id: memoryStore?.id ?? "" })).memoryStore).toEqual(memoryStore);
  await expect(stores.createMemoryStore({ name: "" })).rejects.toMatchObject({ code: Code.InvalidArgument });
});

describe("gRPC health", () => {
  const unready: Readiness = { ok: false, checks: [{ name: "nats", ok: false, reason: "away" }] };

  test("answers for the server and for each service, and not_found for others", async () => {
    await using served = await serve();
    const health = createClient(Health, createGrpcTransport({ baseUrl: served.url }));
    for (const service of ["", "dream.v1.DreamService", "dream.v1.KeyService"]) {
      expect((await health.check({ service })).status).toBe(Status.SERVING);
    }
    await expect(health.check({ service: "dream.v1.Nap" })).rejects.toMatchObject({ code: Code.NotFound });
    const { statuses } = await health.list({});
    expect(Object.keys(statuses)).toContain("dream.v1.SessionService");
  });

  test("follows readiness, also while it is watched", async () => {
    const clock = createManualClock();
    let readiness: Readiness = { ok: true, checks: [] };
    await using served = await serve({ clock, ready: async () => readiness });
    const health = createClient(Health, createGrpcTransport({ baseUrl: served.url }));
    const known = health.watch({ service: "dream.v1.DreamService" })[Symbol.asyncIterator]();
    const unknown = health.watch({ service: "nap" })[Symbol.asyncIterator]();
    expect((await known.next()).value?.status).toBe(Status.SERVING);
    expect((await unknown.next()).value?.status).toBe(Status.SERVICE_UNKNOWN);
    readiness = unready;
    const next = known.next();
    await clock.advance(1_000);
    expect((await next).value?.status).toBe(Status.NOT_SERVING);
    expect((await health.check({})).status).toBe(Status.NOT_SERVING);
    await known.return?.();
    await unknown.return?.();
  });
});

test("a page of another port on this machine may call, as a browser would", async () => {
  await using served = await serveApp();
  const page = createServer();
  const origin = "http://127.0.0.1:5173";
  const withOrigin: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("origin", origin);
    return fetch(input, { ...init, headers });
  };
  const stores = createClient(
    MemoryStoreService,
    createWebTransport({ baseUrl: served.url, fetch: withOrigin }),
  );
  let allowed: string | null = null;
  await stores.listMemoryStores(
    {},
    {
      onHeader: (headers) => {
        allowed = headers.get("access-control-allow-origin");
      },
    },
  );
  expect(allowed).toBe(origin);
  page.close();
});
