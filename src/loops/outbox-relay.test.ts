import { expect, test } from "vitest";
import { setup } from "../../test/support/bundle.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { EventBus, EventMessage } from "../ports/event-bus.ts";

function recordingBus(
  inner: EventBus,
  fail: (message: EventMessage, call: number) => ReveriedError | null = () => null,
) {
  const published: string[] = [];
  let calls = 0;
  const bus: EventBus = {
    ...inner,
    async publish(message) {
      calls += 1;
      const error = fail(message, calls);
      if (error !== null) throw error;
      published.push(`${message.event.number}:${message.event.kind}`);
    },
  };
  return { bus, published };
}

test("events reach the bus in order, each once, as soon as they happen", async () => {
  await using world = await setup();
  const { bus, published } = recordingBus(world.bus);
  world.relay(bus).start();
  world.worker().start();
  const dream = await world.dream();
  await world.clock.settle();
  await world.useCases.archiveDream(world.principal, { id: dream.id });
  await world.clock.settle();
  expect(published).toEqual(["1:created", "2:started", "3:completed", "4:archived"]);
  expect((await world.get(dream.id)).live.publishedTo).toBe(4);
});

test("while the bus is away nothing is marked, and all is sent when it is back", async () => {
  await using world = await setup();
  let away = true;
  const { bus, published } = recordingBus(world.bus, () =>
    away ? new ReveriedError("unavailable", "away") : null,
  );
  world.relay(bus).start();
  world.worker().start();
  const dream = await world.dream();
  await world.clock.advance(30_000);
  expect((await world.get(dream.id)).live.publishedTo).toBe(0);
  away = false;
  await world.clock.advance(2 * limits.loopBackoffMaxMs);
  expect(published).toEqual(["1:created", "2:started", "3:completed"]);
});

test("a crash between publish and mark sends the event again and never skips one", async () => {
  await using world = await setup();
  const { bus, published } = recordingBus(world.bus);
  const mark = world.storage.outbox.markPublished;
  let lost = 1;
  world.storage.outbox.markPublished = async (request) => {
    if (lost-- > 0) throw new ReveriedError("unavailable", "the acknowledgement was lost");
    return mark(request);
  };
  const dream = await world.dream();
  world.relay(bus).start();
  await world.clock.advance(5_000);
  expect(published).toEqual(["1:created", "1:created"]);
  expect((await world.get(dream.id)).live.publishedTo).toBe(1);
});

test("an event that can never be published is parked, and other dreams go on", async () => {
  await using world = await setup();
  const bad = await world.dream();
  const good = await world.dream();
  const { bus, published } = recordingBus(world.bus, ({ dreamId }) =>
    dreamId === bad.id ? new ReveriedError("invalid_argument", "no") : null,
  );
  world.relay(bus).start();
  await world.clock.advance(5_000);
  expect(published).toEqual(["1:created"]);
  expect((await world.get(good.id)).live.publishedTo).toBe(1);
  expect((await world.get(bad.id)).live.publishedTo).toBe(0);
});

test("a dream parked after some of its events stays parked, and tells its others later", async () => {
  await using world = await setup();
  world.worker().start();
  const dream = await world.dream();
  await world.clock.settle();
  let calls = 0;
  let refused = true;
  const { bus, published } = recordingBus(world.bus, ({ event }) => {
    calls += 1;
    return refused && event.number === 3 ? new ReveriedError("invalid_argument", "no") : null;
  });
  world.relay(bus).start();
  await world.clock.advance(limits.relayParkMs / 2);
  expect(calls).toBe(3);
  expect((await world.get(dream.id)).live.publishedTo).toBe(2);
  refused = false;
  await world.clock.advance(limits.relayParkMs);
  expect(published).toEqual(["1:created", "2:started", "3:completed"]);
});

test("a relay that stops sends what is unsent first, and without a grace time nothing", async () => {
  await using world = await setup();
  const { bus, published } = recordingBus(world.bus);
  await world.dream();
  await world.relay(bus).stop(0);
  expect(published).toEqual([]);
  await world.relay(bus).stop(limits.shutdownGraceMs);
  expect(published).toEqual(["1:created"]);
});
