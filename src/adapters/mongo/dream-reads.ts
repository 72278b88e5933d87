/** The queries over dreams that change nothing. */
import type { Collection, Filter } from "mongodb";
import type { Dream } from "../../core/dream.ts";
import type { DreamFilter, DreamStore } from "../../ports/dream-store.ts";
import type { Calls } from "./calls.ts";
import { keyOf, newestFirst, olderThan } from "./documents.ts";
import { type DreamDocument, toDream } from "./dream-document.ts";

export interface DreamReadDeps {
  readonly dreams: Collection<DreamDocument>;
  readonly calls: Calls;
}

type DreamReads = Pick<DreamStore, "get" | "list" | "listRunning" | "nextDue">;

export function createDreamReads({ dreams, calls }: DreamReadDeps): DreamReads {
  return {
    get(key) {
      return calls.run(async () => await readDream(dreams, keyOf(key)));
    },

    list({ tenant, filter, after, limit }) {
      return calls.run(async () => {
        const found = dreams.find({ tenant, ...matching(filter), $and: [olderThan(tenant, after)] });
        return (await found.sort(newestFirst).limit(limit).toArray()).map(toDream);
      });
    },

    listRunning({ after, limit }) {
      return calls.run(async () => {
        const found = await dreams
          .find({ status: "running", ...(after !== null && { dream_id: { $gt: after } }) })
          .project<Pick<DreamDocument, "tenant" | "dream_id" | "fence" | "beat">>({
            tenant: 1,
            dream_id: 1,
            fence: 1,
            beat: 1,
          })
          .sort({ dream_id: 1 })
          .limit(limit)
          .toArray();
        return found.map(({ tenant, dream_id, fence, beat }) => ({ tenant, id: dream_id, fence, beat }));
      });
    },

    nextDue(now) {
      return calls.run(async () => {
        const [first] = await dreams
          .find({ status: "pending", not_before: { $gt: new Date(now) } })
          .project<Pick<DreamDocument, "not_before">>({ not_before: 1 })
          .sort({ not_before: 1 })
          .limit(1)
          .toArray();
        return first?.not_before?.getTime() ?? null;
      });
    },
  };
}

/** The dream under a key, or null. */
export async function readDream(dreams: Collection<DreamDocument>, key: string): Promise<Dream | null> {
  const document = await dreams.findOne({ _id: key });
  return document === null ? null : toDream(document);
}

function matching(filter: DreamFilter): Filter<DreamDocument> {
  const { createdAfter, createdBefore } = filter;
  return {
    ...(filter.statuses.length > 0 && { status: { $in: [...filter.statuses] } }),
    ...(!filter.includeArchived && { archived_at: { $exists: false } }),
    ...(filter.memoryStoreId !== null && { "inputs.memory_store_id": filter.memoryStoreId }),
    ...((createdAfter !== null || createdBefore !== null) && {
      created_at: {
        ...(createdAfter !== null && { $gt: new Date(createdAfter) }),
        ...(createdBefore !== null && { $lt: new Date(createdBefore) }),
      },
    }),
  };
}
