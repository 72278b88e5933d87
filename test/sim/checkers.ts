/** What must be true of a world after it was healed and everything came to an end. */
import assert from "node:assert";
import { type Dream, isFinal } from "../../src/core/dream.ts";
import { canMove, type MoveName, transitions } from "../../src/core/dream-transitions.ts";
import type { World } from "./world.ts";

/** A dream as its client made it: what it was to read, and whether the create was answered. */
export interface Accepted {
  readonly id: string;
  readonly tenant: string;
  readonly storeId: string;
  readonly update: boolean;
  /** What the engine writes when it has read the frozen inputs. */
  readonly expected: string;
  /** Memories of the input store at create, for dreams that must not change it. */
  readonly before: Readonly<Record<string, string>>;
}

export async function checkDream(world: World, accepted: Accepted): Promise<Dream> {
  const dream = await world.deps.dreams.get(accepted);
  assert(dream !== null, `${accepted.id}: a dream that was answered exists`);
  assert(isFinal(dream), `${dream.id}: reaches a final status, is ${dream.status}`);
  checkWalk(dream);
  checkBus(world, dream);
  if (!accepted.update) {
    assert.deepEqual(
      await textsOf(world, accepted.tenant, accepted.storeId),
      accepted.before,
      `${dream.id}: the input store is unchanged`,
    );
  }
  if (accepted.update) {
    // Nobody but the dream writes /read.md, and nobody but the agent /agent.md.
    const { "/agent.md": _, ...shown } = await textsOf(world, accepted.tenant, accepted.storeId);
    const dreamt = dream.status === "completed" ? { "/read.md": accepted.expected } : {};
    assert.deepEqual(
      shown,
      { ...accepted.before, ...dreamt },
      `${dream.id}: the store it updates shows all of it when ${dream.status}`,
    );
  } else if (dream.status === "completed" && dream.ids !== null) {
    assert.deepEqual(
      await textsOf(world, accepted.tenant, dream.ids.outputStoreId),
      { ...accepted.before, "/read.md": accepted.expected },
      `${dream.id}: the output is one attempt's, whole`,
    );
  }
  return dream;
}

/** Each event is a move the table allows from where the one before ended, under consecutive numbers. */
function checkWalk(dream: Dream): void {
  let status: Dream["status"] = "pending";
  for (const [index, event] of dream.events.entries()) {
    assert.equal(event.number, index + 1, `${dream.id}: events are numbered without gap`);
    if (index === 0) {
      assert.equal(event.kind, "created");
      continue;
    }
    const names = Object.keys(transitions) as MoveName[];
    const name = names.find((one) => transitions[one].event === event.kind);
    assert(name !== undefined && canMove(status, name), `${dream.id}: ${event.kind} from ${status}`);
    assert.equal(event.from, status, `${dream.id}: ${event.kind} starts where the last move ended`);
    status = event.to;
  }
  assert.equal(status, dream.status, `${dream.id}: its events lead to its status`);
  const ends = dream.events.filter(
    (event) => event.kind === "completed" || event.kind === "failed" || event.kind === "canceled",
  );
  assert.equal(ends.length, 1, `${dream.id}: one end`);
}

/** Every event is on the bus; a reader that drops numbers at or below its last sees them in order without gap. */
function checkBus(world: World, dream: Dream): void {
  let last = 0;
  for (const message of world.bus.stored) {
    if (message.dreamId !== dream.id || message.event.number <= last) continue;
    assert.equal(message.event.number, last + 1, `${dream.id}: events reach the bus in order`);
    last = message.event.number;
    assert.deepEqual(
      message.event,
      dream.events[last - 1],
      `${dream.id}: the bus has the event as it is stored`,
    );
  }
  assert.equal(last, dream.seq, `${dream.id}: every event reached the bus`);
  assert.equal(dream.live.publishedTo, dream.seq);
}

export async function textsOf(
  world: World,
  tenant: string,
  storeId: string,
): Promise<Record<string, string>> {
  const store = await world.deps.memories.get({ tenant, id: storeId });
  assert(store !== null, `store ${storeId} exists`);
  const entries = await world.deps.heads.list(tenant, await world.deps.heads.load(tenant, store.head));
  const texts = await world.deps.memories.getContents({
    tenant,
    hashes: entries.map((entry) => entry.contentHash),
  });
  return Object.fromEntries(
    entries.map((entry) => [
      entry.path,
      texts.get(entry.contentHash) ?? assert.fail(`no text at ${entry.path}`),
    ]),
  );
}
