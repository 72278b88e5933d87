import type { NewSessionEvent, Session, SessionEvent, SessionKind } from "../core/session.ts";

export interface SessionFilter {
  readonly kind: SessionKind;
  readonly includeArchived: boolean;
  /** null for any. */
  readonly workspaceId: string | null;
  readonly memoryStoreId: string | null;
  readonly agentId: string | null;
  readonly tag: string | null;
}

export interface SessionPosition {
  readonly createdAt: number;
  readonly id: string;
}

/**
 * Sessions and their transcripts. Everywhere: every call names the tenant, and another tenant's sessions are as good
 * as absent. An unreachable storage must throw `unavailable`. Calls may be repeated after a lost answer.
 */
export interface SessionStore {
  /** The same id again is the same session, unchanged. */
  create(session: Session): Promise<Session>;

  get(key: { readonly tenant: string; readonly id: string }): Promise<Session | null>;

  /** Those of the ids that exist, in any order. */
  getMany(key: { readonly tenant: string; readonly ids: readonly string[] }): Promise<Session[]>;

  /** Newest first; equal times by id, descending. */
  list(query: {
    readonly tenant: string;
    readonly filter: SessionFilter;
    readonly after: SessionPosition | null;
    readonly limit: number;
  }): Promise<Session[]>;

  /**
   * Must append all events under consecutive numbers after the last, or none. Batches of racing writers do not mix
   * and lose nothing. The same event ids again answer with the events as they were stored first.
   * Answers null when the session is absent or archived.
   */
  append(request: {
    readonly tenant: string;
    readonly sessionId: string;
    readonly events: readonly NewSessionEvent[];
    readonly now: number;
  }): Promise<SessionEvent[] | null>;

  /** Events with `after` < number ≤ `upTo`, ascending. Every number up to the session's `lastEvent` is there. */
  readEvents(query: {
    readonly tenant: string;
    readonly sessionId: string;
    readonly after: number;
    readonly upTo: number;
    readonly limit: number;
  }): Promise<SessionEvent[]>;

  /** How many conversations the tenant has, archived ones too; counts no further than `max`. */
  count(query: { readonly tenant: string; readonly max: number }): Promise<number>;

  /**
   * Must write title, tags and metadata of `next` in place of `read` only while the stored one has the edition of
   * `read`; events and their number stay as they are stored. `next` must have the next edition. One that is stored
   * already is `saved`; null when the session is gone.
   */
  save(write: {
    readonly read: Session;
    readonly next: Session;
  }): Promise<{ readonly outcome: "saved" | "stale"; readonly session: Session | null }>;

  /**
   * The session is absent from then on, for every call of this port, its events too. Its rows are removed by
   * `Sweep.removeSession`. False when there was none.
   */
  delete(key: { readonly tenant: string; readonly id: string }): Promise<boolean>;

  /** Sets `archivedAt` unless it is set; answers with the session, or null. */
  archive(request: {
    readonly tenant: string;
    readonly id: string;
    readonly now: number;
  }): Promise<Session | null>;
}
