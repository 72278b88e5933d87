import type { RecordedChange } from "../../core/change-set.ts";
import { pageSize } from "../../core/check.ts";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import { unifiedDiff } from "../../core/text-diff.ts";
import type { ServiceDeps } from "../deps.ts";
import { readTexts } from "../memories/texts.ts";
import { decodePageToken, encodePageToken } from "../page-token.ts";
import { findDream } from "./get-dream.ts";

export interface DiffDreamRequest {
  readonly id: string;
  /** 0 for the default. */
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface ShownChange {
  /** From 1. */
  readonly number: number;
  readonly change: RecordedChange;
  readonly unifiedDiff: string;
}

export interface DiffPage {
  readonly changes: readonly ShownChange[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** What a completed dream changed, by path, with reasons and sources; `failed_precondition` for any other dream. */
export type DiffDream = (principal: Principal, request: DiffDreamRequest) => Promise<DiffPage>;

export function createDiffDream(deps: Pick<ServiceDeps, "dreams" | "memories" | "digest">): DiffDream {
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
    const page = found.slice(0, size);
    const textOf = await readTexts(deps, tenant, page.flatMap(hashesOf));
    const text = (hash: string | null) => (hash === null ? "" : textOf(hash));
    return {
      changes: page.map((change, index) => ({
        number: first + index + 1,
        change,
        unifiedDiff:
          change.kind === "rename" ? "" : unifiedDiff(text(change.beforeHash), text(change.afterHash)),
      })),
      nextPageToken: found.length > size ? encodePageToken(deps.digest, query, { first: first + size }) : "",
    };
  };
}

function hashesOf(change: RecordedChange): string[] {
  return [change.beforeHash, change.afterHash].filter((hash) => hash !== null);
}
