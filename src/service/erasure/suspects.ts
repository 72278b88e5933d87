import { type Erasing, eraseText } from "../../core/erasure.ts";

/** Which texts may lose words in any lineage: most may in none, and are not looked at again. */
export interface Suspects {
  /** False once the text is known to lose nothing, whatever stays and whichever memories go. */
  mayLose(hash: string): boolean;
  /** Looks at the text; answers as `mayLose` does from then on. */
  look(hash: string, text: string): boolean;
}

/** `widest` takes out whatever any lineage might. */
export function createSuspects(widest: Omit<Erasing, "isGone" | "rewordings">): Suspects {
  const known = new Map<string, boolean>();
  const erasing: Erasing = { ...widest, rewordings: new Map(), isGone: () => true };
  return {
    mayLose: (hash) => known.get(hash) ?? true,
    look(hash, text) {
      const before = known.get(hash);
      if (before !== undefined) return before;
      const may = eraseText(text, "/", erasing).lines > 0;
      known.set(hash, may);
      return may;
    },
  };
}
