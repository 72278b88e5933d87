import { ReveriedError } from "../../core/errors.ts";
import { configureDatabase, type Database } from "./database.ts";
import { isForeignFile } from "./errors.ts";

/** "rvrd": tells a database of reveried from every other SQLite file. */
const applicationId = 0x72767264;

/** Each entry leads from the version before to the next. An entry that was released is never edited. */
const migrations: readonly string[] = [
  `
  CREATE TABLE dream (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    seq INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    memory_store_id TEXT NOT NULL,
    origin TEXT,
    claim_key INTEGER NOT NULL,
    not_before INTEGER, -- set while the dream may be claimed from then on
    unsent_since INTEGER, -- time of the first unsent event; null when all were published
    parked_until INTEGER NOT NULL DEFAULT 0,
    beat INTEGER NOT NULL,
    published_to INTEGER NOT NULL,
    progress TEXT, -- JSON
    usage TEXT NOT NULL, -- JSON, one entry an attempt
    state TEXT NOT NULL -- JSON of the dream without its live fields
  ) STRICT;
  CREATE UNIQUE INDEX dream_by_id ON dream (tenant, id);
  CREATE UNIQUE INDEX dream_by_origin ON dream (tenant, origin) WHERE origin IS NOT NULL;
  CREATE INDEX dream_by_time ON dream (tenant, created_at, id, archived_at);
  CREATE INDEX dream_by_status ON dream (tenant, status, created_at, id, archived_at);
  CREATE INDEX dream_by_store ON dream (tenant, memory_store_id, created_at, id, archived_at, status);
  CREATE INDEX dream_claimable ON dream (claim_key, not_before) WHERE not_before IS NOT NULL;
  CREATE INDEX dream_due ON dream (not_before) WHERE not_before > 0;
  CREATE INDEX dream_running ON dream (id) WHERE status = 'running';
  CREATE INDEX dream_unsent ON dream (unsent_since, parked_until) WHERE unsent_since IS NOT NULL;

  CREATE TABLE hold (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    dream_id TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;

  -- The claim key last given to a tenant, and the one last claimed by anybody: see claim_key.
  CREATE TABLE claim_place (tenant TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE claim_floor (one INTEGER PRIMARY KEY CHECK (one = 1), floor INTEGER NOT NULL) STRICT;
  INSERT INTO claim_floor VALUES (1, 0);

  CREATE TABLE memory_store (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    metadata TEXT NOT NULL, -- JSON
    workspace_id TEXT, -- this and the next two are set for a collection
    observer TEXT,
    observed TEXT,
    head TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    archived_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX memory_store_by_id ON memory_store (tenant, id);
  CREATE UNIQUE INDEX memory_store_by_collection ON memory_store (tenant, workspace_id, observer, observed)
    WHERE workspace_id IS NOT NULL;
  CREATE INDEX memory_store_by_time ON memory_store (tenant, created_at, id, archived_at);

  CREATE TABLE head (
    tenant TEXT NOT NULL,
    hash TEXT NOT NULL,
    buckets TEXT NOT NULL, -- JSON
    entry_count INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX head_by_hash ON head (tenant, hash);
  CREATE TABLE bucket (
    tenant TEXT NOT NULL,
    hash TEXT NOT NULL,
    entries TEXT NOT NULL, -- JSON
    touched_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX bucket_by_hash ON bucket (tenant, hash);
  CREATE TABLE content (
    tenant TEXT NOT NULL,
    hash TEXT NOT NULL,
    text TEXT NOT NULL,
    touched_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX content_by_hash ON content (tenant, hash);
  CREATE TABLE change (
    tenant TEXT NOT NULL,
    dream_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL -- JSON
  ) STRICT;
  CREATE UNIQUE INDEX change_by_number ON change (tenant, dream_id, attempt, number);

  CREATE TABLE session (
    session_key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    dream_id TEXT,
    title TEXT NOT NULL,
    agent_id TEXT,
    workspace_id TEXT,
    memory_store_ids TEXT NOT NULL, -- JSON
    tags TEXT NOT NULL, -- JSON
    metadata TEXT NOT NULL, -- JSON
    last_event INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    archived_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX session_by_id ON session (tenant, id);
  CREATE INDEX session_by_time ON session (tenant, kind, created_at, id, archived_at);
  CREATE INDEX session_by_workspace ON session (tenant, kind, workspace_id, created_at, id)
    WHERE workspace_id IS NOT NULL;
  CREATE INDEX session_by_agent ON session (tenant, kind, agent_id, created_at, id) WHERE agent_id IS NOT NULL;
  -- The stores and tags of a session, to list by.
  CREATE TABLE session_label (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL, -- store or tag
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    session_key INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, label, created_at, session_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE session_event (
    session_key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    speaker TEXT NOT NULL,
    trust TEXT NOT NULL,
    blocks TEXT NOT NULL, -- JSON
    at REAL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX session_event_by_number ON session_event (session_key, number);
  CREATE UNIQUE INDEX session_event_by_id ON session_event (session_key, id);
  `,
  `
  -- A deleted store or session is a row that says so and nothing else, until the sweeper has removed all that hangs on it.
  ALTER TABLE memory_store ADD COLUMN protected_paths TEXT NOT NULL DEFAULT '[]'; -- JSON
  ALTER TABLE memory_store ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE memory_store ADD COLUMN edition INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE memory_store ADD COLUMN origin_store_id TEXT;
  ALTER TABLE memory_store ADD COLUMN origin_head TEXT; -- null for a store that began with nothing
  ALTER TABLE memory_store ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
  UPDATE memory_store SET origin_head = head;
  DROP INDEX memory_store_by_time;
  CREATE INDEX memory_store_by_time ON memory_store (tenant, created_at, id, archived_at) WHERE deleted = 0;
  CREATE INDEX memory_store_deleted ON memory_store (tenant, id) WHERE deleted = 1;

  CREATE TABLE store_revision (
    revision_key INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    store_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    origin TEXT,
    base TEXT NOT NULL,
    next TEXT NOT NULL,
    actor_kind TEXT,
    actor_id TEXT,
    at INTEGER NOT NULL,
    is_empty INTEGER NOT NULL -- 1 while no version of its commit is stored
  ) STRICT;
  CREATE UNIQUE INDEX store_revision_by_number ON store_revision (tenant, store_id, number);
  CREATE UNIQUE INDEX store_revision_by_commit ON store_revision (tenant, store_id, commit_id);
  CREATE UNIQUE INDEX store_revision_by_origin ON store_revision (tenant, origin, store_id) WHERE origin IS NOT NULL;
  CREATE INDEX store_revision_by_time ON store_revision (tenant, at);
  CREATE INDEX store_revision_empty ON store_revision (tenant, at) WHERE is_empty = 1;

  -- Versions are staged before the revision of their commit; those without one are shown to nobody. No key is given
  -- twice, because a sweep deletes by keys that it read a while ago.
  CREATE TABLE memory_version (
    version_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    store_id TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    memory_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    path TEXT, -- this and the next two are null when redacted
    content_hash TEXT,
    size_bytes INTEGER,
    version INTEGER NOT NULL,
    actor_kind TEXT,
    actor_id TEXT,
    created_at INTEGER NOT NULL,
    redacted_at INTEGER,
    redacted_by_kind TEXT,
    redacted_by_id TEXT
  ) STRICT;
  CREATE UNIQUE INDEX memory_version_by_commit ON memory_version (tenant, store_id, commit_id, number);
  CREATE INDEX memory_version_by_id ON memory_version (tenant, store_id, id);
  CREATE INDEX memory_version_by_memory ON memory_version (tenant, store_id, memory_id);
  CREATE INDEX memory_version_by_content ON memory_version (tenant, content_hash) WHERE content_hash IS NOT NULL;
  CREATE INDEX memory_version_by_time ON memory_version (tenant, created_at);

  -- The sweep reads these instead of the rows, whose long texts come before the time.
  CREATE INDEX head_by_touch ON head (tenant, hash, touched_at);
  CREATE INDEX bucket_by_touch ON bucket (tenant, hash, touched_at);
  CREATE INDEX content_by_touch ON content (tenant, hash, touched_at);

  ALTER TABLE session ADD COLUMN edition INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE session ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
  DROP INDEX session_by_time;
  CREATE INDEX session_by_time ON session (tenant, kind, created_at, id, archived_at) WHERE deleted = 0;
  CREATE INDEX session_deleted ON session (tenant, id) WHERE deleted = 1;
  `,
];

/**
 * Brings the database to the version of this program, each step whole or not at all. Throws `failed_precondition`,
 * with the file as it was, when a newer reveried wrote it or when it is not a database of reveried. Answers with the
 * version found, 0 for an empty database, and the version now.
 */
export function migrate(database: Database): { readonly from: number; readonly to: number } {
  const version = knownVersion(database);
  configureDatabase(database);
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    database.execute(`
      BEGIN IMMEDIATE;
      ${step}
      PRAGMA application_id = ${applicationId};
      PRAGMA user_version = ${index + 1};
      COMMIT;`);
  }
  return { from: version, to: migrations.length };
}

/** The version the file has, 0 for an empty one. */
function knownVersion(database: Database): number {
  const version = ownVersion(database);
  if (version > migrations.length) {
    throw new ReveriedError(
      "failed_precondition",
      `${database.file} was written by a newer reveried (data version ${version}, this one knows ${migrations.length}); ` +
        "use that reveried or a newer one",
    );
  }
  return version;
}

function ownVersion(database: Database): number {
  const foreign = new ReveriedError(
    "failed_precondition",
    `${database.file} is not a database of reveried; move it away, or use another data folder`,
  );
  try {
    const version = readPragma(database, "user_version");
    const owner = readPragma(database, "application_id");
    const isEmpty = database.sql("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
    if (owner !== applicationId && !(isEmpty && owner === 0 && version === 0)) throw foreign;
    return version;
  } catch (error) {
    throw isForeignFile(error) ? foreign : error;
  }
}

function readPragma(database: Database, name: string): number {
  const value = database.sql(`PRAGMA ${name}`).get()?.[name];
  return typeof value === "number" ? value : 0;
}
