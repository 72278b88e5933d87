import { type Collection, ObjectId } from "mongodb";
import type { Dream, RunningDream } from "../../core/dream.ts";
import { applyMove, transitions } from "../../core/dream-transitions.ts";
import { limits } from "../../core/limits.ts";
import type { ClaimRequest, DreamStore } from "../../ports/dream-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import { keyOf } from "./documents.ts";
import { type DreamDocument, toDream } from "./dream-document.ts";
import { guardOf, writeState } from "./dream-writes.ts";
import type { Turns } from "./turns.ts";

export interface ClaimDeps {
  readonly dreams: Collection<DreamDocument>;
  readonly turns: Turns;
  readonly calls: Calls;
}

/** More than asked for, because some are another's by the time they are tried, or are not accepted. */
const pageFor = (limit: number): number => limit * 2 + 8;

const [claimable] = transitions.claim.from;

/** `DreamStore.claim`: walks the pending dreams by their turn and writes each claim under the guard of what was read. */
export function createClaim({ dreams, turns, calls }: ClaimDeps): DreamStore["claim"] {
  return async (request) => {
    const claimed: RunningDream[] = [];
    let reached = "";
    try {
      for await (const document of pendingByTurn(request)) {
        if (claimed.length >= request.limit) break;
        const read = toDream(document);
        if (!request.accepts(read)) continue;
        const dream = await tryClaim(read, request);
        if (dream === null) continue;
        claimed.push(dream);
        reached = document.claim_key;
      }
      if (claimed.length > 0) await calls.run(() => turns.reached(reached));
    } catch (error) {
      // What is claimed is this worker's: were it not told, it would lie still until a reaper comes by. An error that
      // lasts is met again by the next claim, which has nothing to lose.
      if (claimed.length === 0) throw error;
    }
    return claimed;
  };

  async function* pendingByTurn({ now, limit }: ClaimRequest): AsyncGenerator<DreamDocument> {
    const size = pageFor(limit);
    let after = "";
    for (;;) {
      const page = await calls.run(() =>
        dreams
          .find({ status: claimable, claim_key: { $gt: after }, not_before: { $lte: new Date(now) } })
          .sort({ claim_key: 1 })
          .limit(size)
          .toArray(),
      );
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < size) return;
      after = last.claim_key;
    }
  }

  /** The dream as claimed, or null when somebody else was faster or a hold it wants is busy. */
  async function tryClaim(read: Dream, request: ClaimRequest): Promise<RunningDream | null> {
    const { now, workerId } = request;
    const ids = read.ids ?? request.makeIds(read);
    const next = applyMove(read, { name: "claim", now, workerId, ids });
    const mark = new ObjectId();
    return await calls.run(async (again) => {
      const written = await unlessDuplicate(
        writeState(dreams, guardOf(read), read, next, { claim_mark: mark }),
      );
      if (written === null) {
        await push(read, now + limits.holdBusyRetryMs);
        return null;
      }
      const dream = written.dream ?? (again ? await ownClaim(read, mark, next.fence) : null);
      return dream?.status === "running" ? dream : null;
    });
  }

  /** The dream, when an earlier try of this very claim was written although its answer never came. */
  async function ownClaim(read: Dream, mark: ObjectId, fence: number): Promise<Dream | null> {
    const document = await dreams.findOne({ _id: keyOf(read), claim_mark: mark, fence });
    return document === null ? null : toDream(document);
  }

  /** Puts off a dream that waits for a hold. A write of its state, so that a stale read of it stays stale. */
  async function push(read: Dream, until: number): Promise<void> {
    await dreams.updateOne(guardOf(read), {
      $set: { not_before: new Date(until) },
      $inc: { revision: 1 },
    });
  }
}
