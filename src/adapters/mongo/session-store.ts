import { isDeepStrictEqual } from "node:util";
import type { Filter } from "mongodb";
import type { Session } from "../../core/session.ts";
import type { SessionFilter, SessionStore } from "../../ports/session-store.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import type { Collections } from "./collections.ts";
import {
  bury,
  keyOf,
  newestFirst,
  notDeleted,
  olderThan,
  stillDeleting,
  toPairs,
  unlessDeleted,
} from "./documents.ts";
import { createAppend } from "./session-append.ts";
import { fromSessionDocument, type SessionDocument, toSessionDocument } from "./session-documents.ts";
import { readEvents } from "./session-events.ts";

export function createMongoSessionStore(collections: Collections, calls: Calls): SessionStore {
  const { sessions, sessionTombstones } = collections;
  return {
    append: createAppend(collections, calls),

    create(session) {
      return calls.run(async () => {
        await unlessDuplicate(sessions.insertOne(toSessionDocument(session)));
        const stored = await sessions.findOne({ _id: keyOf(session) });
        if (stored?.deleted === true) throw stillDeleting("session", session.id);
        return fromNullable(stored) ?? session;
      });
    },

    get(key) {
      return calls.run(() => find(key));
    },

    getMany({ tenant, ids }) {
      if (ids.length === 0) return Promise.resolve([]);
      return calls.run(async () => {
        const keys = ids.map((id) => keyOf({ tenant, id }));
        const found = await sessions.find({ _id: { $in: keys } }).toArray();
        return found.flatMap((document) => fromNullable(document) ?? []);
      });
    },

    list({ tenant, filter, after, limit }) {
      return calls.run(async () => {
        const found = sessions.find({ tenant, ...matching(filter), ...olderThan(tenant, after) });
        return (await found.sort(newestFirst).limit(limit).toArray()).map(fromSessionDocument);
      });
    },

    readEvents(query) {
      return calls.run(() => readEvents(collections, query));
    },

    count({ tenant, max }) {
      // A tombstone has no kind: the index alone answers, and no document is read.
      return calls.run(() => sessions.countDocuments({ tenant, kind: "conversation" }, { limit: max }));
    },

    save({ read, next }) {
      return calls.run(async () => {
        const { title, tags, metadata, edition } = next;
        const saved = await sessions.findOneAndUpdate(
          { _id: keyOf(read), edition: read.edition, ...notDeleted },
          {
            $set: { title, tags, metadata: toPairs(metadata), edition },
            // By maximum, because appends raise it too.
            $max: { updated_at: new Date(next.updatedAt) },
          },
          { returnDocument: "after" },
        );
        if (saved !== null) return { outcome: "saved", session: fromSessionDocument(saved) };
        const session = await find(read);
        return { outcome: session !== null && isSaved(session, next) ? "saved" : "stale", session };
      });
    },

    delete(key) {
      return calls.run((again) => bury(sessionTombstones, key, again));
    },

    archive({ tenant, id, now }) {
      return calls.run(async () => {
        const archived = await sessions.findOneAndUpdate(
          { _id: keyOf({ tenant, id }), archived_at: null, ...notDeleted },
          { $set: { archived_at: new Date(now) }, $inc: { edition: 1 } },
          { returnDocument: "after" },
        );
        return archived === null ? await find({ tenant, id }) : fromSessionDocument(archived);
      });
    },
  };

  async function find(key: Parameters<SessionStore["get"]>[0]): Promise<Session | null> {
    return fromNullable(await sessions.findOne({ _id: keyOf(key) }));
  }
}

/** Names the kind, which no tombstone has. */
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

function isSaved(stored: Session, next: Session): boolean {
  return isDeepStrictEqual(writtenBySave(stored), writtenBySave(next));
}

function writtenBySave({ title, tags, metadata, edition }: Session) {
  return { title, tags, metadata, edition };
}

function fromNullable(document: SessionDocument | null): Session | null {
  const found = unlessDeleted(document);
  return found === null ? null : fromSessionDocument(found);
}
