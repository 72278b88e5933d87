/** How an erasure reads: a bounded number of texts at once, and others have their turn of the event loop in between. */
import type { Clock } from "../../ports/clock.ts";
import type { ServiceDeps } from "../deps.ts";

export type ReadDeps = Pick<ServiceDeps, "memories" | "clock">;

/** A text may have 100 kB. */
const textsPerRead = 50;
/** Words of so many characters are looked at in some milliseconds. */
const charactersPerTurn = 32_768;

/** Reads the texts of all, one after another; null for one that is gone. */
export async function* readEach<Of extends { readonly contentHash: string }>(
  deps: ReadDeps,
  tenant: string,
  all: Iterable<Of> | AsyncIterable<Of>,
): AsyncGenerator<{ readonly of: Of; readonly text: string | null }> {
  const turn = createTurns(deps.clock);
  let batch: Of[] = [];
  async function* read() {
    const hashes = [...new Set(batch.map((one) => one.contentHash))];
    const texts = await deps.memories.getContents({ tenant, hashes });
    for (const of of batch) {
      const text = texts.get(of.contentHash) ?? null;
      yield { of, text };
      await turn(text?.length ?? 0);
    }
    batch = [];
  }
  for await (const one of all) {
    batch.push(one);
    if (batch.length === textsPerRead) yield* read();
  }
  if (batch.length > 0) yield* read();
}

/** Waits for the next turn of the event loop whenever many characters were looked at. */
export function createTurns(clock: Clock): (characters: number) => Promise<void> {
  let sum = 0;
  return async (characters) => {
    sum += characters;
    if (sum < charactersPerTurn) return;
    sum = 0;
    await clock.nextTurn();
  };
}
