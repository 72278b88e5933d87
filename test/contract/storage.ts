/** What every storage contract suite shares: the thing under test, and how a promise is registered as a test. */
import { expect, test } from "vitest";
import type { Dream } from "../../src/core/dream.ts";
import { applyMove, type Move } from "../../src/core/dream-transitions.ts";
import type { DreamStore } from "../../src/ports/dream-store.ts";
import type { MemoryStores } from "../../src/ports/memory-store.ts";
import type { Outbox } from "../../src/ports/outbox.ts";
import type { Restore } from "../../src/ports/restore.ts";
import type { SessionStore } from "../../src/ports/session-store.ts";
import type { Sweep } from "../../src/ports/sweep.ts";

/** All storage ports over one database that nobody else uses. */
export interface StorageUnderTest {
  readonly dreams: DreamStore;
  readonly outbox: Outbox;
  readonly memories: MemoryStores;
  readonly sessions: SessionStore;
  readonly sweep: Sweep;
  readonly restore: Restore;
  close(): Promise<void>;
}

/** Makes an empty, isolated storage; called once for each test. */
export type MakeStorage = () => Promise<StorageUnderTest>;

export interface ContractOptions {
  /** Tests this adapter cannot pass, by title; each needs a decision record. */
  readonly skip: readonly { readonly test: string; readonly reason: string }[];
}

/** Registers one promise of a port as a test. */
export type Promises = (title: string, body: (storage: StorageUnderTest) => Promise<void>) => void;

// A storage behind a slow server still ends well within this; it only bounds a hang.
const timeoutMs = 30_000;

/** Registers the tests of `describePromises`, and one that fails when a declared skip names none of them. */
export function registerPromises(
  make: MakeStorage,
  { skip }: ContractOptions,
  describePromises: (promises: Promises) => void,
): void {
  const titles = new Set<string>();
  describePromises((title, body) => {
    titles.add(title);
    const skipped = skip.find((entry) => entry.test === title);
    if (skipped !== undefined) {
      test.skip(`${title} (${skipped.reason})`, () => {});
      return;
    }
    test(
      title,
      async () => {
        const storage = await make();
        try {
          await body(storage);
        } finally {
          await storage.close();
        }
      },
      timeoutMs,
    );
  });
  if (skip.length > 0) {
    test("every declared skip names a test", () => {
      for (const entry of skip) expect([...titles]).toContain(entry.test);
    });
  }
}

/** Writes the dream and fails the test unless it was created. */
export async function mustCreate(dreams: DreamStore, dream: Dream): Promise<Dream> {
  const answer = await dreams.create(dream);
  expect(answer.outcome).toBe("created");
  return answer.outcome === "created" ? answer.dream : dream;
}

/** Makes the moves one after another on the stored dream and fails the test unless each is saved. */
export async function mustMove(dreams: DreamStore, from: Dream, ...moves: readonly Move[]): Promise<Dream> {
  let read = from;
  for (const move of moves) read = await mustSave(dreams, read, applyMove(read, move));
  return read;
}

/** Saves `next` over `read` and fails the test unless it is saved. */
export async function mustSave(dreams: DreamStore, read: Dream, next: Dream): Promise<Dream> {
  const answer = await dreams.save({ read, next, guardBeat: false });
  expect(answer.outcome).toBe("saved");
  return answer.outcome === "saved" ? answer.dream : next;
}

/** The dream as it is stored; fails the test when it is absent. */
export async function mustGet(dreams: DreamStore, key: Dream): Promise<Dream> {
  const dream = await dreams.get({ tenant: key.tenant, id: key.id });
  if (dream === null) throw new Error(`dream ${key.id} is not stored`);
  return dream;
}

/** How many answers have this outcome. */
export function countOutcome(answers: readonly { readonly outcome: string }[], outcome: string): number {
  return answers.filter((answer) => answer.outcome === outcome).length;
}
