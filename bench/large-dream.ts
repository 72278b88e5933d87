/** One large dream, and what another client feels of it. */
import { type Clients, completed, connectTo, idOf, newDream, newStore } from "./clients.ts";
import { figureOf } from "./figure.ts";
import type { Measure } from "./measure.ts";
import { memoryMb, serve, startHelper } from "./processes.ts";
import { median, percentile } from "./statistics.ts";
import { makeTranscript } from "./transcripts.ts";

const sessions = 100;
const turnsPerSession = 21;
const rounds = 3;
/** How long the other client calls while nothing else happens; what its calls cost then is the ceiling of what they cost during the dream. */
const quietMs = 1_000;

interface Round {
  readonly dreamMs: number;
  /** Of the other client's calls during the dream. */
  readonly callsMs: readonly number[];
}

export const largeDream: Measure = {
  name: "large-dream",
  async run(bench) {
    await using server = await serve(["--data-dir", bench.newDataDir()]);
    await using engine = startHelper("engine-entry.ts", { sessions, turnsPerSession });
    const clients = connectTo(server.url);
    const watchedId = await newDream(clients, await newStore(clients));
    await completed(clients, watchedId);
    const quiet = await callUntil(
      server.url,
      watchedId,
      new Promise((resolve) => setTimeout(resolve, quietMs)),
    );
    const idleMb = memoryMb(server.pid).now;
    const engineMs: number[] = [];
    const played: Round[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      bench.say(`large dream: round ${round} of ${rounds}`);
      // The parse edge: our own helper answers.
      engineMs.push((await engine.ask("dream")) as number);
      played.push(await playRound(clients, server.url, watchedId, round));
    }
    return figures(played, { engineMs, quiet, idleMb, highestMb: memoryMb(server.pid).highest });
  },
};

/** Sessions and store are new in each round: what an earlier dream learnt must not make this one shorter. */
async function playRound(clients: Clients, url: string, watchedId: string, round: number): Promise<Round> {
  const storeId = await newStore(clients);
  const content = `- 2026-01-01, Maya: Round ${round} was measured.\n`;
  await clients.stores.putMemories({ memoryStoreId: storeId, memories: [{ path: "/rounds.md", content }] });
  const sessionIds: string[] = [];
  for (let number = 0; number < sessions; number += 1) sessionIds.push(await newSession(clients, number));
  const startedAt = performance.now();
  const dream = newDream(clients, storeId, sessionIds)
    .then((id) => completed(clients, id))
    .then(() => performance.now() - startedAt);
  const callsMs = await callUntil(url, watchedId, dream);
  return { dreamMs: await dream, callsMs };
}

async function newSession({ sessions }: Clients, number: number): Promise<string> {
  const { session } = await sessions.createSession({ title: `Conversation ${number}` });
  const sessionId = idOf(session);
  const events = makeTranscript(number, turnsPerSession).map(({ speaker, text, saidAt }) => ({
    speaker,
    text,
    saidAt: { seconds: BigInt(saidAt), nanos: 0 },
  }));
  await sessions.appendSessionEvents({ sessionId, events });
  return sessionId;
}

/** Another client, which reads one dream again and again; answers with how long each call took. */
async function callUntil(url: string, id: string, end: Promise<unknown>): Promise<number[]> {
  const { dreams } = connectTo(url);
  let ended = false;
  const noteEnd = () => {
    ended = true;
  };
  end.then(noteEnd, noteEnd);
  const callsMs: number[] = [];
  while (!ended) {
    const sentAt = performance.now();
    await dreams.getDream({ id });
    callsMs.push(performance.now() - sentAt);
  }
  return callsMs;
}

function figures(
  played: readonly Round[],
  than: {
    readonly engineMs: readonly number[];
    readonly quiet: readonly number[];
    readonly idleMb: number;
    readonly highestMb: number;
  },
) {
  const what = `${sessions} sessions of ${sessions * turnsPerSession} turns`;
  return [
    figureOf({
      name: `dream over ${what}`,
      value: median(played.map(({ dreamMs }) => dreamMs)),
      unit: "ms",
      ceiling: { of: "the engine alone in a process, its inputs in memory", value: median(than.engineMs) },
      target: { of: "value", below: 2_000 },
      note: `each round: ${played.map(({ dreamMs }) => Math.round(dreamMs)).join(", ")} ms`,
    }),
    figureOf({
      name: "memory at its highest, that dream",
      value: than.highestMb,
      unit: "MB",
      ceiling: { of: "the same server before its first large dream", value: than.idleMb },
      target: { of: "value", below: 300 },
      note: `of ${rounds} such dreams and the upload of their sessions`,
    }),
    figureOf({
      name: "another client's p99, that dream",
      value: median(played.map(({ callsMs }) => percentile(callsMs, 0.99))),
      unit: "ms",
      ceiling: { of: "the same calls while no dream runs", value: percentile(than.quiet, 0.99) },
      target: { of: "value", below: 50 },
    }),
  ];
}
