/** A dream with what it still needs and what it changed as records. */
import type { RecordedChange } from "../../core/change-set.ts";
import { type Dream, isFinal } from "../../core/dream.ts";
import type { DreamFilter } from "../../ports/dream-store.ts";
import type { ServiceDeps } from "../deps.ts";
import { exportHead, startOfHead } from "./export-heads.ts";
import { type ExportStep, placed, type Records } from "./export-step.ts";
import type { TransferRecord } from "./records.ts";
import type { SentHeads } from "./sent-heads.ts";

const changesPage = 32;

/** The parts of a dream's export, in order; each place begins with one of them, a head by its index first. */
const parts = { heads: 0, dream: 1, changes: 2 } as const;
/** Of a change: which attempt, its index, and how many of its two texts and itself are sent. */
const changeDone = 3;

type Deps = Pick<ServiceDeps, "dreams" | "memories" | "digest">;

interface Run {
  readonly deps: Deps;
  readonly tenant: string;
  readonly sent: SentHeads;
  readonly dream: Dream;
}

const everyDream: DreamFilter = {
  statuses: [],
  includeArchived: true,
  createdAfter: null,
  createdBefore: null,
  memoryStoreId: null,
};

/** Dreams as they are: one that runs goes on running where it is imported, until the reaper there gives it back. */
export function dreamsStep(deps: Deps, tenant: string, sent: SentHeads): ExportStep<Dream> {
  return {
    list: (after, limit) => deps.dreams.list({ tenant, filter: everyDream, after, limit }),
    get: (id) => deps.dreams.get({ tenant, id }),
    begin: (dream) => exportDream({ deps, tenant, sent, dream }, []),
    goOn(dream, { mark, at }) {
      // Behind the dream itself only changes follow, which an attempt keeps.
      const goesOn = at[0] === parts.changes || mark === markOf(dream);
      return exportDream({ deps, tenant, sent, dream }, goesOn ? at : []);
    },
  };
}

function markOf({ revision }: Dream): string {
  return String(revision);
}

async function* exportDream(run: Run, at: readonly number[]): Records {
  const { deps, tenant, sent, dream } = run;
  const [part = 0, first = 0, bucket = 0, entry = 0] = at;
  const mark = markOf(dream);
  if (part === parts.heads) {
    for (const [index, hash] of neededHeads(dream).entries()) {
      if (index < first) continue;
      const place = index === first ? { bucket, entry } : startOfHead;
      const records = exportHead(deps, tenant, sent, hash, "kept", place);
      yield* placed(records, mark, (place) => [parts.heads, index, place.bucket, place.entry]);
    }
  }
  if (part !== parts.changes) {
    const { tenant: _, ...value } = dream;
    const record: TransferRecord = { kind: "dream", value };
    yield { record, mark, at: [parts.changes, shownAttempt(dream)] };
    yield* exportChanges(run, shownAttempt(dream), 0, 0);
  } else {
    const [, attempt = 0, index = 0, done = 0] = at;
    yield* exportChanges(run, attempt, index, done);
  }
}

/** Heads that another attempt, or whoever finishes the dream, has to read. */
function neededHeads(dream: Dream): readonly string[] {
  if (isFinal(dream)) return [];
  const { frozen, commit } = dream;
  return [frozen?.head, commit?.base, commit?.next].filter((hash) => hash !== undefined);
}

/** The attempt whose changes are shown, or are needed to finish the dream; 0 for none. */
function shownAttempt(dream: Dream): number {
  return dream.status === "completed" || (!isFinal(dream) && dream.commit !== null) ? dream.attempt : 0;
}

/** Changes of an attempt in order, each after what is still there of its texts. */
async function* exportChanges(run: Run, attempt: number, index: number, done: number): Records {
  if (attempt === 0) return;
  const { deps, tenant, dream } = run;
  const mark = markOf(dream);
  for (let first = done === changeDone ? index + 1 : index; ; ) {
    const request = { tenant, dreamId: dream.id, attempt, first, limit: changesPage };
    const page = await deps.memories.listChanges(request);
    const texts = await deps.memories.getContents({ tenant, hashes: [...new Set(page.flatMap(hashesOf))] });
    for (const [offset, change] of page.entries()) {
      const number = first + offset;
      const place = (sent: number) => [parts.changes, attempt, number, sent];
      for (const [which, hash] of hashesOf(change).entries()) {
        const text = texts.get(hash);
        if (text === undefined || (number === index && which < done)) continue;
        yield { record: { kind: "content", value: { hash, text } }, mark, at: place(which + 1) };
      }
      const record: TransferRecord = {
        kind: "change",
        value: { dreamId: dream.id, attempt, index: number, change },
      };
      yield { record, mark, at: place(changeDone) };
    }
    if (page.length < changesPage) return;
    first += page.length;
  }
}

/** The texts before and after, once when they are the same. */
function hashesOf({ beforeHash, afterHash }: RecordedChange): string[] {
  return [...new Set([beforeHash, afterHash])].filter((hash) => hash !== null);
}
