import { formatId, type IdPrefix, idRandomBytes } from "../core/ids.ts";
import type { ModelRoute } from "../core/model-map.ts";
import type { Clock } from "../ports/clock.ts";
import type { Digest } from "../ports/digest.ts";
import type { DreamStore } from "../ports/dream-store.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { MemoryStores } from "../ports/memory-store.ts";
import type { Random } from "../ports/random.ts";
import type { Restore } from "../ports/restore.ts";
import type { SessionStore } from "../ports/session-store.ts";
import type { Sweep } from "../ports/sweep.ts";
import type { Heads } from "./memories/heads.ts";

/** What use cases work with. Each names what it needs by `Pick`. */
export interface ServiceDeps {
  readonly dreams: DreamStore;
  readonly memories: MemoryStores;
  readonly sessions: SessionStore;
  readonly sweep: Sweep;
  readonly restore: Restore;
  readonly heads: Heads;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly random: Random;
  readonly digest: Digest;
}

export interface ServiceConfig {
  readonly models: readonly ModelRoute[];
}

export function newId(deps: { readonly random: Random }, prefix: IdPrefix, now: number): string {
  return formatId(prefix, now, deps.random.bytes(idRandomBytes));
}
