/**
 * Whose dream is claimed next. Each dream gets, at create, a number one above its tenant's last or above the number
 * that claims have come to, whichever is greater; claims go by that number. So a tenant with a thousand waiting
 * dreams and one with a single dream take turns, and one that was idle saves up nothing.
 */
import type { Collection } from "mongodb";
import { upsert } from "./calls.ts";
import { sortable } from "./documents.ts";

export interface CounterDocument {
  readonly _id: string;
  readonly last: number;
}

export interface Turns {
  /** The key of a new dream: its number, then its id, so that it is unique and equal numbers go by age. */
  take(dream: { readonly tenant: string; readonly id: string }): Promise<string>;
  /** Notes that claims have come to this key. */
  reached(claimKey: string): Promise<void>;
}

// No tenant's name has a space.
const floorId = "claimed up to";

export function createTurns(counters: Collection<CounterDocument>): Turns {
  return {
    async take({ tenant, id }) {
      const [floor, number] = await Promise.all([readFloor(), next(tenant)]);
      if (number > floor) return key(number, id);
      await raise(tenant, floor);
      return key(await next(tenant), id);
    },
    async reached(claimKey) {
      await raise(floorId, Number.parseInt(claimKey, 10));
    },
  };

  async function readFloor(): Promise<number> {
    return (await counters.findOne({ _id: floorId }))?.last ?? 0;
  }

  async function next(tenant: string): Promise<number> {
    const counter = await upsert(() =>
      counters.findOneAndUpdate(
        { _id: tenant },
        { $inc: { last: 1 } },
        { upsert: true, returnDocument: "after" },
      ),
    );
    return counter?.last ?? 1;
  }

  async function raise(id: string, to: number): Promise<void> {
    await upsert(() => counters.updateOne({ _id: id }, { $max: { last: to } }, { upsert: true }));
  }
}

function key(number: number, dreamId: string): string {
  return `${sortable(number)} ${dreamId}`;
}
