import type { SkippedFile } from "./files/notes.ts";
import { count } from "./output.ts";

/** Lines about what was skipped that are kept one by one. */
const linesMax = 20;

/** What was left out of files, in lines for people: the first ones, and how many more there are. */
export interface SkippedLines {
  add(line: string): void;
  addFile(skipped: SkippedFile): void;
  lines(): readonly string[];
}

export function createSkippedLines(): SkippedLines {
  const kept: string[] = [];
  let unlisted = 0;
  const add = (line: string) => {
    if (kept.length < linesMax) kept.push(line);
    else unlisted += 1;
  };
  return {
    add,
    addFile({ file, reason }) {
      // Hidden files are nobody's notes, and every folder has some.
      if (reason !== "hidden") add(`${file}: ${reason}`);
    },
    lines: () => (unlisted === 0 ? kept : [...kept, count(unlisted, "more entry", "more entries")]),
  };
}
