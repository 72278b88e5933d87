/**
 * Whether what is stored is what a record says, gone on since: an import is repeated while agents write and dreams run, and
 * what they did with what was imported is no difference.
 */
import type { Dream } from "../../core/dream.ts";
import type { MemoryStore } from "../../core/memory.ts";
import type { MemoryVersion } from "../../core/memory-version.ts";
import type { Session } from "../../core/session.ts";
import type { ServiceDeps } from "../deps.ts";

/** A store that was written or renamed since. That it had the record's head is seen by the revision that followed. */
export async function storeWentOn(
  { memories }: Pick<ServiceDeps, "memories">,
  stored: MemoryStore,
  record: MemoryStore,
): Promise<boolean> {
  const { tenant, id, revision, edition } = record;
  if (stored.edition < edition || stored.revision < revision) return false;
  const { head, archivedAt, updatedAt, name, description, metadata, protectedPaths, origin } = record;
  const facts =
    stored.edition === edition
      ? {}
      : { archivedAt, updatedAt, name, description, metadata, protectedPaths, origin };
  if (!same({ ...stored, ...facts, edition, revision, head }, record)) return false;
  if (stored.revision === revision) return stored.head === head;
  const [next] = await memories.listRevisions({ tenant, storeId: id, after: revision, limit: 1 });
  return next?.number === revision + 1 && next.base === head;
}

/** A session to which something was appended, or whose title, tags or metadata were changed. */
export function sessionWentOn(stored: Session, record: Session): boolean {
  const { edition, lastEvent, updatedAt, title, tags, metadata, archivedAt } = record;
  if (stored.edition < edition || stored.updatedAt < updatedAt) return false;
  const facts = stored.edition === edition ? {} : { title, tags, metadata, archivedAt };
  return same({ ...stored, ...facts, edition, lastEvent, updatedAt }, record);
}

/** A version that was redacted since. */
export function versionWentOn(stored: MemoryVersion, record: MemoryVersion): boolean {
  if (stored.redactedAt === null || record.redactedAt !== null) return false;
  const { path, contentHash, sizeBytes, redactedAt, redactedBy } = record;
  return same({ ...stored, path, contentHash, sizeBytes, redactedAt, redactedBy }, record);
}

/** A dream that moved, whose events begin with those of the record; or whose events were told since. */
export function dreamWentOn(stored: Dream, record: Dream): boolean {
  if (stored.revision < record.revision) return false;
  const { live } = record;
  if (stored.revision === record.revision) return same({ ...stored, live }, record);
  const { id, type, model, instructions, inputs, outputBehavior, origin, createdAt } = stored;
  const facts = { id, type, model, instructions, inputs, outputBehavior, origin, createdAt };
  const events = stored.events.slice(0, record.events.length);
  return same({ ...record, ...facts, events }, record);
}

/** Equal as JSON, whatever the order of names. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The depth is that of the core's own types. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}
