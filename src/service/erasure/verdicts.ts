import { type Erasing, eraseText } from "../../core/erasure.ts";
import { type ReadDeps, readEach } from "./read-each.ts";
import type { Suspects } from "./suspects.ts";

/** Which texts of the storage hold words that go. Each is read once. */
export interface Verdicts {
  /** Of these, the hashes of texts that do; a text that is gone does not. */
  among(
    texts: readonly { readonly contentHash: string | null; readonly path: string | null }[],
  ): Promise<ReadonlySet<string>>;
}

export function createVerdicts(
  deps: ReadDeps,
  tenant: string,
  erasing: Erasing,
  suspects: Suspects,
): Verdicts {
  const known = new Map<string, boolean>();

  async function judge(paths: ReadonlyMap<string, string>): Promise<void> {
    const unread = [...paths].map(([contentHash, path]) => ({ contentHash, path }));
    for await (const { of, text } of readEach(deps, tenant, unread)) {
      const may = text !== null && suspects.look(of.contentHash, text);
      known.set(of.contentHash, may && eraseText(text, of.path, erasing).lines > 0);
    }
  }

  return {
    async among(texts) {
      const unknown = new Map<string, string>();
      for (const { contentHash, path } of texts) {
        if (contentHash === null || known.has(contentHash)) continue;
        if (suspects.mayLose(contentHash)) unknown.set(contentHash, path ?? "");
      }
      await judge(unknown);
      return new Set(
        texts.flatMap(({ contentHash }) =>
          contentHash !== null && known.get(contentHash) === true ? [contentHash] : [],
        ),
      );
    },
  };
}
