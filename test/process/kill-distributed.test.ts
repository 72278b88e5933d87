import { connect } from "nats";
import { afterAll, expect, test } from "vitest";
import { startNats, type TestService } from "../support/services.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { killAgainAndAgain } from "./kill-scenario.ts";

await describeWith(["mongodb", "nats"], "MongoDB and NATS", ([mongodbUrl]) => {
  let nats: TestService | null = null;
  afterAll(() => nats?.stop());

  test("killed three times with dreams running, nothing is lost, and the stream has every move once, in order", {
    timeout: 240_000,
  }, async () => {
    // A server of its own: the subjects of two streams on one server may not overlap.
    nats = await startNats();
    const settings = {
      REVERIED_MONGODB_URL: mongodbUrl,
      REVERIED_MONGODB_DATABASE: freshName(),
      REVERIED_NATS_URL: nats.url,
    };
    const report = await killAgainAndAgain(settings, { kills: 3, dreamsPerRound: 2, turns: 1_500 });
    expect(Math.min(...report.runningAtKill)).toBeGreaterThan(0);
    expect(report.attempts).toBeGreaterThan(report.dreams.length);
    const numbers = await publishedNumbers(
      nats.url,
      report.dreams.reduce((sum, dream) => sum + dream.lastEventNumber, 0),
    );
    for (const dream of report.dreams) {
      expect(numbers.get(dream.id)).toEqual(Array.from({ length: dream.lastEventNumber }, (_, i) => i + 1));
    }
    console.log(
      `${report.dreams.length} dreams, ${report.attempts} attempts, running at each kill: ${report.runningAtKill.join(" ")}`,
    );
  });
});

/** The event numbers of each dream in the order of the stream, as a reader that drops repeats sees them. */
async function publishedNumbers(url: string, expected: number): Promise<Map<string, number[]>> {
  const connection = await connect({ servers: url });
  try {
    const consumer = await connection.jetstream().consumers.get("DREAMS");
    const numbers = new Map<string, number[]>();
    let seen = 0;
    for await (const message of await consumer.consume()) {
      const [dreamId = "", number = ""] = (message.headers?.get("ce-id") ?? "").split(":");
      const list = numbers.get(dreamId) ?? [];
      if (Number(number) > (list.at(-1) ?? 0)) {
        numbers.set(dreamId, [...list, Number(number)]);
        seen += 1;
      }
      message.ack();
      if (seen === expected) break;
    }
    return numbers;
  } finally {
    await connection.close();
  }
}
