import type { Collection } from "mongodb";
import type { Outbox } from "../../ports/outbox.ts";
import type { Calls } from "./calls.ts";
import { keyOf } from "./documents.ts";
import { type DreamDocument, toDream } from "./dream-document.ts";

export interface OutboxDeps {
  readonly dreams: Collection<DreamDocument>;
  readonly calls: Calls;
}

/** Unsent events by the dreams' own `relay_due`: set by each move in its own write, removed when all are sent. */
export function createMongoOutbox({ dreams, calls }: OutboxDeps): Outbox {
  return {
    takeUnsent({ now, limit }) {
      return calls.run(async () => {
        const found = dreams.find({ relay_due: { $exists: true }, parked_until: { $lte: new Date(now) } });
        return (await found.sort({ relay_due: 1 }).limit(limit).toArray()).map(toDream);
      });
    },

    markPublished({ tenant, id, upTo }) {
      return calls.run(async () => {
        const _id = keyOf({ tenant, id });
        // The guard on seq is what keeps a move made meanwhile unsent.
        const all = await dreams.updateOne(
          { _id, seq: upTo },
          { $max: { published_to: upTo }, $set: { parked_until: new Date(0) }, $unset: { relay_due: 1 } },
        );
        if (all.matchedCount > 0) return;
        await dreams.updateOne({ _id, seq: { $gt: upTo } }, { $max: { published_to: upTo } });
      });
    },

    park({ tenant, id, until }) {
      return calls.run(async () => {
        await dreams.updateOne(
          { _id: keyOf({ tenant, id }), relay_due: { $exists: true } },
          { $set: { parked_until: new Date(until) } },
        );
      });
    },
  };
}
