/** The bus while its server is killed, stands still, comes back, or comes back empty. Each test has a server of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect } from "nats";
import { expect, onTestFinished, test, vi } from "vitest";
import { errorOf, eventMessage } from "../../../test/support/event-messages.ts";
import { freePort, type ServiceOptions, startNats } from "../../../test/support/services.ts";
import { findNats } from "../../../test/support/services-install.ts";
import { describeWith } from "../../../test/support/with-services.ts";
import type { EventMessage } from "../../ports/event-bus.ts";
import type { Log } from "../../ports/log.ts";
import { createSystemClock } from "../system/clock.ts";
import { createSilentLog } from "../system/log.ts";
import { type JetStreamBus, type JetStreamBusOptions, openJetStreamBus } from "./event-bus.ts";

const deps = { clock: createSystemClock(), log: createSilentLog() };
const work = { kind: "work" } as const;

// Asks for the shared server only to learn whether this machine can run one.
await describeWith(["nats"], "the JetStream bus through an outage", () => {
  test("loses and doubles nothing when the server is killed amid publishing, four times", async () => {
    await using data = await folder();
    const port = await freePort();
    await using servers = new AsyncDisposableStack();
    let server = servers.use(await privateNats({ port, dataDir: data.path }));
    await using one = await opened({ url: server.url });
    await using two = await opened({ url: server.url });
    const dreams = Array.from({ length: 20 }, (_, index) => `drm_${index}`);
    const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
    let done = 0;
    // Two relays, each with every dream: what one gets through, the other finds there.
    const relays = [one, two].flatMap((bus) =>
      dreams.map(async (dreamId) => {
        for (const number of numbers) {
          await untilPublished(bus, eventMessage(dreamId, number));
          done += 1;
        }
      }),
    );
    for (const share of [0.2, 0.4, 0.6, 0.8]) {
      await vi.waitUntil(() => done >= share * relays.length * numbers.length, {
        timeout: 20_000,
        interval: 1,
      });
      await server.kill();
      server = servers.use(await privateNats({ port, dataDir: data.path }));
    }
    await Promise.all(relays);
    const ids = await storedIds(server.url);
    for (const dreamId of dreams) {
      expect(ids.filter((id) => id.startsWith(`${dreamId}:`))).toEqual(numbers.map((n) => `${dreamId}:${n}`));
    }
  });

  test("refuses at once and keeps nothing in memory while the server is away", async () => {
    await using server = await privateNats();
    await using bus = await opened({ url: server.url });
    await bus.publish(eventMessage("drm_0", 1));
    await server.kill();
    const waiting = await errorOf(bus.publish(eventMessage("drm_0", 2)));
    expect(waiting).toMatchObject({ kind: "unavailable", message: expect.stringContaining("127.0.0.1") });
    const collect = garbageCollector();
    collect();
    const before = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const start = performance.now();
    for (let index = 0; index < 20_000; index++) {
      const outcome = await bus.publish(eventMessage(`drm_away_${index}`, 1)).then(
        () => "published",
        (error: { kind?: string }) => error.kind,
      );
      if (outcome !== "unavailable") expect.fail(`publish ${index} ended with ${outcome}`);
    }
    const elapsedMs = performance.now() - start;
    // In one turn, so that the client has no occasion to throw its buffer away.
    for (let index = 0; index < 200_000; index++) bus.announce(work);
    collect();
    const grown = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers - before;
    // Into the client's buffers it would be more than 200 MB and 5 s each.
    expect(grown).toBeLessThan(8_000_000);
    expect(elapsedMs / 20_000).toBeLessThan(1);
    expect(await errorOf(bus.check())).toMatchObject({ kind: "unavailable" });
  });

  test("ends what waits for an answer as soon as the server is gone", async () => {
    await using server = await privateNats();
    await using bus = await opened({ url: server.url });
    await bus.publish(eventMessage("drm_0", 1));
    await freeze(server.pid);
    const start = performance.now();
    const waiting = Array.from({ length: 50 }, (_, index) =>
      errorOf(bus.publish(eventMessage(`drm_${index}`, 2))),
    );
    await server.kill();
    for (const error of await Promise.all(waiting)) expect(error.kind).toBe("unavailable");
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test("after one time-out sends nothing more until the server answers again", {
    timeout: 40_000,
  }, async () => {
    await using server = await privateNats();
    await using bus = await opened({ url: server.url });
    await bus.publish(eventMessage("drm_0", 1));
    await freeze(server.pid);
    try {
      expect(await errorOf(bus.publish(eventMessage("drm_0", 2)))).toMatchObject({
        kind: "unavailable",
        message: expect.stringMatching(/publish event 2 of dream drm_0.*did not answer in time/),
      });
      const start = performance.now();
      for (let index = 0; index < 1_000; index++) {
        expect((await errorOf(bus.publish(eventMessage(`drm_${index}`, 2)))).kind).toBe("unavailable");
      }
      expect(performance.now() - start).toBeLessThan(2_000);
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    // The first attempt may have arrived after all: the same event again is harmless.
    await untilPublished(bus, eventMessage("drm_0", 2));
    await untilPublished(bus, eventMessage("drm_0", 3));
    expect(await storedIds(server.url)).toEqual(["drm_0:1", "drm_0:2", "drm_0:3"]);
  });

  test("hints every listener when the server is back, also one that began while it was away", async () => {
    await using data = await folder();
    const port = await freePort();
    await using first = await privateNats({ port, dataDir: data.path });
    await using bus = await opened({ url: first.url });
    const before = Promise.withResolvers<void>();
    await bus.listen(work, before.resolve);
    await first.kill();
    await vi.waitUntil(async () => (await outcomeOf(bus.check())) === "unavailable");
    const during = Promise.withResolvers<void>();
    await bus.listen({ kind: "dream", tenant: "acme", dreamId: "drm_1" }, during.resolve);
    await using second = await privateNats({ port, dataDir: data.path });
    await Promise.all([before.promise, during.promise]);
    // And both hear again what is sent.
    const heard = Promise.withResolvers<void>();
    await bus.listen({ kind: "dream", tenant: "acme", dreamId: "drm_2" }, heard.resolve);
    await using other = await opened({ url: second.url });
    other.announce({ kind: "dream", tenant: "acme", dreamId: "drm_2" });
    await heard.promise;
    await bus.check();
  });

  test("makes the stream anew on a server that came back without its data", async () => {
    const port = await freePort();
    await using first = await privateNats({ port });
    await using bus = await opened({ url: first.url });
    await bus.publish(eventMessage("drm_1", 1));
    await bus.publish(eventMessage("drm_1", 2));
    await first.kill();
    await first.stop();
    await vi.waitUntil(async () => (await outcomeOf(bus.check())) === "unavailable");
    const back = Promise.withResolvers<void>();
    await bus.listen(work, back.resolve);
    await using second = await privateNats({ port });
    await back.promise;
    await bus.check();
    await bus.publish(eventMessage("drm_1", 3));
    expect(await storedIds(second.url)).toEqual(["drm_1:3"]);
  });

  test("closes at once while the server is away", async () => {
    await using server = await privateNats();
    const bus = await openJetStreamBus(deps, { url: server.url });
    await server.kill();
    const start = performance.now();
    await bus.close();
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  test("needs JetStream on the server, and says how to get it", async () => {
    await using server = await plainNats([]);
    const error = await errorOf(openJetStreamBus(deps, { url: server.url }));
    expect(error).toMatchObject({
      kind: "unavailable",
      message: expect.stringMatching(/start nats-server with -js/),
    });
  });

  test("passes the credentials of the URL on, and says when they are refused", async () => {
    await using data = await folder();
    await using server = await plainNats(["-js", "-sd", data.path, "--user", "me", "--pass", "p@ss"]);
    const address = server.url.slice("nats://".length);
    await using bus = await opened({ url: `nats://me:p%40ss@${address}` });
    await bus.publish(eventMessage("drm_1", 1));
    const error = await errorOf(openJetStreamBus(deps, { url: `nats://me:hunter2@${address}` }));
    expect(error).toMatchObject({
      kind: "unavailable",
      message: `cannot reach NATS at ${address}: the NATS server refuses these credentials; start the server there, or correct REVERIED_NATS_URL`,
    });
  });

  test("outlives refused credentials, as while a password is being changed", async () => {
    await using data = await folder();
    const port = await freePort();
    const withPassword = (pass: string) =>
      plainNats(["-js", "-sd", data.path, "--user", "me", "--pass", pass], port);
    await using first = await withPassword("old");
    const refused = Promise.withResolvers<void>();
    let errors = 0;
    const warn = (message: string) => {
      if (message === "NATS reports an error" && ++errors === 3) refused.resolve();
    };
    const log = { ...createSilentLog(), warn };
    await using bus = await openedWith(log, { url: `nats://me:old@127.0.0.1:${port}` });
    await first[Symbol.asyncDispose]();
    await using second = await withPassword("new");
    await refused.promise;
    await second[Symbol.asyncDispose]();
    await using _third = await withPassword("old");
    await untilPublished(bus, eventMessage("drm_1", 1));
  });
});

function opened(options: JetStreamBusOptions) {
  return openedWith(deps.log, options);
}

async function openedWith(log: Log, options: JetStreamBusOptions) {
  const bus = await openJetStreamBus({ ...deps, log }, options);
  return { ...bus, [Symbol.asyncDispose]: () => bus.close() };
}

/** A server that the test may kill, and that is stopped however the test ends. */
async function privateNats(options: ServiceOptions = {}) {
  const server = await startNats(options);
  // A test that hangs never leaves its scope.
  onTestFinished(() => server.stop());
  return { ...server, [Symbol.asyncDispose]: () => server.stop() };
}

/** As the relay does: the same event again while the bus is unavailable. */
async function untilPublished(bus: JetStreamBus, message: EventMessage): Promise<void> {
  await vi.waitUntil(
    async () => {
      const outcome = await outcomeOf(bus.publish(message));
      if (outcome !== "done" && outcome !== "unavailable") {
        expect.fail(`${message.dreamId}:${message.event.number} ended with ${outcome}`);
      }
      return outcome === "done";
    },
    { timeout: 25_000, interval: 20 },
  );
}

function outcomeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "done",
    (error: { kind?: string }) => error.kind ?? String(error),
  );
}

/** The ids of all events on the stream, oldest first. */
async function storedIds(url: string): Promise<string[]> {
  const nats = await connect({ servers: url });
  const manager = await nats.jetstreamManager();
  const { messages } = (await manager.streams.info("DREAMS")).state;
  const ids: string[] = [];
  const consumer = await nats.jetstream().consumers.get("DREAMS");
  for await (const message of await consumer.fetch({ max_messages: messages, expires: 10_000 })) {
    ids.push(message.headers?.get("ce-id") ?? "");
  }
  await nats.close();
  return ids;
}

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "reveried-bus-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Stops the process where it stands; on Linux, resolves when its last thread stands. */
async function freeze(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  if (process.platform !== "linux") return;
  await vi.waitUntil(async () => {
    const threads = await readdir(`/proc/${pid}/task`);
    const states = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/stat`, "utf8")));
    return states.every((state) => /\) T /.test(state));
  });
}

/** A server with these arguments only. */
async function plainNats(args: readonly string[], port?: number) {
  const program = await findNats();
  port ??= await freePort();
  const child: ChildProcess = spawn(
    program.file,
    [...program.args, "-a", "127.0.0.1", "-p", String(port), ...args],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error("nats-server ended at once")));
    child.stderr?.on("data", (chunk: Buffer) => {
      if (chunk.includes("Server is ready")) resolve();
    });
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  onTestFinished(stop);
  return { url: `nats://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
