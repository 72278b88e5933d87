import { ReveriedError } from "../../core/errors.ts";
import type { ServiceDeps } from "../deps.ts";

/** Reads texts by hash and answers with a look-up. A text that something names and nobody has is damage: `internal`. */
export async function readTexts(
  deps: Pick<ServiceDeps, "memories">,
  tenant: string,
  hashes: readonly string[],
): Promise<(hash: string) => string> {
  const texts = await deps.memories.getContents({ tenant, hashes: [...new Set(hashes)] });
  return (hash) => {
    const text = texts.get(hash);
    if (text === undefined)
      throw new ReveriedError("internal", `the text with hash ${hash} is missing from the storage`);
    return text;
  };
}
