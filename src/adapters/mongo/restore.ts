/** Writing things as another storage had them: each is an insert, and one that is refused is compared with what is there. */
import { isDeepStrictEqual } from "node:util";
import { ReveriedError } from "../../core/errors.ts";
import type { Restore, RestoreOutcome } from "../../ports/restore.ts";
import { type Calls, unlessDuplicate } from "./calls.ts";
import type { Collections } from "./collections.ts";
import { keyOf, unlessDeleted } from "./documents.ts";
import { newDocument, toDream } from "./dream-document.ts";
import { isSameState } from "./dream-writes.ts";
import { fromLast, fromVersionDocument, toLast, toRow, toVersionDocument } from "./history-documents.ts";
import { fromStoreDocument, toStoreDocument } from "./memory-documents.ts";
import { createRestoreEvents } from "./restore-events.ts";
import { fromSessionDocument, toSessionDocument } from "./session-documents.ts";
import { createStoreLog } from "./store-log.ts";
import type { Turns } from "./turns.ts";

export function createMongoRestore(collections: Collections, turns: Turns, calls: Calls): Restore {
  const { stores, revisions, versions, sessions, dreams } = collections;
  const log = createStoreLog(collections);
  return {
    events: createRestoreEvents(collections, calls),

    store(store) {
      return calls.run(async () => {
        const inserted = await unlessDuplicate(stores.insertOne(toStoreDocument(store)));
        if (inserted !== null) return "written";
        const stored = unlessDeleted(await stores.findOne({ _id: keyOf(store) }));
        return compared(stored !== null && isDeepStrictEqual(fromStoreDocument(stored), store));
      });
    },

    revision({ tenant, revision }) {
      const { storeId, number } = revision;
      return calls.run(async () => {
        const store = await log.read({ tenant, storeId });
        if (store === null) throw comesLater(`revision ${number}`, `memory store ${storeId}`);
        // A row above the store's own number would stand where its next switch writes.
        if (number > store.revision) return "differs";
        // What stands in the store's document may not have its row yet.
        await log.settle(store);
        const row = toRow({ tenant, storeId }, toLast(number, revision, revision));
        if ((await unlessDuplicate(revisions.insertOne(row))) !== null) return "written";
        const stored = await revisions.findOne({ _id: row._id });
        return compared(stored !== null && isDeepStrictEqual(fromLast(storeId, stored), revision));
      });
    },

    version({ tenant, version }) {
      const { storeId } = version;
      return calls.run(async () => {
        const store = await log.read({ tenant, storeId });
        const revision = store === null ? null : await log.ofNumber(store, version.revision);
        if (revision === null) {
          throw comesLater(`version ${version.id}`, `revision ${version.revision} of store ${storeId}`);
        }
        const row = toVersionDocument(tenant, revision.commit_id, version);
        if ((await unlessDuplicate(versions.insertOne(row))) !== null) return "written";
        const stored = await versions.findOne({ _id: row._id });
        const same = stored !== null && fromVersionDocument(stored, revision.number);
        return compared(isDeepStrictEqual(same, version));
      });
    },

    session(session) {
      return calls.run(async () => {
        const document = { ...toSessionDocument(session), last_event: 0 };
        if ((await unlessDuplicate(sessions.insertOne(document))) !== null) return "written";
        const stored = unlessDeleted(await sessions.findOne({ _id: document._id }));
        if (stored === null) return "differs";
        const { lastEvent } = session;
        return compared(isDeepStrictEqual({ ...fromSessionDocument(stored), lastEvent }, session));
      });
    },

    dream(dream) {
      return calls.run(async () => {
        const document = newDocument(dream, await turns.take(dream));
        if ((await unlessDuplicate(dreams.insertOne(document))) !== null) return "written";
        const stored = await dreams.findOne({ _id: document._id });
        // Its live fields go on by themselves: the relay may have sent an event since.
        return compared(stored !== null && isSameState(toDream(stored), dream));
      });
    },
  };
}

function compared(same: boolean): RestoreOutcome {
  return same ? "present" : "differs";
}

/** What is restored before the thing that it belongs to; only a bug of the caller, or a torn file, does that. */
function comesLater(what: string, needed: string): ReveriedError {
  return new ReveriedError("failed_precondition", `${what} was to be restored, and ${needed} is not there`);
}
