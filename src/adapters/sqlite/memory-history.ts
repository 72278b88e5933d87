/** Revisions and versions of stores. A version is shown by the revision of its commit, which the switch writes. */
import assert from "node:assert";
import type { MemoryVersion } from "../../core/memory-version.ts";
import type { MemoryStores, SwitchOutcome } from "../../ports/memory-store.ts";
import type { Database } from "./database.ts";
import { createHistoryTable, type HistoryTable } from "./history-table.ts";
import type { StoreTable } from "./store-table.ts";
import { createVersionList } from "./version-list.ts";
import { madeBy, revisionColumns, revisionFromRow } from "./version-rows.ts";

type HistoryPromises = Pick<
  MemoryStores,
  | "switchHead"
  | "putVersions"
  | "findRevision"
  | "listRevisions"
  | "getVersion"
  | "listVersions"
  | "redactVersion"
  | "isContentNamed"
>;

export function createMemoryHistory(db: Database, stores: StoreTable): HistoryPromises {
  const history = createHistoryTable(db);
  const listVersions = createVersionList(db);
  const revisions = db.sql(
    `SELECT ${revisionColumns} FROM store_revision WHERE tenant = ? AND store_id = ? AND number > ?
     ORDER BY number LIMIT ?`,
  );
  const redact = db.sql(
    `UPDATE memory_version SET path = NULL, content_hash = NULL, size_bytes = NULL,
       redacted_at = ?, redacted_by_kind = ?, redacted_by_id = ?
     WHERE tenant = ? AND store_id = ? AND id = ? AND redacted_at IS NULL`,
  );
  const naming = db.sql(
    `SELECT 1 FROM memory_version v JOIN store_revision r ON ${madeBy}
       JOIN memory_store s ON s.tenant = v.tenant AND s.id = v.store_id AND s.deleted = 0
     WHERE v.tenant = ? AND v.content_hash = ? LIMIT 1`,
  );

  const isThere = (tenant: string, storeId: string) => stores.find({ tenant, id: storeId }) !== null;
  const getVersion = (tenant: string, storeId: string, id: string): MemoryVersion | null =>
    isThere(tenant, storeId) ? history.findVersion(tenant, storeId, id) : null;

  return {
    switchHead: (request) => db.write(() => switchHead(stores, history, request)),

    putVersions: ({ tenant, storeId, commit, first, versions }) =>
      db.write(() => {
        const staged = versions.map((version, index) => ({
          ...version,
          number: first + index,
          actor: commit.actor,
          createdAt: commit.at,
          redactedAt: null,
          redactedBy: null,
        }));
        history.insertVersions({ tenant, storeId, commitId: commit.id }, staged);
      }),

    findRevision: ({ tenant, storeId, origin }) =>
      db.read(() => (isThere(tenant, storeId) ? history.findByOrigin(tenant, storeId, origin) : null)),

    listRevisions: ({ tenant, storeId, after, limit }) =>
      db.read(() =>
        isThere(tenant, storeId) ? revisions.all(tenant, storeId, after, limit).map(revisionFromRow) : [],
      ),

    getVersion: ({ tenant, storeId, id }) => db.read(() => getVersion(tenant, storeId, id)),

    listVersions: (query) => db.read(() => (isThere(query.tenant, query.storeId) ? listVersions(query) : [])),

    redactVersion: ({ tenant, storeId, id, by, now }) =>
      db.write(() => {
        if (getVersion(tenant, storeId, id) === null) return null;
        // Twins that a lost commit left under the same id say the same and are emptied with it.
        redact.run(now, by?.kind ?? null, by?.id ?? null, tenant, storeId, id);
        return history.findVersion(tenant, storeId, id);
      }),

    isContentNamed: ({ tenant, hash }) => db.read(() => naming.get(tenant, hash) !== undefined),
  };
}

/** The switch of `MemoryStores`; must run inside a write, where nobody else writes. */
function switchHead(
  stores: StoreTable,
  history: HistoryTable,
  { tenant, storeId, base, next, commit, evenArchived }: Parameters<MemoryStores["switchHead"]>[0],
): SwitchOutcome {
  const store = stores.find({ tenant, id: storeId });
  if (store === null) return { outcome: "moved", store };
  if (history.has(tenant, storeId, commit)) return { outcome: "switched", store };
  // Only what the store shows is compared, not how it came to: a head that is shown again is the same memories.
  const closed = store.archivedAt !== null && !evenArchived;
  if (store.head !== base || closed) return { outcome: "moved", store };
  const revision = store.revision + 1;
  const { id, origin, actor, at } = commit;
  const isNew = history.insertRevision(tenant, {
    storeId,
    number: revision,
    id,
    origin,
    base,
    next,
    actor,
    at,
  });
  assert(isNew, `revision ${revision} of memory store ${storeId} was there before its switch`);
  stores.showHead(store, next, revision);
  return { outcome: "switched", store: { ...store, head: next, revision } };
}
