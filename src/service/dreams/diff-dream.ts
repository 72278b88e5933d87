import { protectedFlag, type RecordedChange, textRemovedFlag } from "../../core/change-set.ts";
import { pageSize } from "../../core/check.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import { unifiedDiff, wordDiff } from "../../core/text-diff.ts";
import type { ServiceDeps } from "../deps.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";
import { findDream } from "./get-dream.ts";

export interface DiffDreamRequest {
  readonly id: string;
  /** 0 for the default. */
  readonly pageSize: number;
  readonly pageToken: string;
  /** With the differences by words, which take some milliseconds each where texts have little in common; left out: without. */
  readonly includeWordDiff?: boolean;
}

export interface ShownChange {
  /** From 1. */
  readonly number: number;
  /** With the flag `text_removed` when a text was redacted or erased since. */
  readonly change: RecordedChange;
  /** Whether the output has it. */
  readonly applied: boolean;
  /** Both empty for a rename and when a text was removed; the latter also unless it was asked for. */
  readonly unifiedDiff: string;
  readonly wordDiff: string;
}

export interface DiffPage {
  readonly changes: readonly ShownChange[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** What a completed dream changed, by path, with reasons and sources; `failed_precondition` for any other dream. */
export type DiffDream = (principal: Principal, request: DiffDreamRequest) => Promise<DiffPage>;

type Deps = Pick<ServiceDeps, "dreams" | "memories" | "digest" | "clock">;

/** How long a page may work before others have their turn. */
const turnMs = 10;

export function createDiffDream(deps: Deps): DiffDream {
  return async (principal, request) => {
    const { tenant } = principal;
    const size = pageSize(request.pageSize, {
      default: limits.changesPageDefault,
      max: limits.changesPageMax,
    });
    const dream = await findDream(deps, principal, request.id);
    if (dream.status !== "completed") {
      throw new ReveriedError(
        "failed_precondition",
        `dream ${dream.id} is ${dream.status}; only a completed dream has a diff`,
        {
          details: { field: "id" },
        },
      );
    }
    const query = ["changes", tenant, dream.id];
    const first = decodePageToken(deps.digest, query, request.pageToken, { first: "number" })?.first ?? 0;
    const found = await deps.memories.listChanges({
      tenant,
      dreamId: dream.id,
      attempt: dream.attempt,
      first,
      limit: size + 1,
    });
    const changes = await showChanges(
      deps,
      tenant,
      found.slice(0, size),
      first,
      request.includeWordDiff === true,
    );
    const isLast = found.length <= changes.length;
    return {
      changes,
      nextPageToken: isLast ? "" : encodePageToken(deps.digest, query, { first: first + changes.length }),
    };
  };
}

/** The changes with their differences, as many from the first on as a page may hold. */
async function showChanges(
  deps: Deps,
  tenant: string,
  changes: readonly RecordedChange[],
  first: number,
  words: boolean,
): Promise<ShownChange[]> {
  const shown: ShownChange[] = [];
  let bytes = 0;
  let turnBegan = deps.clock.monotonic();
  for (const change of changes) {
    // One by one: two texts of 100 kB for each of 200 changes would be 40 MB at once.
    const texts = await deps.memories.getContents({ tenant, hashes: hashesOf(change) });
    if (deps.clock.monotonic() - turnBegan > turnMs) {
      await deps.clock.nextTurn();
      turnBegan = deps.clock.monotonic();
    }
    const one = showChange(change, first + shown.length + 1, texts, words);
    bytes += 2 * (one.unifiedDiff.length + one.wordDiff.length) + JSON.stringify(change.edits).length;
    if (shown.length > 0 && bytes > limits.changesPageBytes) break;
    shown.push(one);
  }
  return shown;
}

function showChange(
  change: RecordedChange,
  number: number,
  texts: ReadonlyMap<string, string>,
  words: boolean,
): ShownChange {
  const applied = !change.conflict && !change.flags.includes(protectedFlag);
  const removed = change.flags.includes(textRemovedFlag) || hashesOf(change).some((hash) => !texts.has(hash));
  const flags = removed ? [...new Set([...change.flags, textRemovedFlag])] : change.flags;
  const told = { number, change: { ...change, flags }, applied };
  if (change.kind === "rename" || removed) return { ...told, unifiedDiff: "", wordDiff: "" };
  const [before, after] = [change.beforeHash, change.afterHash].map((hash) =>
    hash === null ? "" : (texts.get(hash) ?? ""),
  );
  return {
    ...told,
    unifiedDiff: unifiedDiff(before ?? "", after ?? ""),
    wordDiff: words && before && after ? wordDiff(before, after) : "",
  };
}

function hashesOf(change: RecordedChange): string[] {
  return [change.beforeHash, change.afterHash].filter((hash) => hash !== null);
}
