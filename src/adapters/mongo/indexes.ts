import type { IndexDescription } from "mongodb";

/** Finds the tombstones. */
const deleted: IndexDescription = {
  name: "deleted",
  key: { tenant: 1, _id: 1 },
  partialFilterExpression: { deleted: true },
};

/** Lets the sweep pass over what was put lately without reading its text. */
const untouched: IndexDescription = { name: "untouched", key: { _id: 1, touched_at: 1 } };

/**
 * Every index. Each unique one is part of a promise; each other one serves a query named in `indexes.test.ts`.
 * Names are given, so that a change of definition is a new name and not a conflict.
 */
export const indexes: Readonly<Record<string, readonly IndexDescription[]>> = {
  dreams: [
    {
      name: "one_active_dream_per_hold",
      key: { tenant: 1, holds: 1 },
      unique: true,
      partialFilterExpression: { holds: { $exists: true } },
    },
    {
      name: "one_dream_per_origin",
      key: { tenant: 1, origin: 1 },
      unique: true,
      partialFilterExpression: { origin: { $exists: true } },
    },
    {
      name: "pending_by_turn",
      key: { claim_key: 1, not_before: 1 },
      partialFilterExpression: { status: "pending" },
    },
    {
      name: "pending_by_due_time",
      key: { not_before: 1 },
      partialFilterExpression: { status: "pending" },
    },
    {
      name: "running_by_id",
      key: { dream_id: 1 },
      partialFilterExpression: { status: "running" },
    },
    {
      name: "unsent_by_age",
      key: { relay_due: 1, parked_until: 1 },
      partialFilterExpression: { relay_due: { $exists: true } },
    },
    { name: "newest", key: { tenant: 1, created_at: -1, _id: -1 } },
    { name: "newest_by_status", key: { tenant: 1, status: 1, created_at: -1, _id: -1 } },
    {
      name: "newest_by_store",
      key: { tenant: 1, "inputs.memory_store_id": 1, created_at: -1, _id: -1 },
    },
  ],
  memory_stores: [
    {
      name: "one_store_per_collection",
      key: {
        tenant: 1,
        "collection.workspace_id": 1,
        "collection.observer": 1,
        "collection.observed": 1,
      },
      unique: true,
      partialFilterExpression: { collection: { $exists: true } },
    },
    { name: "newest", key: { tenant: 1, created_at: -1, _id: -1 } },
    {
      name: "newest_revision_by_time",
      key: { tenant: 1, "last.at": 1, _id: 1 },
      partialFilterExpression: { "last.at": { $exists: true } },
    },
    {
      name: "newest_revision_by_origin",
      key: { tenant: 1, "last.origin": 1 },
      partialFilterExpression: { "last.origin": { $exists: true } },
    },
    deleted,
  ],
  store_revisions: [
    { name: "one_revision_per_commit", key: { tenant: 1, store_id: 1, commit_id: 1 }, unique: true },
    {
      name: "one_revision_per_origin",
      key: { tenant: 1, store_id: 1, origin: 1 },
      unique: true,
      partialFilterExpression: { origin: { $exists: true } },
    },
    {
      name: "by_origin",
      key: { tenant: 1, origin: 1 },
      partialFilterExpression: { origin: { $exists: true } },
    },
    { name: "oldest", key: { tenant: 1, at: 1, _id: 1 } },
  ],
  memory_versions: [
    { name: "by_commit", key: { tenant: 1, store_id: 1, commit_id: 1 } },
    { name: "by_version", key: { tenant: 1, store_id: 1, version_id: 1 } },
    { name: "by_memory", key: { tenant: 1, store_id: 1, memory_id: 1, _id: 1 } },
    {
      name: "by_content",
      key: { tenant: 1, content_hash: 1, _id: 1 },
      partialFilterExpression: { content_hash: { $exists: true } },
    },
    { name: "oldest", key: { tenant: 1, created_at: 1, _id: 1 } },
  ],
  memory_heads: [untouched],
  memory_buckets: [untouched],
  memory_contents: [untouched],
  dream_changes: [{ name: "by_place", key: { tenant: 1, dream_id: 1, attempt: 1, index: 1 } }],
  sessions: [
    { name: "newest", key: { tenant: 1, kind: 1, created_at: -1, _id: -1 } },
    {
      name: "newest_by_store",
      key: { tenant: 1, kind: 1, memory_store_ids: 1, created_at: -1, _id: -1 },
    },
    {
      name: "newest_by_workspace",
      key: { tenant: 1, kind: 1, workspace_id: 1, created_at: -1, _id: -1 },
    },
    { name: "newest_by_agent", key: { tenant: 1, kind: 1, agent_id: 1, created_at: -1, _id: -1 } },
    { name: "newest_by_tag", key: { tenant: 1, kind: 1, tags: 1, created_at: -1, _id: -1 } },
    deleted,
  ],
  session_batches: [{ name: "event_ids", key: { tenant: 1, session_id: 1, event_ids: 1 }, unique: true }],
};
