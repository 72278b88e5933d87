import type { Dream } from "../core/dream.ts";
import type { MemoryStore } from "../core/memory.ts";
import type { MemoryVersion, StoreRevision } from "../core/memory-version.ts";
import type { Session, SessionEvent } from "../core/session.ts";

/** `differs`: a thing of that id is there and is not the same; nothing was written. */
export type RestoreOutcome = "written" | "present" | "differs";

/**
 * Writes things exactly as another storage of reveried had them, ids, numbers and times included. What is there
 * already and equal is `present`. Parts and changes have their own puts in `MemoryStores`.
 */
export interface Restore {
  /** With its head, revision and origin. A collection that another store has is `differs`. */
  store(store: MemoryStore): Promise<RestoreOutcome>;
  /** Revisions of a store must come before its versions. */
  revision(request: { readonly tenant: string; readonly revision: StoreRevision }): Promise<RestoreOutcome>;
  version(request: { readonly tenant: string; readonly version: MemoryVersion }): Promise<RestoreOutcome>;
  /** Without events: `lastEvent` is 0 until they are written, and is no part of the comparison. */
  session(session: Session): Promise<RestoreOutcome>;
  /** Consecutive events of one session that is there, next after the last or already present; raises its `lastEvent`. */
  events(request: {
    readonly tenant: string;
    readonly sessionId: string;
    readonly events: readonly SessionEvent[];
  }): Promise<RestoreOutcome>;
  /**
   * With its live fields, which move on from then and are no part of the comparison; what was published is not published
   * again. Its holds are taken; one that another has is `differs`.
   */
  dream(dream: Dream): Promise<RestoreOutcome>;
}
