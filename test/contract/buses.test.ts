import { createInprocEventBus } from "../../src/adapters/inproc/event-bus.ts";
import { openJetStreamBus } from "../../src/adapters/jetstream/event-bus.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { createSilentLog } from "../../src/adapters/system/log.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { testEventBus } from "./event-bus.ts";

const deps = { clock: createSystemClock(), log: createSilentLog() };

testEventBus("in process", async () => {
  const bus = createInprocEventBus(deps);
  return { bus, other: bus, async [Symbol.asyncDispose]() {} };
});

await describeWith(["nats"], "JetStream", ([url]) => {
  testEventBus("JetStream", async () => {
    const name = freshName();
    const options = { url, streamName: name, subjectPrefix: `dreams.${name}`, livePrefix: `live.${name}` };
    const bus = await openJetStreamBus(deps, options);
    const other = await openJetStreamBus(deps, options);
    return {
      bus,
      other,
      async [Symbol.asyncDispose]() {
        await Promise.all([bus.close(), other.close()]);
      },
    };
  });
});
