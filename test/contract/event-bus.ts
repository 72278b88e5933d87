import { describe, expect, test } from "vitest";
import type { EventBus, EventMessage, Topic } from "../../src/ports/event-bus.ts";
import { errorOf, eventMessage } from "../support/event-messages.ts";

/** Two ends of one bus: what two processes hold, or twice the same where there can be but one. */
export interface EventBusSetup extends AsyncDisposable {
  readonly bus: EventBus;
  readonly other: EventBus;
}

export interface EventBusSuiteOptions {
  /** Tests that the adapter cannot pass, by title, each with the decision that allows it. */
  readonly skip?: readonly { readonly test: string; readonly reason: string }[];
}

/** What `ports/event-bus.ts` promises. `make` gives a bus that nobody else uses, for each test. */
export function testEventBus(
  name: string,
  make: () => Promise<EventBusSetup>,
  { skip = [] }: EventBusSuiteOptions = {},
): void {
  const titles = new Set<string>();
  const it: It = (title, body) => {
    titles.add(title);
    const skipped = skip.find((one) => one.test === title);
    if (skipped !== undefined) return test.skip(`${title} [skipped: ${skipped.reason}]`, () => {});
    test(title, async () => {
      await using setup = await make();
      await body(setup);
    });
  };

  describe(`event bus ${name}: publish`, () => {
    publishTests(it);
  });
  describe(`event bus ${name}: hints`, () => {
    hintTests(it);
  });
  if (skip.length > 0) {
    test(`event bus ${name}: every declared skip names a test`, () => {
      for (const one of skip) expect([...titles]).toContain(one.test);
    });
  }
}

type It = (title: string, body: (setup: EventBusSetup) => Promise<void>) => void;

function publishTests(it: It): void {
  it("takes the events of a dream in order", async ({ bus }) => {
    for (const message of history("drm_a", 8)) await bus.publish(message);
  });

  it("takes an event again, by whichever publisher, without harm", async ({ bus, other }) => {
    const [first, second, third] = history("drm_a", 3);
    await bus.publish(first);
    await bus.publish(first);
    await other.publish(first);
    await other.publish(second);
    await bus.publish(first);
    await bus.publish(second);
    await bus.publish(third);
  });

  it("refuses an event whose predecessor is missing, and takes it after that one", async ({ bus, other }) => {
    const [first, second, third, fourth] = history("drm_a", 4);
    await bus.publish(first);
    for (const end of [bus, other]) {
      expect(await errorOf(end.publish(third))).toMatchObject({ kind: "failed_precondition" });
      expect(await errorOf(end.publish(fourth))).toMatchObject({ kind: "failed_precondition" });
    }
    await bus.publish(second);
    await other.publish(third);
    await bus.publish(fourth);
  });

  it("names the dream and the missing event when it refuses a gap", async ({ bus }) => {
    const [first, , , fourth] = history("drm_a", 4);
    await bus.publish(first);
    const error = await errorOf(bus.publish(fourth));
    expect(error.message).toMatch(/drm_a/);
    expect(error.message).toMatch(/publish 2 first/);
  });

  it("goes on with a dream that it holds nothing of", async ({ bus }) => {
    // Its earlier events aged out, or an earlier process published them: refusing would lose the event for good.
    const [, , , fourth, fifth, , seventh] = history("drm_old", 7);
    await bus.publish(fourth);
    await bus.publish(fifth);
    expect(await errorOf(bus.publish(seventh))).toMatchObject({ kind: "failed_precondition" });
  });

  it("lets two publishers race through one dream, each in its own order", async ({ bus, other }) => {
    const messages = history("drm_a", 30);
    const walk = async (end: EventBus) => {
      for (const message of messages) await end.publish(message);
    };
    await Promise.all([walk(bus), walk(other), walk(bus)]);
    expect(await errorOf(bus.publish(eventMessage("drm_a", 32)))).toMatchObject({
      kind: "failed_precondition",
    });
    await other.publish(eventMessage("drm_a", 31));
  });

  it("keeps many dreams apart that are published at once", async ({ bus, other }) => {
    const dreams = Array.from({ length: 60 }, (_, index) => `drm_${index}`);
    await Promise.all(
      dreams.map(async (dreamId, index) => {
        for (const message of history(dreamId, 4)) await (index % 2 === 0 ? bus : other).publish(message);
      }),
    );
    const [, , , , , sixth] = history("drm_7", 6);
    expect(await errorOf(bus.publish(sixth))).toMatchObject({ kind: "failed_precondition" });
  });

  it("keeps two tenants' dreams apart, even under one id", async ({ bus }) => {
    const ours = history("drm_a", 2, "acme");
    const theirs = history("drm_a", 3, "acme_2");
    await bus.publish(ours[0]);
    await bus.publish(ours[1]);
    await bus.publish(theirs[2]);
  });

  it("refuses a tenant that is no part of a subject, at once", async ({ bus }) => {
    for (const tenant of ["", "a b", "a.b", "*", ">", "ä", "x".repeat(65)]) {
      const [first] = history("drm_a", 1, tenant);
      expect(await errorOf(bus.publish(first))).toMatchObject({ kind: "invalid_argument" });
    }
  });

  it("answers check while it is there", async ({ bus, other }) => {
    await bus.check();
    await other.check();
  });
}

function hintTests(it: It): void {
  it("brings an announced hint to every listener of the topic", async ({ bus, other }) => {
    for (const topic of [work, dream("drm_a")]) {
      const here = await ear(bus, topic);
      const alsoHere = await ear(bus, topic);
      const there = await ear(other, topic);
      bus.announce(topic);
      await Promise.all([here.heard(1), alsoHere.heard(1), there.heard(1)]);
      other.announce(topic);
      await Promise.all([here.heard(2), alsoHere.heard(2), there.heard(2)]);
    }
  });

  it("brings a published event to those who listen to its dream", async ({ bus, other }) => {
    const here = await ear(bus, dream("drm_a"));
    const there = await ear(other, dream("drm_a"));
    const [first, second] = history("drm_a", 2);
    await bus.publish(first);
    await Promise.all([here.heard(1), there.heard(1)]);
    await bus.publish(second);
    await Promise.all([here.heard(2), there.heard(2)]);
  });

  it("brings no hint of another topic", async ({ bus, other }) => {
    const wrong = await Promise.all([
      ear(bus, dream("drm_a")),
      ear(bus, dream("drm_b", "acme_2")),
      ear(bus, work),
      ear(other, dream("drm_")),
    ]);
    const right = [await ear(bus, dream("drm_b")), await ear(other, dream("drm_b"))];
    const [first] = history("drm_b", 1);
    await bus.publish(first);
    bus.announce(dream("drm_b"));
    await Promise.all(right.map((one) => one.heard(1)));
    // What was sent after it has arrived, so anything meant for the wrong ones would be here.
    const last = [await ear(bus, dream("drm_z")), await ear(other, dream("drm_z"))];
    bus.announce(dream("drm_z"));
    await Promise.all(last.map((one) => one.heard(1)));
    expect(wrong.map((one) => one.count())).toEqual([0, 0, 0, 0]);
  });

  it("stops calling a listener that was stopped, and no other", async ({ bus, other }) => {
    const stopped = await ear(bus, dream("drm_a"));
    const stays = await ear(bus, dream("drm_a"));
    other.announce(dream("drm_a"));
    await Promise.all([stopped.heard(1), stays.heard(1)]);
    const before = stopped.count();
    const seen = stays.count();
    stopped.stop();
    stopped.stop();
    bus.announce(dream("drm_a"));
    await stays.heard(seen + 1);
    expect(stopped.count()).toBe(before);
    const again = await ear(bus, dream("drm_a"));
    bus.announce(dream("drm_a"));
    await again.heard(1);
    expect(stopped.count()).toBe(before);
  });

  it("never calls a listener from within announce or publish", async ({ bus }) => {
    let inside = false;
    let calledInside = false;
    const listener = await ear(bus, dream("drm_a"), () => {
      calledInside ||= inside;
    });
    inside = true;
    bus.announce(dream("drm_a"));
    const [first] = history("drm_a", 1);
    const published = bus.publish(first);
    inside = false;
    await published;
    await listener.heard(1);
    expect(calledInside).toBe(false);
  });

  it("publishes, and hints the others, though a listener throws", async ({ bus }) => {
    const broken = await ear(bus, dream("drm_a"), () => {
      throw new Error("a listener's own fault");
    });
    const sound = await ear(bus, dream("drm_a"));
    const [first, second] = history("drm_a", 2);
    await bus.publish(first);
    await Promise.all([broken.heard(1), sound.heard(1)]);
    await bus.publish(second);
    await Promise.all([broken.heard(2), sound.heard(2)]);
  });

  it("lets nobody listen to more than one dream by what its id looks like", async ({ bus }) => {
    const ears: Ear[] = [];
    for (const dreamId of ["*", ">", "drm_a.>", "drm_*", "drm a"]) {
      const topic = dream(dreamId);
      expect(() => bus.announce(topic)).not.toThrow();
      try {
        ears.push(await ear(bus, topic));
      } catch (error) {
        expect(error).toMatchObject({ kind: "not_found" });
      }
    }
    const right = await ear(bus, dream("drm_a"));
    const [first] = history("drm_a", 1);
    await bus.publish(first);
    bus.announce(dream("drm_a"));
    await right.heard(1);
    expect(ears.map((one) => one.count())).toEqual(ears.map(() => 0));
  });
}

const work: Topic = { kind: "work" };

function dream(dreamId: string, tenant = "acme"): Topic {
  return { kind: "dream", tenant, dreamId };
}

interface Ear {
  /** Resolves at the `count`-th hint. */
  heard(count: number): Promise<void>;
  count(): number;
  stop(): void;
}

async function ear(bus: EventBus, topic: Topic, onHint: () => void = () => {}): Promise<Ear> {
  let count = 0;
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const stop = await bus.listen(topic, () => {
    count += 1;
    for (const one of waiting) if (count >= one.count) one.resolve();
    onHint();
  });
  return {
    stop,
    count: () => count,
    heard(wanted) {
      if (count >= wanted) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ count: wanted, resolve }));
    },
  };
}

type Messages = [
  EventMessage,
  EventMessage,
  EventMessage,
  EventMessage,
  EventMessage,
  EventMessage,
  EventMessage,
] &
  EventMessage[];

function history(dreamId: string, length: number, tenant = "acme"): Messages {
  const messages = Array.from({ length }, (_, index) => eventMessage(dreamId, index + 1, { tenant }));
  return messages as Messages;
}
