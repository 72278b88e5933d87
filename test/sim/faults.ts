import { ReveriedError } from "../../src/core/errors.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Chance } from "./chance.ts";

/** How likely each thing is at each call of a port; all zero is a healthy world. */
export interface FaultRates {
  crashBefore: number;
  crashAfter: number;
  unavailable: number;
  lostAck: number;
  twice: number;
  slow: number;
}

export const healthy: FaultRates = {
  crashBefore: 0,
  crashAfter: 0,
  unavailable: 0,
  lostAck: 0,
  twice: 0,
  slow: 0,
};

/** A twentieth of each. */
export function seldomer(rates: FaultRates): FaultRates {
  const { crashBefore, crashAfter, unavailable, lostAck, twice, slow } = rates;
  return {
    crashBefore: crashBefore / 20,
    crashAfter: crashAfter / 20,
    unavailable: unavailable / 20,
    lostAck: lostAck / 20,
    twice: twice / 20,
    slow: slow / 20,
  };
}

/** One simulated process. Once dead, nothing it waits for ever comes back to it. */
export interface ProcessFate {
  dead: boolean;
  /** Calls wait until this time of the monotonic clock: the process is stopped, as by SIGSTOP. */
  pausedUntil: number;
}

const never = () => new Promise<never>(() => {});

interface World {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly rates: FaultRates;
}

/** The same port as seen by one process of a faulty world: each call may crash it, be lost, be late or happen twice. */
export function faulty<Port extends object>(world: World, fate: ProcessFate, port: Port): Port {
  return new Proxy(port, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function") return method;
      const call = method as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => faultyCall(world, fate, () => call.apply(target, args));
    },
  });
}

async function faultyCall(world: World, fate: ProcessFate, call: () => unknown): Promise<unknown> {
  const { chance, rates, clock } = world;
  await awake(clock, fate);
  if (chance.hit(rates.crashBefore)) fate.dead = true;
  if (fate.dead) return never();
  if (chance.hit(rates.unavailable)) throw new ReveriedError("unavailable", "the storage is away");
  if (chance.hit(rates.slow)) await clock.sleep(chance.below(3_000), new AbortController().signal);
  let answer: unknown;
  try {
    answer = await call();
    if (chance.hit(rates.twice)) answer = await call();
  } catch (error) {
    await awake(clock, fate);
    throw error;
  }
  if (chance.hit(rates.crashAfter)) fate.dead = true;
  await awake(clock, fate);
  if (chance.hit(rates.lostAck)) throw new ReveriedError("unavailable", "the acknowledgement was lost");
  return answer;
}

/** The clock of one process: a dead one never wakes, a paused one wakes late. */
export function processClock(clock: Clock, fate: ProcessFate, wallOffsetMs: () => number): Clock {
  return {
    now: () => clock.now() + wallOffsetMs(),
    monotonic: () => clock.monotonic(),
    nextTurn: () => clock.nextTurn(),
    async sleep(ms, signal) {
      await clock.sleep(ms, signal);
      await awake(clock, fate);
    },
  };
}

async function awake(clock: Clock, fate: ProcessFate): Promise<void> {
  while (!fate.dead && fate.pausedUntil > clock.monotonic()) {
    await clock.sleep(fate.pausedUntil - clock.monotonic(), new AbortController().signal);
  }
  if (fate.dead) await never();
}
