/**
 * Dreams, one document each. A write is guarded by what was read; when it did not apply, or a unique index refused
 * it, the document is read, and if it is already what was to be written, the write has succeeded: its answer was lost.
 */
import type { Collection } from "mongodb";
import type { Dream } from "../../core/dream.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { CreateOutcome, DreamStore, SaveOutcome } from "../../ports/dream-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import { createClaim } from "./claim.ts";
import { keyOf } from "./documents.ts";
import { type DreamDocument, newDocument, toDream } from "./dream-document.ts";
import { toProgress, toUsage } from "./dream-parts.ts";
import { createDreamReads, readDream } from "./dream-reads.ts";
import { guardOf, isSameState, writeState } from "./dream-writes.ts";
import type { Turns } from "./turns.ts";

export interface DreamStoreDeps {
  readonly dreams: Collection<DreamDocument>;
  readonly turns: Turns;
  readonly calls: Calls;
  readonly check: () => Promise<void>;
}

export function createMongoDreamStore(deps: DreamStoreDeps): DreamStore {
  const { dreams, turns, calls, check } = deps;
  return {
    ...createDreamReads(deps),
    claim: createClaim(deps),
    check,

    create(dream) {
      return calls.run(async () => {
        for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
          const obstacle = attempt === 0 ? null : await findObstacle(dreams, dream);
          if (obstacle !== null) return obstacle;
          const document = newDocument(dream, await turns.take(dream));
          if ((await unlessDuplicate(dreams.insertOne(document))) !== null)
            return { outcome: "created", dream };
        }
        throw tooBusy(dream);
      });
    },

    save({ read, next, guardBeat }) {
      return calls.run(async (): Promise<SaveOutcome> => {
        const guard = { ...guardOf(read), ...(guardBeat && { beat: read.live.beat }) };
        for (let attempt = 0; attempt < limits.casAttempts; attempt += 1) {
          const written = await unlessDuplicate(writeState(dreams, guard, read, next));
          if (written === null) {
            const key = await findHeldKey(dreams, next);
            if (key !== null) return { outcome: "held", key };
            // Whoever held it has let go since.
            continue;
          }
          if (written.dream !== null) return { outcome: "saved", dream: written.dream };
          const dream = await readDream(dreams, keyOf(read));
          if (dream !== null && isSameState(dream, next)) return { outcome: "saved", dream };
          return { outcome: "stale", dream };
        }
        throw tooBusy(read);
      });
    },

    renew({ tenant, id, fence, attempt, progress, usage }) {
      return calls.run(async () => {
        const used = Object.entries(toUsage(usage)).map(
          ([name, count]) => [`usage_by_attempt.${attempt}.${name}`, count] as const,
        );
        const { matchedCount } = await dreams.updateOne(
          { _id: keyOf({ tenant, id }), status: "running", fence },
          {
            // Raised twice when an answer was lost, which is no harm: a beat only says that it moved.
            $inc: { beat: 1 },
            $max: Object.fromEntries(used),
            ...(progress !== null && { $set: { progress: toProgress(progress) } }),
          },
        );
        return { outcome: matchedCount === 0 ? "fenced" : "renewed" };
      });
    },
  };
}

/** What a unique index refused a new dream for, or null when it is gone by now. */
async function findObstacle(dreams: Collection<DreamDocument>, wanted: Dream): Promise<CreateOutcome | null> {
  const same = await readDream(dreams, keyOf(wanted));
  if (same !== null) return { outcome: "created", dream: same };
  const { tenant, origin, holds } = wanted;
  if (origin !== null) {
    const document = await dreams.findOne({ tenant, origin });
    if (document !== null) return { outcome: "origin_exists", dream: toDream(document) };
  }
  if (holds.length === 0) return null;
  const document = await dreams.findOne({ tenant, holds: { $in: [...holds] } });
  if (document === null) return null;
  const by = toDream(document);
  const key = holds.find((hold) => by.holds.includes(hold));
  return key === undefined ? null : { outcome: "held", key, by };
}

/** The first key of `next` that another dream holds, or null. */
async function findHeldKey(dreams: Collection<DreamDocument>, next: Dream): Promise<string | null> {
  const others = await dreams
    .find({ tenant: next.tenant, holds: { $in: [...next.holds] }, _id: { $ne: keyOf(next) } })
    .toArray();
  return next.holds.find((hold) => others.some((other) => other.holds?.includes(hold))) ?? null;
}

function tooBusy(dream: Dream): ReveriedError {
  return new ReveriedError(
    "unavailable",
    `the holds of dream ${dream.id} changed hands ${limits.casAttempts} times; try again`,
  );
}
