import type { Collection, Filter } from "mongodb";
import type { SessionFilter, SessionStore } from "../../ports/session-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import { keyOf, newestFirst, olderThan } from "./documents.ts";
import { createAppend } from "./session-append.ts";
import {
  type BatchDocument,
  batchKey,
  fromBatchDocument,
  fromSessionDocument,
  type SessionDocument,
  toSessionDocument,
} from "./session-documents.ts";

export interface SessionStoreDeps {
  readonly sessions: Collection<SessionDocument>;
  readonly batches: Collection<BatchDocument>;
  readonly calls: Calls;
}

export function createMongoSessionStore(deps: SessionStoreDeps): SessionStore {
  const { sessions, batches, calls } = deps;
  return {
    append: createAppend(deps),

    create(session) {
      return calls.run(async () => {
        await unlessDuplicate(sessions.insertOne(toSessionDocument(session)));
        return fromNullable(await sessions.findOne({ _id: keyOf(session) })) ?? session;
      });
    },

    get(key) {
      return calls.run(async () => fromNullable(await sessions.findOne({ _id: keyOf(key) })));
    },

    getMany({ tenant, ids }) {
      if (ids.length === 0) return Promise.resolve([]);
      return calls.run(async () => {
        const keys = ids.map((id) => keyOf({ tenant, id }));
        return (await sessions.find({ _id: { $in: keys } }).toArray()).map(fromSessionDocument);
      });
    },

    list({ tenant, filter, after, limit }) {
      return calls.run(async () => {
        const found = sessions.find({ tenant, ...matching(filter), ...olderThan(tenant, after) });
        return (await found.sort(newestFirst).limit(limit).toArray()).map(fromSessionDocument);
      });
    },

    readEvents({ tenant, sessionId, after, upTo, limit }) {
      const key = { tenant, id: sessionId };
      // Numbers have no gap, so these are all the numbers that a page can hold.
      const end = Math.min(upTo, after + limit);
      if (end <= after) return Promise.resolve([]);
      return calls.run(async () => {
        const [session, [containing], following] = await Promise.all([
          sessions.findOne({ _id: keyOf(key) }, { projection: { last_event: 1 } }),
          batches
            .find({ _id: { $gte: batchKey(key, 0), $lte: batchKey(key, after + 1) } })
            .sort({ _id: -1 })
            .limit(1)
            .toArray(),
          batches
            .find({ _id: { $gt: batchKey(key, after + 1), $lte: batchKey(key, end) } })
            .sort({ _id: 1 })
            .toArray(),
        ]);
        const seen = Math.min(end, session?.last_event ?? 0);
        const found = containing === undefined ? following : [containing, ...following];
        const events = found.flatMap(fromBatchDocument);
        return events.filter((event) => event.number > after && event.number <= seen);
      });
    },

    archive({ tenant, id, now }) {
      return calls.run(async () => {
        const _id = keyOf({ tenant, id });
        const archived = await sessions.findOneAndUpdate(
          { _id, archived_at: null },
          { $set: { archived_at: new Date(now) } },
          { returnDocument: "after" },
        );
        return fromNullable(archived ?? (await sessions.findOne({ _id })));
      });
    },
  };
}

function matching(filter: SessionFilter): Filter<SessionDocument> {
  return {
    kind: filter.kind,
    ...(!filter.includeArchived && { archived_at: null }),
    ...(filter.workspaceId !== null && { workspace_id: filter.workspaceId }),
    ...(filter.memoryStoreId !== null && { memory_store_ids: filter.memoryStoreId }),
    ...(filter.agentId !== null && { agent_id: filter.agentId }),
    ...(filter.tag !== null && { tags: filter.tag }),
  };
}

function fromNullable(document: SessionDocument | null) {
  return document === null ? null : fromSessionDocument(document);
}
