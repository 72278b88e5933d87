import { createServer } from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import {
  AckPolicy,
  connect,
  DiscardPolicy,
  ErrorCode,
  type JsMsg,
  type NatsConnection,
  nanos,
  StorageType,
} from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DreamEventSchema } from "../../../gen/dream/v1/dream_event_pb.ts";
import { errorOf, eventMessage } from "../../../test/support/event-messages.ts";
import { freePort } from "../../../test/support/services.ts";
import { describeWith, freshName } from "../../../test/support/with-services.ts";
import { createSystemClock } from "../system/clock.ts";
import { createSilentLog } from "../system/log.ts";
import { type JetStreamBusOptions, openJetStreamBus } from "./event-bus.ts";

const deps = { clock: createSystemClock(), log: createSilentLog() };

await describeWith(["nats"], "the JetStream bus", ([url]) => {
  let nats: NatsConnection;
  beforeAll(async () => {
    nats = await connect({ servers: url });
  });
  afterAll(() => nats.close());

  /** Options under which nobody else uses the server. */
  function fresh(): JetStreamBusOptions & { streamName: string; subjectPrefix: string } {
    const name = freshName();
    return { url, streamName: name, subjectPrefix: `dreams.${name}`, livePrefix: `live.${name}` };
  }

  test("makes a stream that keeps events by age, on disk", async () => {
    const options = { ...fresh(), retentionMs: 3_600_000 };
    await using bus = await opened(options);
    await bus.check();
    const { config } = await (await nats.jetstreamManager()).streams.info(options.streamName);
    expect(config).toMatchObject({
      subjects: [`${options.subjectPrefix}.>`],
      retention: "limits",
      discard: "old",
      storage: "file",
      max_age: nanos(3_600_000),
      max_msgs: -1,
      max_bytes: -1,
      max_msgs_per_subject: -1,
      duplicate_window: nanos(120_000),
    });
  });

  test("sends what a durable consumer of anybody's can read: headers, body, subject", async () => {
    const options = fresh();
    await using bus = await opened(options);
    await bus.publish(eventMessage("drm_1", 1));
    await bus.publish(eventMessage("drm_1", 2));
    const [first, second] = await readAll(nats, options, `${options.subjectPrefix}.acme.*.started`, 1);
    expect(second).toBeUndefined();
    expect(first?.subject).toBe(`${options.subjectPrefix}.acme.drm_1.started`);
    const headers = Object.fromEntries(
      first?.headers?.keys().map((key) => [key, first.headers?.get(key)]) ?? [],
    );
    expect(headers).toEqual({
      "ce-specversion": "1.0",
      "ce-id": "drm_1:2",
      "ce-type": "dream.v1.started",
      "ce-source": "/reveried/tenants/acme",
      "ce-time": "2026-01-01T00:00:00.125Z",
      "ce-subject": "drm_1",
      "ce-datacontenttype": "application/json",
      "Nats-Msg-Id": "drm_1:2",
      "Nats-Expected-Stream": options.streamName,
      "Nats-Expected-Last-Subject-Sequence": "1",
      "Nats-Expected-Last-Subject-Sequence-Subject": `${options.subjectPrefix}.acme.drm_1.>`,
    });
    expect(first?.json()).toMatchObject({ dreamId: "drm_1", number: 2, kind: "DREAM_EVENT_KIND_STARTED" });
  });

  test("sends binary proto, and structured events, when asked", async () => {
    const binary = { ...fresh(), encoding: "binary" as const };
    const structured = { ...fresh(), format: "structured" as const };
    await using one = await opened(binary);
    await using two = await opened(structured);
    await one.publish(eventMessage("drm_1", 1));
    await two.publish(eventMessage("drm_1", 1));
    const [proto] = await readAll(nats, binary, ">", 1);
    expect(fromBinary(DreamEventSchema, proto?.data ?? new Uint8Array())).toMatchObject({
      dreamId: "drm_1",
      number: 1,
    });
    const [event] = await readAll(nats, structured, ">", 1);
    expect(event?.headers?.get("content-type")).toMatch(/^application\/cloudevents\+json/);
    expect(event?.headers?.get("Nats-Msg-Id")).toBe("drm_1:1");
    expect(event?.json()).toMatchObject({ id: "drm_1:1", data: { dreamId: "drm_1", number: 1 } });
    // The number of the newest event is found in either format.
    await using three = await opened(structured);
    await three.publish(eventMessage("drm_1", 2));
  });

  test("stores each event of a dream once and in order, though four publishers race", async () => {
    const options = fresh();
    const buses = await Promise.all(Array.from({ length: 4 }, () => openJetStreamBus(deps, options)));
    const dreams = ["drm_1", "drm_2", "drm_3"];
    const walk = async (bus: (typeof buses)[number], dreamId: string) => {
      for (let number = 1; number <= 40; number++) await bus.publish(eventMessage(dreamId, number));
    };
    await Promise.all(buses.flatMap((bus) => dreams.map((dreamId) => walk(bus, dreamId))));
    await Promise.all(buses.map((bus) => bus.close()));
    const ids = (await readAll(nats, options, ">", 120)).map((message) => message.headers?.get("ce-id"));
    for (const dreamId of dreams) {
      const mine = ids.filter((id) => id?.startsWith(`${dreamId}:`));
      expect(mine).toEqual(Array.from({ length: 40 }, (_, index) => `${dreamId}:${index + 1}`));
    }
  });

  test("stores nothing twice, though the server's dedupe window is long over", async () => {
    const options = fresh();
    const streams = (await nats.jetstreamManager()).streams;
    await streams.add({
      name: options.streamName,
      subjects: [`${options.subjectPrefix}.>`],
      duplicate_window: nanos(100),
    });
    await using one = await opened(options);
    await one.publish(eventMessage("drm_1", 1));
    await one.publish(eventMessage("drm_1", 2));
    // Another process that knows nothing, each time: it must find out from the server.
    await expect
      .poll(async () => {
        await using two = await opened(options);
        await two.publish(eventMessage("drm_1", 1));
        await two.publish(eventMessage("drm_1", 2));
        return Date.now();
      })
      .toBeGreaterThan(Date.now() + 250);
    expect((await streams.info(options.streamName)).state.messages).toBe(2);
  });

  test("goes on with a dream whose events aged out of the stream, known or not", async () => {
    const options = fresh();
    await using known = await opened(options);
    await using other = await opened(options);
    await known.publish(eventMessage("drm_1", 1));
    await known.publish(eventMessage("drm_1", 2));
    const { streams } = await nats.jetstreamManager();
    await streams.purge(options.streamName);
    await known.publish(eventMessage("drm_1", 3));
    await streams.purge(options.streamName);
    await other.publish(eventMessage("drm_1", 4));
    const ids = (await readAll(nats, options, ">", 1)).map((message) => message.headers?.get("ce-id"));
    expect(ids).toEqual(["drm_1:4"]);
  });

  test("remembers only so many dreams, and looks up the others", async () => {
    const options = fresh();
    await using bus = await opened({ ...options, dreamsRemembered: 2 });
    for (let number = 1; number <= 3; number++) {
      for (const dreamId of ["drm_1", "drm_2", "drm_3", "drm_4"])
        await bus.publish(eventMessage(dreamId, number));
    }
    expect(await errorOf(bus.publish(eventMessage("drm_1", 5)))).toMatchObject({
      kind: "failed_precondition",
    });
    expect(await readAll(nats, options, ">", 12)).toHaveLength(12);
  });

  test("refuses to guess when somebody else wrote into a dream's history", async () => {
    const options = fresh();
    await using bus = await opened(options);
    await bus.publish(eventMessage("drm_1", 1));
    await nats.jetstream().publish(`${options.subjectPrefix}.acme.drm_1.created`, "what is this");
    const error = await errorOf(bus.publish(eventMessage("drm_1", 2)));
    expect(error).toMatchObject({
      kind: "failed_precondition",
      message: expect.stringMatching(/not of reveried/),
    });
  });

  test("makes the stream anew when it was deleted", async () => {
    const options = fresh();
    await using bus = await opened(options);
    await bus.publish(eventMessage("drm_1", 1));
    await (await nats.jetstreamManager()).streams.delete(options.streamName);
    expect(await errorOf(bus.publish(eventMessage("drm_1", 2)))).toMatchObject({ kind: "unavailable" });
    await bus.publish(eventMessage("drm_1", 2));
    await bus.publish(eventMessage("drm_1", 3));
    await (await nats.jetstreamManager()).streams.delete(options.streamName);
    // A check that only said no would keep a service from work until the next publish, which may never come.
    expect(await errorOf(bus.check())).toMatchObject({ kind: "unavailable" });
    await bus.check();
  });

  test.each([
    ["subjects", (prefix: string) => ({ subjects: [`${prefix}.acme.>`] }), /takes \S+ instead of/],
    ["storage", () => ({ storage: StorageType.Memory }), /storage is memory instead of file/],
    ["retention", () => ({ retention: "workqueue" as const }), /retention is workqueue instead of limits/],
    ["discard", () => ({ discard: DiscardPolicy.New }), /discards new instead of old/],
    ["messages per subject", () => ({ max_msgs_per_subject: 1 }), /limits the messages per subject/],
    ["acknowledgements", () => ({ no_ack: true }), /does not acknowledge/],
  ] as const)("refuses a stream that is there with other %s, in one line", async (_, settings, message) => {
    const options = fresh();
    const { streams } = await nats.jetstreamManager();
    await streams.add({
      name: options.streamName,
      subjects: [`${options.subjectPrefix}.>`],
      ...(settings(options.subjectPrefix) as object),
    });
    const error = await errorOf(openJetStreamBus(deps, options));
    expect(error.kind).toBe("failed_precondition");
    expect(error.message).toMatch(message);
    expect(error.message).toContain(options.streamName);
    expect(error.message).not.toContain("\n");
  });

  test("takes a stream that is there with wider subjects and another retention, and says the latter", async () => {
    const options = fresh();
    const { streams } = await nats.jetstreamManager();
    await streams.add({ name: options.streamName, subjects: [`dreams.${options.streamName}.>`], max_age: 0 });
    const said: string[] = [];
    const log = { ...createSilentLog(), warn: (message: string) => void said.push(message) };
    const bus = await openJetStreamBus(
      { ...deps, log },
      { ...options, subjectPrefix: `${options.subjectPrefix}.v1` },
    );
    await bus.publish(eventMessage("drm_1", 1));
    await bus.close();
    expect(said).toEqual([expect.stringMatching(/another time than configured/)]);
  });

  test("refuses subjects that another stream takes", async () => {
    const options = fresh();
    const { streams } = await nats.jetstreamManager();
    await streams.add({ name: freshName(), subjects: [`${options.subjectPrefix}.acme.>`] });
    const error = await errorOf(openJetStreamBus(deps, options));
    expect(error).toMatchObject({
      kind: "failed_precondition",
      message: expect.stringMatching(/another stream/),
    });
  });

  test("lets ten processes make the stream at once", async () => {
    const options = fresh();
    const buses = await Promise.all(Array.from({ length: 10 }, () => openJetStreamBus(deps, options)));
    await Promise.all(buses.map((bus, index) => bus.publish(eventMessage(`drm_${index}`, 1))));
    await Promise.all(buses.map((bus) => bus.close()));
  });

  test("is unavailable once closed, and closes twice", async () => {
    const bus = await openJetStreamBus(deps, fresh());
    const stop = await bus.listen({ kind: "work" }, () => {});
    await bus.close();
    await bus.close();
    stop();
    bus.announce({ kind: "work" });
    expect(await errorOf(bus.publish(eventMessage("drm_1", 1)))).toMatchObject({ kind: "unavailable" });
    expect(await errorOf(bus.check())).toMatchObject({ kind: "unavailable" });
    expect(await errorOf(bus.listen({ kind: "work" }, () => {}))).toMatchObject({ kind: "unavailable" });
  });

  test("keeps no subscription on the server for a listener that was stopped", async () => {
    const options = { ...fresh(), livePrefix: freshName() };
    await using bus = await opened(options);
    const stop = await bus.listen({ kind: "work" }, () => {});
    stop();
    // A flush: the server takes what one connection sends in order.
    await bus.check();
    const asked = nats.request(`${options.livePrefix}.work`, "", { timeout: 5_000 });
    await expect(asked).rejects.toMatchObject({ code: ErrorCode.NoResponders });
  });

  test("sends what was announced before it closes", async () => {
    const options = fresh();
    await using other = await opened(options);
    const heard = Promise.withResolvers<void>();
    await other.listen({ kind: "work" }, heard.resolve);
    const bus = await openJetStreamBus(deps, options);
    bus.announce({ kind: "work" });
    await bus.close();
    await heard.promise;
  });

  test.each([
    [{ retentionMs: 0 }, /retentionMs/],
    [{ retentionMs: Number.NaN }, /retentionMs/],
    [{ replicas: 6 }, /replicas/],
    [{ streamName: "a.b" }, /streamName/],
    [{ subjectPrefix: "a b" }, /subjectPrefix/],
    [{ livePrefix: "a.>" }, /livePrefix/],
    [{ livePrefix: "dreams.v1.live" }, /livePrefix/],
  ])("refuses the option %j by its name", async (bad, message) => {
    const error = await errorOf(openJetStreamBus(deps, { url, ...bad }));
    expect(error).toMatchObject({ kind: "invalid_argument", message: expect.stringMatching(message) });
  });
});

test("a server that is not there is told in one line, with the setting to correct", async () => {
  const port = await freePort();
  const url = `nats://me:hunter2@127.0.0.1:${port}`;
  const error = await errorOf(openJetStreamBus(deps, { url }));
  expect(error.kind).toBe("unavailable");
  expect(error.message).toBe(
    `cannot reach NATS at 127.0.0.1:${port}: nothing listens there; start the server there, or correct REVERIED_NATS_URL`,
  );
});

test("a server that accepts and says nothing is given up", { timeout: 15_000 }, async () => {
  await using server = await listening(() => {});
  const error = await errorOf(openJetStreamBus(deps, { url: server.url }));
  expect(error).toMatchObject({ kind: "unavailable", message: expect.stringMatching(/REVERIED_NATS_URL/) });
});

test("a server too old to keep the order is refused with its version", async () => {
  const info = `INFO {"server_id":"x","version":"2.10.29","headers":true,"proto":1,"max_payload":1048576}\r\n`;
  await using server = await listening((write) => write(info));
  const error = await errorOf(openJetStreamBus(deps, { url: server.url }));
  expect(error).toMatchObject({
    kind: "failed_precondition",
    message: expect.stringMatching(/2\.10\.29.*2\.11/),
  });
});

async function opened(options: JetStreamBusOptions) {
  const bus = await openJetStreamBus(deps, options);
  return { ...bus, [Symbol.asyncDispose]: () => bus.close() };
}

/** Reads so many messages of the stream, oldest first, with a consumer such as anybody would write. */
async function readAll(
  nats: NatsConnection,
  { streamName }: { readonly streamName: string },
  filter: string,
  count: number,
): Promise<JsMsg[]> {
  const manager = await nats.jetstreamManager();
  const name = freshName();
  await manager.consumers.add(streamName, {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    filter_subject: filter,
  });
  const consumer = await nats.jetstream().consumers.get(streamName, name);
  expect((await consumer.info()).num_pending).toBe(count);
  const messages: JsMsg[] = [];
  for await (const message of await consumer.fetch({ max_messages: count, expires: 5_000 })) {
    messages.push(message);
    message.ack();
  }
  return messages;
}

/** A listener that answers a PING and says what it is told to at first. */
async function listening(greet: (write: (text: string) => void) => void) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    greet((text) => socket.write(text));
    socket.on("data", (data) => {
      if (data.includes("PING\r\n")) socket.write("PONG\r\n");
    });
    sockets.add(socket);
  });
  const sockets = new Set<{ destroy(): void }>();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `nats://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
